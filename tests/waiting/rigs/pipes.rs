//! Bytes. What a call writes is borrowed, so it stays with the caller; what is lost is how much of it was written.

use zokio::sync::Pipe;
use zokio::sync::pipe::{Reader, pipe as pair};

use super::{Rig, carrying, keep, rig};

pub(super) fn rigs() -> Vec<Rig> {
    let mut rigs = Vec::new();
    let full = || {
        let pipe = keep(Pipe::<2>::new());
        pipe.try_write(&[0, 0]).expect("room");
        pipe
    };
    let pipe = keep(Pipe::<2>::new());
    rigs.push(rig("Pipe::read", || async { pipe.read(&mut [0]).await }, || pipe.try_write(&[1])));
    let pipe = keep(Pipe::<2>::new());
    let reader = pipe.reader();
    rigs.push(rig("PipeReader::read", move || async move { reader.read(&mut [0]).await }, || pipe.try_write(&[1])));
    let pipe = full();
    rigs.push(rig("Pipe::write", || pipe.write(&[1]), || taken(pipe)));
    let pipe = full();
    let writer = pipe.writer();
    rigs.push(rig("PipeWriter::write", move || writer.write(&[1]), || taken(pipe)));
    let pipe = full();
    let write = carrying("Pipe::write_all", || pipe.write_all(&[1]), || taken(pipe));
    rigs.push(Rig { borrows: true, ..write });
    let pipe = full();
    let writer = pipe.writer();
    let write = carrying("PipeWriter::write_all", move || async move { writer.write_all(&[1]).await }, || taken(pipe));
    rigs.push(Rig { borrows: true, ..write });
    rigs.extend(halves());
    rigs
}

/// Those of a pipe on the heap.
fn halves() -> Vec<Rig> {
    let full = || {
        let (reader, writer) = pair(2);
        writer.try_write(&[0, 0]).expect("room");
        (keep(reader), keep(writer))
    };
    let (reader, writer) = pair(2);
    let (reader, writer) = (keep(reader), keep(writer));
    let read = rig("pipe::Reader::read", move || async { reader.read(&mut [0]).await }, move || writer.try_write(&[1]));
    let (reader, writer) = full();
    let write = rig("pipe::Writer::write", || writer.write(&[1]), || reader.try_read(&mut [0]));
    let (reader, writer) = full();
    let take = || byte_of(reader);
    let write_all = carrying("pipe::Writer::write_all", || writer.write_all(&[1]), take);
    vec![read, write, Rig { borrows: true, ..write_all }]
}

fn byte_of(reader: &Reader) -> Option<u32> {
    let mut byte = [0];
    reader.try_read(&mut byte).ok().map(|_| u32::from(byte[0]))
}

/// A byte from the other end.
fn taken(pipe: &Pipe<2>) -> Option<u32> {
    let mut byte = [0];
    pipe.try_read(&mut byte).ok().map(|_| u32::from(byte[0]))
}
