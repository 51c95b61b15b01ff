//! Locks and permits.

use std::sync::Arc;

use zokio::sync::{Mutex, RwLock, Semaphore};

use super::{Rig, Rival, keep, release, rig};

pub(super) fn rigs() -> Vec<Rig> {
    let mut rigs = Vec::new();
    let mutex = keep(Mutex::new(()));
    rigs.push(rig("Mutex::lock", || mutex.lock(), release(mutex.try_lock().expect("free"))));
    let mutex = Arc::new(Mutex::new(()));
    let held = mutex.clone().try_lock_owned().expect("free");
    rigs.push(rig("Mutex::lock_owned", move || mutex.clone().lock_owned(), release(held)));
    let lock = keep(RwLock::new(()));
    let alone = |writes: bool, reads: bool| writes && !reads;
    let read = rig("RwLock::read", || lock.read(), release(lock.try_write().expect("free")));
    rigs.push(Rig { rival: Rival::new(|| lock.write(), alone), ..read });
    let lock = keep(RwLock::new(()));
    rigs.push(rig("RwLock::write", || lock.write(), release(lock.try_read().expect("free"))));
    let lock = Arc::new(RwLock::new(()));
    let held = lock.clone().try_write_owned().expect("free");
    let more = lock.clone();
    let read = rig("RwLock::read_owned", move || lock.clone().read_owned(), release(held));
    rigs.push(Rig { rival: Rival::new(move || more.clone().write_owned(), alone), ..read });
    let lock = Arc::new(RwLock::new(()));
    let held = lock.clone().try_read_owned().expect("free");
    rigs.push(rig("RwLock::write_owned", move || lock.clone().write_owned(), release(held)));
    let semaphore = keep(Semaphore::new(0));
    rigs.push(rig("Semaphore::acquire", || semaphore.acquire(), || semaphore.add_permits(1)));
    let semaphore = keep(Semaphore::new(0));
    rigs.push(rig("Semaphore::acquire_many", || semaphore.acquire_many(2), || semaphore.add_permits(2)));
    let semaphore = Arc::new(Semaphore::new(0));
    let more = semaphore.clone();
    rigs.push(rig("Semaphore::acquire_owned", move || semaphore.clone().acquire_owned(), move || more.add_permits(1)));
    let semaphore = Arc::new(Semaphore::new(0));
    let more = semaphore.clone();
    rigs.push(rig(
        "Semaphore::acquire_many_owned",
        move || semaphore.clone().acquire_many_owned(2),
        move || more.add_permits(2),
    ));
    rigs
}
