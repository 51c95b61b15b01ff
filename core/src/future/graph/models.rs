//! An output that is looked for on another thread.

use std::sync::Arc;

use loom::thread;

use super::Slot;

/// It is there whole, or not yet.
// Mutant: core/src/future/graph/slot.rs :: self.state.store(SET, Ordering::Release); => self.state.store(SET, Ordering::Relaxed);
// Mutant: core/src/future/graph/slot.rs :: self.state.load(Ordering::Acquire) => self.state.load(Ordering::Relaxed)
#[test]
fn output_is_set_while_it_is_looked_for() {
    loom::model(|| {
        let slot = Arc::new(Slot::new());
        let setter = thread::spawn({
            let slot = slot.clone();
            move || slot.set(1)
        });
        assert!(slot.get().is_none_or(|output| *output == 1));
        setter.join().unwrap();
        assert_eq!(slot.get(), Some(&1));
    });
}
