use super::Flag;

#[cfg(loom)]
mod models {
    use super::super::Held;
    use super::Flag;
    use crate::atomic::UnsafeCell;
    use loom::sync::Arc;
    use loom::thread;

    struct Guarded {
        flag: Flag,
        value: UnsafeCell<usize>,
    }

    /// Tries once: who waits does no other thing until it wins, and a model does not wait.
    fn add(guarded: &Guarded) -> usize {
        if !guarded.flag.raise() {
            return 0;
        }
        let _held = Held(&guarded.flag.0);
        // SAFETY: the flag is up.
        guarded.value.with_mut(|value| unsafe { *value += 1 });
        1
    }

    // Mutant: core/src/lock/flag.rs :: !self.0.swap(true, Ordering::Acquire) => !self.0.swap(true, Ordering::Relaxed)
    // Mutant: core/src/lock/flag.rs :: self.0.store(false, Ordering::Release); => self.0.store(false, Ordering::Relaxed);
    // Mutant: core/src/lock/flag.rs :: !self.0.swap(true, Ordering::Acquire) => true
    #[test]
    fn loom_one_at_a_time_has_it_up_and_sees_what_was_done() {
        loom::model(|| {
            let guarded = Arc::new(Guarded { flag: Flag::new(), value: UnsafeCell::new(0) });
            let other = guarded.clone();
            let thread = thread::spawn(move || add(&other) + add(&other));
            let mut added = add(&guarded);
            added += thread.join().unwrap();
            // SAFETY: all others are done.
            assert_eq!(guarded.value.with(|value| unsafe { *value }), added);
        });
    }
}

#[cfg(not(loom))]
mod single {
    use super::Flag;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    // Mutant: core/src/lock/flag.rs :: looks = looks.saturating_add(1); => let _ = &mut looks;
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
}
