//! Bytes: all of them, once, in their order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Poll;
use std::vec::Vec;

use crate::lock::LocalLock;
use crate::sync::pipe::pipe;
use crate::sync::{Pipe, TryWriteError};
use crate::test_util::{Polled, Random, TestLock, forgotten, send_sync};

type Tube<const N: usize> = Pipe<N, TestLock>;

#[test]
fn moves_what_fits_and_what_there_is() {
    let pipe = Tube::<4>::with_lock();
    let mut buffer = [0; 8];
    assert!(pipe.try_read(&mut buffer).is_err() && pipe.is_empty() && pipe.capacity() == 4);
    assert_eq!((pipe.try_write(b"abcdef"), pipe.try_write(b"g")), (Ok(4), Err(TryWriteError::Full)));
    assert_eq!((pipe.try_read(&mut buffer[..3]), &buffer[..3]), (Ok(3), &b"abc"[..]));
    assert_eq!((pipe.try_write(b"xyz"), pipe.len()), (Ok(3), 4));
    assert_eq!((pipe.try_read(&mut buffer), &buffer[..4]), (Ok(4), &b"dxyz"[..]));
    // Nothing to move: ready at once, open or closed, full or empty.
    assert_eq!((pipe.try_read(&mut []), pipe.try_write(&[])), (Ok(0), Ok(0)));
    assert_eq!(Polled::new(pipe.read(&mut [])).ready(), 0);
    assert_eq!(Polled::new(pipe.write(&[])).ready(), Ok(0));
}

#[test]
fn one_byte_is_a_pipe_too() {
    let pipe = Pipe::<1, LocalLock>::with_lock();
    for n in 0..5 {
        assert_eq!(pipe.try_write(&[n, 9]), Ok(1));
        let mut byte = [0; 2];
        assert_eq!((pipe.try_read(&mut byte), byte[0]), (Ok(1), n));
    }
}

#[test]
fn waits_for_bytes_for_room_and_for_the_end() {
    let pipe = Tube::<2>::with_lock();
    let (reader, writer) = (pipe.reader(), pipe.writer());
    let mut buffer = [0; 2];
    let mut read = Polled::waiting(reader.read(&mut buffer));
    assert_eq!(writer.try_write(b"a"), Ok(1));
    assert_eq!((read.wakes(), read.ready()), (1, 1));
    drop(read);
    assert_eq!(pipe.try_write(b"bc"), Ok(2));
    let mut write = Polled::waiting(writer.write(b"de"));
    assert_eq!(reader.try_read(&mut buffer[..1]), Ok(1));
    assert_eq!((write.wakes(), write.ready()), (1, Ok(1)));
    let mut write = Polled::waiting(writer.write(b"f"));
    assert!(writer.close() && !reader.close());
    assert!(write.wakes() == 1 && write.ready().is_err());
    assert_eq!(pipe.try_write(b"g"), Err(TryWriteError::Closed));
    // What was inside is read, and then there is an end that stays.
    assert_eq!((reader.try_read(&mut buffer), &buffer), (Ok(2), b"cd"));
    assert_eq!((Polled::new(pipe.read(&mut buffer)).ready(), reader.try_read(&mut [0])), (0, Ok(0)));
}

#[test]
fn write_all_goes_on_until_all_is_written() {
    let pipe = Tube::<3>::with_lock();
    let mut write = Polled::waiting(pipe.write_all(b"0123456789"));
    let mut all = Vec::new();
    while all.len() < 10 {
        let mut buffer = [0; 2];
        let read = pipe.try_read(&mut buffer).unwrap_or(0);
        all.extend_from_slice(&buffer[..read]);
        let _ = all.len() < 10 && write.poll().is_ready();
    }
    assert_eq!(all, b"0123456789");
}

/// Whoever was told and goes away, or leaves something, tells the next.
// Mutant: core/src/sync/pipe/flow.rs :: if section.state.len > 0 { => if section.state.len > 9 {
// Mutant: core/src/sync/pipe/flow.rs :: if section.state.room() > 0 { => if section.state.room() > 9 {
#[test]
fn failure_021_who_was_told_and_goes_tells_the_next() {
    for cancel in [false, true] {
        let pipe = Tube::<4>::with_lock();
        let (mut one, mut two) = ([0], [0]);
        let mut first = Polled::waiting(pipe.read(&mut one));
        let mut second = Polled::waiting(pipe.read(&mut two));
        assert_eq!(pipe.try_write(b"ab"), Ok(2));
        assert_eq!((first.wakes(), second.wakes()), (1, 0));
        if !cancel {
            assert_eq!(first.ready(), 1);
        }
        drop(first);
        assert_eq!((second.wakes(), second.ready()), (1, 1));
        drop(second);
        while pipe.try_write(b"x").is_ok() {}
        let mut first = Polled::waiting(pipe.write(b"1"));
        let mut second = Polled::waiting(pipe.write(b"2"));
        assert_eq!(pipe.try_read(&mut [0; 4]), Ok(4));
        assert_eq!((first.wakes(), second.wakes()), (1, 0));
        if !cancel {
            assert_eq!(first.ready(), Ok(1));
        }
        drop(first);
        assert_eq!((second.wakes(), second.ready()), (1, Ok(1)));
    }
}

