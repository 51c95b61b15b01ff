//! Bytes, room and the end at once.

use std::sync::Arc;
use std::task::Poll;

use loom::thread;

use crate::sync::Pipe;
use crate::sync::pipe::pipe;
use crate::test_util::Polled;

/// Polls to the end, but only after wake-ups: a thread that is not woken is stuck, and the model says so.
fn run<F: core::future::Future>(future: F) -> F::Output {
    let mut future = Polled::new(future);
    loop {
        let seen = future.wakes();
        if let Poll::Ready(output) = future.poll() {
            return output;
        }
        while future.wakes() == seen {
            thread::yield_now();
        }
    }
}

/// Three bytes through room for one, and the end.
// Mutant: core/src/sync/pipe/flow.rs :: (0..LANES).any( => (1..LANES).any(
#[test]
fn bytes_arrive_in_order_and_then_the_end() {
    loom::model(|| {
        let pipe = Arc::new(Pipe::<1>::new());
        let shared = pipe.clone();
        let writer = thread::spawn(move || {
            run(shared.write_all(&[1, 2])).unwrap();
            shared.close();
        });
        let mut byte = [0];
        for n in 1..3 {
            assert_eq!((run(pipe.read(&mut byte)), byte[0]), (1, n));
        }
        assert_eq!(run(pipe.read(&mut byte)), 0);
        writer.join().unwrap();
    });
}

/// A reader goes away while bytes come: the other one is told.
// Mutant: core/src/sync/pipe/flow.rs :: if section.state.len > 0 { => if section.state.len > 9 {
#[test]
fn failure_021_write_against_a_cancelled_reader() {
    loom::model(|| {
        let pipe = Arc::new(Pipe::<2>::new());
        let (mut one, mut two) = ([0], [0]);
        let first = Polled::waiting(pipe.read(&mut one));
        let mut second = Polled::waiting(pipe.read(&mut two));
        let shared = pipe.clone();
        let writer = thread::spawn(move || assert_eq!(shared.try_write(&[7]), Ok(1)));
        drop(first);
        writer.join().unwrap();
        assert_eq!((second.wakes(), second.ready()), (1, 1));
    });
}

// Mutant: core/src/sync/pipe/flow.rs :: (0..LANES).any( => (1..LANES).any(
// Mutant: core/src/sync/pipe/flow.rs :: (0..LANES).any( => (0..1).any(
#[test]
fn close_against_read_and_write() {
    loom::model(|| {
        let (full, empty) = (Arc::new(Pipe::<1>::new()), Arc::new(Pipe::<1>::new()));
        full.try_write(&[0]).unwrap();
        let closer = thread::spawn({
            let (full, empty) = (full.clone(), empty.clone());
            move || (full.close(), empty.close())
        });
        let mut byte = [0];
        let (mut write, mut read) = (Polled::new(full.write(&[1])), Polled::new(empty.read(&mut byte)));
        let (wrote, was_read) = (write.poll_twice().is_ready(), read.poll_twice().is_ready());
        closer.join().unwrap();
        assert!(wrote || write.wakes() == 1 && write.ready().is_err());
        assert!(was_read || read.wakes() == 1 && read.ready() == 0);
    });
}

/// The writer writes and goes: what it wrote is read, and then there is an end.
// Mutant: core/src/sync/pipe/flow.rs :: core::mem::replace(&mut section.state.closed, true) => core::mem::replace(&mut section.state.closed, false)
#[test]
fn failure_021_a_writer_goes_against_a_read() {
    loom::model(|| {
        let (reader, writer) = pipe(1);
        let other = thread::spawn(move || assert_eq!(writer.try_write(&[7]), Ok(1)));
        let mut byte = [0];
        assert_eq!((run(reader.read(&mut byte)), byte[0]), (1, 7));
        assert_eq!(run(reader.read(&mut byte)), 0);
        other.join().unwrap();
    });
}
