use super::Flag;
use std::panic::{AssertUnwindSafe, catch_unwind};

// Mutant: core/src/lock/flag.rs :: looks.saturating_add(1) => looks.saturating_add(2)
#[test]
fn who_waits_counts_its_looks() {
    let flag = Flag::new();
    let mut held = Some(flag.take(|_| unreachable!("nobody has it up")));
    let mut told = std::vec::Vec::new();
    drop(flag.take(|looks| {
        told.push(looks);
        if looks == 3 {
            held = None;
        }
        assert!(told.len() < 10, "it is not told how often it looked");
    }));
    assert_eq!(told, [0, 1, 2, 3]);
}

#[test]
fn a_panic_lowers_it() {
    let flag = Flag::new();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _held = flag.take(|_| unreachable!("nobody has it up"));
        panic!("inside");
    }));
    assert!(panicked.is_err());
    drop(flag.take(|_| panic!("it is still up")));
}