/// Random histories against a queue of bytes, cancelled at random: no byte is lost, doubled or out of order.
// Mutant: core/src/sync/pipe/flow.rs :: self.len -= taken; => self.len -= taken.min(2);
#[test]
fn failure_101_agrees_with_a_queue_of_bytes_in_random_histories() {
    for seed in 0..if cfg!(miri) { 3 } else { 300 } {
        let mut random = Random::new(seed);
        let pipe = Tube::<5>::with_lock();
        let mut model: VecDeque<u8> = VecDeque::new();
        let mut next = 0_u8;
        for _ in 0..200 {
            let size = random.below(8);
            let mut buffer = [0; 8];
            match random.below(4) {
                0 | 1 => {
                    for byte in &mut buffer[..size] {
                        *byte = next;
                        next = next.wrapping_add(1);
                    }
                    let written = if random.below(2) == 0 {
                        pipe.try_write(&buffer[..size]).unwrap_or(0)
                    } else {
                        match Polled::new(pipe.write(&buffer[..size])).poll() {
                            Poll::Ready(Ok(written)) => written,
                            _ => 0,
                        }
                    };
                    assert_eq!(written, size.min(5 - model.len()), "seed {seed}");
                    model.extend(&buffer[..written]);
                    next = next.wrapping_sub((size - written) as u8);
                }
                _ => {
                    let read = match Polled::new(pipe.read(&mut buffer[..size])).poll() {
                        Poll::Ready(read) => read,
                        Poll::Pending => 0,
                    };
                    assert_eq!(read, size.min(model.len()));
                    assert!(model.drain(..read).eq(buffer[..read].iter().copied()), "seed {seed}");
                }
            }
            assert_eq!(pipe.len(), model.len());
        }
    }
}

#[test]
fn threads_move_a_megabyte_through_a_few_bytes() {
    let pipe = Arc::new(Pipe::<61>::with_lock());
    send_sync(&*pipe);
    let total = if cfg!(miri) { 500 } else { 1 << 20 };
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || {
            let bytes: Vec<u8> = (0..total).map(|n| (n % 251) as u8).collect();
            crate::sync::blocking::block_on(pipe.write_all(&bytes)).unwrap();
            pipe.close();
        }
    });
    let (mut seen, mut buffer) = (0_usize, [0; 37]);
    loop {
        let read = crate::sync::blocking::block_on(pipe.read(&mut buffer));
        if read == 0 {
            break;
        }
        for byte in &buffer[..read] {
            assert_eq!(*byte, (seen % 251) as u8);
            seen += 1;
        }
    }
    assert_eq!(seen, total);
    writer.join().unwrap();
}

/// What the halves of a pipe on the heap leave behind.
// Mutant: core/src/sync/pipe/alloc.rs :: self.flow.close(); => ();
#[test]
fn failure_021_a_half_that_goes_ends_the_wait_of_the_other() {
    let (reader, writer) = pipe(2);
    send_sync(&reader);
    send_sync(&writer);
    let mut buffer = [0; 4];
    let mut read = Polled::waiting(reader.read(&mut buffer));
    assert_eq!(writer.try_write(b"abc"), Ok(2));
    assert_eq!((read.wakes(), read.ready()), (1, 2));
    drop(read);
    let mut read = Polled::waiting(reader.read(&mut buffer));
    drop(writer);
    assert_eq!((read.wakes(), read.ready(), reader.is_closed()), (1, 0, true));
    drop(read);
    assert_eq!(reader.try_read(&mut buffer), Ok(0));

    let (reader, writer) = pipe(2);
    let mut write = Polled::waiting(writer.write_all(b"0123"));
    assert_eq!((reader.len(), writer.capacity(), reader.is_empty()), (2, 2, false));
    drop(reader);
    assert_eq!((write.wakes(), write.ready().is_err()), (1, true));
    assert_eq!(writer.try_write(b"4"), Err(TryWriteError::Closed));
    assert!(!writer.close());

    // Forgotten: open, and nothing is lost but the end.
    let (reader, writer) = pipe(1);
    forgotten(reader);
    assert_eq!((writer.try_write(b"ab"), writer.try_write(b"b")), (Ok(1), Err(TryWriteError::Full)));
}

