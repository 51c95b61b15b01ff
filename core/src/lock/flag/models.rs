use super::{Bell, Flag, Held};
use crate::atomic::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

/// Nobody waits in a model.
struct Nowhere;

impl Bell for Nowhere {
    fn ring(&self) {}
}

struct Guarded {
    flag: Flag<Nowhere>,
    value: UnsafeCell<usize>,
}

/// Tries once: who waits does no other thing until it wins, and a model does not wait.
fn add(guarded: &Guarded) -> usize {
    if !guarded.flag.raise() {
        return 0;
    }
    let _held = Held(&guarded.flag);
    // SAFETY: the flag is up.
    guarded.value.with_mut(|value| unsafe { *value += 1 });
    1
}

// Mutant: core/src/lock/flag.rs :: self.up.swap(1, Ordering::Acquire) == 0 => self.up.swap(1, Ordering::Relaxed) == 0
// Mutant: core/src/lock/flag.rs :: self.0.up.store(0, Ordering::Release); => self.0.up.store(0, Ordering::Relaxed);
// Mutant: core/src/lock/flag.rs :: self.up.swap(1, Ordering::Acquire) == 0 => true
#[test]
fn loom_one_at_a_time_has_it_up_and_sees_what_was_done() {
    loom::model(|| {
        let guarded = Arc::new(Guarded { flag: Flag::new(Nowhere), value: UnsafeCell::new(0) });
        let other = guarded.clone();
        let thread = thread::spawn(move || add(&other) + add(&other));
        let mut added = add(&guarded);
        added += thread.join().unwrap();
        // SAFETY: all others are done.
        assert_eq!(guarded.value.with(|value| unsafe { *value }), added);
    });
}
