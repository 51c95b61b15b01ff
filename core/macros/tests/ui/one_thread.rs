//! Without feature `rt-multi-thread` of zokio.

#[zokio_macros::main]
//~^ 1 a runtime of many threads needs zokio's feature `rt-multi-thread` (`std` has it): turn it on, or use `#[zokio::main(flavor = "current_thread")]`
async fn main() {}

#[zokio_macros::test(flavor = "multi_thread")]
//~^ 31 turn it on, or use `#[zokio::test(flavor = "current_thread")]`
async fn workers() {}
