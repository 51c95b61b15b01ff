//! Registrations come and go; nothing else stays behind. One test: it counts the descriptors of the process.
#![cfg(all(not(loom), target_os = "linux"))]

mod support;

use std::io::Read as _;

use embedded_io_async::{Read, Write};
use support::Runtime;
use zokio_hal::os::net::TcpStream;

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

// Mutant: hal/src/os/slab.rs :: gate.free.push(index); => let _ = (&mut gate.free, index);
#[test]
fn failure_124_registrations_leave_no_slot_and_no_descriptor_behind() {
    let mut runtime = Runtime::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (end, _) = listener.accept().unwrap();
    let before = descriptors();
    for round in 0..10_000_u32 {
        // A duplicate: closing it leaves the kernel's end open, so only a deregistration takes it out of the poll set.
        let mut stream = TcpStream::from_std(end.try_clone().unwrap()).unwrap();
        if round % 100 == 0 {
            runtime.block_on(stream.write_all(&[round as u8])).unwrap();
            let mut byte = [0];
            peer.read_exact(&mut byte).unwrap();
            std::io::Write::write_all(&mut peer, &byte).unwrap();
            runtime.block_on(stream.read_exact(&mut byte)).unwrap();
            assert_eq!(byte, [round as u8]);
        }
        if round % 2 == 0 {
            drop(stream);
        } else {
            stream.into_std().unwrap();
        }
    }
    assert_eq!(runtime.handle.registered(), 0);
    assert_eq!(runtime.handle.capacity(), 64, "one page served all of them");
    assert_eq!(descriptors(), before);

    // And the reactor itself goes with its runtime.
    drop(runtime);
    let before = descriptors();
    for _ in 0..1_000 {
        let runtime = Runtime::new();
        assert_eq!(runtime.handle.registered(), 0);
    }
    assert_eq!(descriptors(), before);
}
