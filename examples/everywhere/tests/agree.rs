//! The transcript depends on the seed and on nothing else.

use zokio::runtime::{Builder, Runtime};

fn transcript(runtime: &Runtime, seed: u32) -> String {
    let mut out = String::new();
    runtime.block_on(zokio_everywhere::program(seed, &mut out)).expect("a string takes everything");
    out
}

#[test]
fn runtimes_agree_on_every_seed() {
    let one = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let many = Builder::new_multi_thread().worker_threads(4).enable_all().build().expect("a runtime");
    let mut before = String::new();
    for seed in (0..20_u32).map(|step| step.wrapping_mul(0x9e37_79b9)) {
        let expected = transcript(&one, seed);
        assert_eq!(transcript(&many, seed), expected, "seed {seed}");
        assert_ne!(expected, before, "the seed matters");
        assert!(expected.contains("early false"), "{expected}");
        before = expected;
    }
}