#[test]
fn what_is_inside_of_a_pipe_on_the_heap_outlives_the_writer() {
    let (reader, writer) = pipe(3);
    let mut all = Vec::new();
    for _ in 0..3 {
        assert_eq!(Polled::new(writer.write(b"xy")).ready(), Ok(2));
        let mut buffer = [0; 2];
        assert_eq!(reader.try_read(&mut buffer), Ok(2));
        all.extend(buffer);
    }
    writer.try_write(b"end").unwrap();
    assert!(writer.close() && !reader.close());
    drop(writer);
    let mut buffer = [0; 8];
    assert_eq!((reader.try_read(&mut buffer), &buffer[..3]), (Ok(3), &b"end"[..]));
    assert_eq!(Polled::new(reader.read(&mut buffer)).ready(), 0);
    assert_eq!(all, b"xyxyxy");
}

#[test]
#[should_panic(expected = "the capacity is 0")]
fn a_pipe_without_room_is_refused() {
    let _ = pipe(0);
}

#[test]
#[should_panic(expected = "a pipe has room for at most")]
fn a_pipe_without_bounds_is_refused() {
    let _ = pipe(usize::MAX);
}

#[cfg(feature = "embedded-io-async")]
#[test]
fn handles_are_those_of_embedded_io() {
    use embedded_io_async::{Read, Write};
    async fn copy(mut from: impl Read, mut to: impl Write) -> usize {
        let (mut total, mut buffer) = (0, [0; 3]);
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            to.write_all(&buffer[..read]).await.ok();
            total += read;
        }
        to.flush().await.ok();
        total
    }
    let (from, to) = (Tube::<8>::with_lock(), Tube::<8>::with_lock());
    from.try_write(b"12345").unwrap();
    from.close();
    assert_eq!(Polled::new(copy(from.reader(), to.writer())).ready(), 5);
    assert_eq!(to.len(), 5);
}

#[cfg(feature = "embedded-io-async")]
mod with_a_buffer {
    use embedded_io_async::{BufRead, Read};

    use super::*;
    use crate::sync::pipe::BufReader;

    /// The words of a pipe, however they lie in it.
    #[test]
    fn shows_what_it_will_give() {
        let (from, to) = pipe(5);
        let mut reader = BufReader::new(from, std::vec![0; 3]);
        assert_eq!((reader.capacity(), reader.buffer()), (3, &b""[..]));
        assert!(Polled::new(reader.fill_buf()).poll().is_pending());
        to.try_write(b"abcde").unwrap();
        for _ in 0..2 {
            assert_eq!(Polled::new(reader.fill_buf()).ready(), Ok(&b"abc"[..]));
        }
        reader.consume(1);
        assert_eq!((reader.buffer(), reader.get_ref().len()), (&b"bc"[..], 2));
        // More than there is.
        reader.consume(usize::MAX);
        assert_eq!(Polled::new(reader.fill_buf()).ready(), Ok(&b"de"[..]));
        let mut into = [0; 4];
        assert_eq!(Polled::new(reader.read(&mut into)).ready(), Ok(2));
        assert_eq!(&into[..2], b"de");
        assert_eq!(Polled::new(reader.read(&mut [])).ready(), Ok(0));
        // As much room as its own: past the buffer.
        to.try_write(b"12345").unwrap();
        assert_eq!(Polled::new(reader.read(&mut into)).ready(), Ok(4));
        assert_eq!(&into, b"1234");
        assert_eq!(Polled::new(reader.read(&mut into[..2])).ready(), Ok(1));
        assert_eq!(into[0], b'5');
        drop(to);
        for _ in 0..2 {
            assert_eq!(Polled::new(reader.fill_buf()).ready(), Ok(&b""[..]));
        }
        assert!(reader.get_mut().is_closed() && reader.into_inner().is_empty());
    }

    #[test]
    fn a_fill_that_is_cancelled_loses_nothing() {
        let pipe = Tube::<4>::with_lock();
        let mut reader = BufReader::new(pipe.reader(), [0; 2]);
        drop(Polled::waiting(reader.fill_buf()));
        pipe.try_write(b"abc").unwrap();
        let mut all = [0; 3];
        assert!(Polled::new(reader.read_exact(&mut all)).ready().is_ok());
        assert_eq!(&all, b"abc");
    }

    #[test]
    #[should_panic(expected = "a buffer needs room")]
    fn no_room_is_refused() {
        let _ = BufReader::new(Tube::<4>::with_lock().reader(), []);
    }
}
