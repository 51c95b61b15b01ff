//! Wakers that panic, or call back into the channel that clones, wakes or drops them.

use std::sync::{Arc, Mutex};
use std::task::Context;

use crate::sync::Oneshot;
use crate::sync::oneshot::channel;
use crate::test_util::{Event, TestWaker, panics, poll};

// Mutant: core/src/sync/oneshot/sender.rs :: leave(home);\n    if let Some(waker) = receiver {\n        waker.wake();\n    } => if let Some(waker) = receiver {\n        waker.wake();\n    }\n    leave(home);
#[test]
fn failure_109_panicking_waker_loses_no_value_and_no_memory() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let value = Arc::new(());
        let slot = Oneshot::new();
        let (sender, mut receiver) = slot.split().unwrap();
        let (hostile, other) = (TestWaker::panicking(event), TestWaker::new());
        let at_poll = panics(|| assert!(poll(core::pin::Pin::new(&mut receiver), &hostile).is_pending()));
        // Drop: the waker that the poll was given, not the one in the channel.
        assert_eq!(at_poll, event != Event::Wake);
        if event == Event::Drop {
            // Its place is taken by another one, which the panic does not keep out.
            assert!(panics(|| assert!(poll(core::pin::Pin::new(&mut receiver), &other).is_pending())));
        }
        assert_eq!(panics(|| sender.send(value.clone()).unwrap()), event == Event::Wake);
        assert_eq!(other.wakes(), usize::from(event == Event::Drop));
        assert!(receiver.try_recv().is_ok());
        drop(receiver);
        assert_eq!(Arc::strong_count(&value), 1);
        assert!(slot.split().is_some(), "{event:?}: the sender never left");
        hostile.unhook();
    }
}

#[test]
fn failure_072_waker_re_enters_in_clone_wake_and_drop() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        // The hook uses the other half, which is in its reach.
        let (sender, mut receiver) = channel::<Arc<()>>();
        let value = Arc::new(());
        let inside = Arc::new(Mutex::new(Some(sender)));
        let hook = {
            let (inside, value) = (inside.clone(), value.clone());
            move |now| {
                if now == event {
                    let sender = inside.lock().unwrap().take();
                    if let Some(sender) = sender {
                        let _ = sender.send(value.clone());
                    }
                }
            }
        };
        let hooked = TestWaker::hooked(hook);
        let first = poll(core::pin::Pin::new(&mut receiver), &hooked).is_ready();
        let sender = inside.lock().unwrap().take();
        assert_eq!(sender.is_none(), event != Event::Wake);
        if let Some(sender) = sender {
            sender.send(value.clone()).unwrap();
        }
        if !first {
            assert!(receiver.try_recv().is_ok());
        }
        drop(receiver);
        hooked.unhook();
        assert_eq!((hooked.alive(), Arc::strong_count(&value)), (0, 1), "{event:?}");
    }
}

#[test]
fn failure_097_sender_waits_with_a_waker_that_drops_the_receiver() {
    let (mut sender, receiver) = channel::<u8>();
    let inside = Arc::new(Mutex::new(Some(receiver)));
    let hooked = TestWaker::hooked({
        let inside = inside.clone();
        move |now| {
            if now == Event::Clone {
                let receiver = inside.lock().unwrap().take();
                drop(receiver);
            }
        }
    });
    assert!(sender.poll_closed(&mut Context::from_waker(&hooked.waker())).is_ready());
    assert_eq!(sender.send(1), Err(1));
    hooked.unhook();
    assert_eq!(hooked.alive(), 0);
}
