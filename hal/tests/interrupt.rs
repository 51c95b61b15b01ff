//! Ctrl-C as a future. One test: signals are the process's.
#![cfg(all(not(loom), unix))]

mod support;

use std::pin::pin;
use std::time::Duration;

use support::Runtime;
use zokio_hal::os::ReactorHandle;
use zokio_hal::os::signal::{Signal, ctrl_c};

use signal_hook::consts::SIGINT;
use signal_hook::low_level::raise;

#[test]
fn ctrl_c_is_told_and_bursts_are_not_lost() {
    let mut runtime = Runtime::new();
    {
        let mut waiting = pin!(ctrl_c());
        assert!(runtime.run_for(waiting.as_mut(), Duration::from_millis(10)).is_none());
        raise(SIGINT).unwrap();
        runtime.block_on(waiting).unwrap();
    }
    // Two who wait are both told; several signals are at least one.
    let mut signal = Signal::with(&runtime.handle, SIGINT).unwrap();
    let mut other = Signal::with(&ReactorHandle::current().unwrap(), SIGINT).unwrap();
    for _ in 0..1_000 {
        raise(SIGINT).unwrap();
    }
    runtime.block_on(signal.recv()).unwrap();
    runtime.block_on(other.recv()).unwrap();
    drop((signal, other));
    assert_eq!(runtime.handle.registered(), 0);
    raise(SIGINT).unwrap(); // nobody waits: nothing happens

    // A signal that interrupts the wait is not seen by who waits for something else.
    let (client, _server) = runtime.pair();
    let mut buf = [0; 1];
    let mut read = pin!(client.peek(&mut buf));
    // Sent to the process, so that the system may choose the thread that waits.
    let thread = std::thread::spawn(|| {
        for _ in 0..3 {
            let kill = std::process::Command::new("kill").args(["-INT", &std::process::id().to_string()]).status();
            assert!(kill.unwrap().success());
        }
    });
    assert!(runtime.run_for(read.as_mut(), Duration::from_millis(20)).is_none());
    thread.join().unwrap();
}
