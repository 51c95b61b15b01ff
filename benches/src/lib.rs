#![forbid(unsafe_code)]
//! What the programs of this package share: the runtimes behind one trait, samples, the table of them.

pub mod measure;
pub mod report;
pub mod rivals;
pub mod sample;
