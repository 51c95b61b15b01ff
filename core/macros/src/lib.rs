//! `#[zokio::main]` and `#[zokio::test]`.
