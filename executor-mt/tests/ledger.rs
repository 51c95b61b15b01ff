//! The ledger: of a million tasks, spawned by foreign threads, panicking, aborted or run to their end, none is lost.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use common::*;

const THREADS: usize = 4;
const EACH: usize = if cfg!(debug_assertions) { 10_000 } else { 250_000 };

struct Ledger {
    completed: AtomicUsize,
    panicked: AtomicUsize,
    aborted: AtomicUsize,
    futures_dropped: Arc<AtomicUsize>,
    outputs_dropped: Arc<AtomicUsize>,
    /// One per id: how often it was polled for the first time.
    seen: Vec<AtomicU8>,
}

// Mutant: executor-mt/src/home.rs :: self.spawned_outside.fetch_add(1, Ordering::Relaxed) => self.spawned_outside.fetch_add(0, Ordering::Relaxed)
#[test]
fn ledger_soak() {
    quiet();
    let runtime = runtime(2);
    let ledger = Arc::new(Ledger {
        completed: AtomicUsize::new(0),
        panicked: AtomicUsize::new(0),
        aborted: AtomicUsize::new(0),
        futures_dropped: Arc::default(),
        outputs_dropped: Arc::default(),
        seen: (0..THREADS * EACH).map(|_| AtomicU8::new(0)).collect(),
    });
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (handle, ledger) = (runtime.handle().clone(), ledger.clone());
            scope.spawn(move || spawn_and_join(thread, &handle, &ledger));
        }
    });
    let total = THREADS * EACH;
    let read = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    let (completed, panicked, aborted) = (read(&ledger.completed), read(&ledger.panicked), read(&ledger.aborted));
    assert_eq!(completed + panicked + aborted, total, "spawned = completed + panicked + aborted");
    assert!(panicked > 0 && panicked <= total / 1000, "{panicked} panicked");
    assert!(aborted > 0 && aborted <= total / 1000, "{aborted} aborted");
    assert_eq!(read(&ledger.futures_dropped), total, "every future was dropped once");
    assert_eq!(read(&ledger.outputs_dropped), completed, "every output was dropped once");
    assert!(ledger.seen.iter().all(|seen| seen.load(Ordering::Relaxed) <= 1), "nothing ran twice");
    let ran = ledger.seen.iter().filter(|seen| seen.load(Ordering::Relaxed) == 1).count();
    assert!(ran >= completed + panicked);
    let metrics = runtime.metrics();
    assert_eq!((metrics.spawned, metrics.completed), (total as u64, total as u64));
    println!("{completed} completed, {panicked} panicked, {aborted} aborted; {:?}", metrics.total());
}

fn spawn_and_join(thread: usize, handle: &Handle, ledger: &Arc<Ledger>) {
    const BATCH: usize = 1_000;
    for batch in 0..EACH / BATCH {
        let tasks: Vec<_> = (0..BATCH)
            .map(|place| {
                let id = thread * EACH + batch * BATCH + place;
                let (dropped, output) =
                    (Dropped(ledger.futures_dropped.clone()), Dropped(ledger.outputs_dropped.clone()));
                let ledger = ledger.clone();
                let task = handle.spawn(async move {
                    let _dropped = dropped;
                    ledger.seen[id].fetch_add(1, Ordering::Relaxed);
                    match id % 1000 {
                        // Forgotten, so that the outputs dropped are those of the tasks that completed.
                        250 => {
                            std::mem::forget(output);
                            panic!("planned");
                        }
                        500 => {
                            std::mem::forget(output);
                            std::future::pending().await
                        }
                        // Half of the others stop on the way.
                        _ if place & 1 == 0 => {
                            yield_now().await;
                            output
                        }
                        _ => output,
                    }
                });
                (id, task)
            })
            .collect();
        let ledger = ledger.clone();
        handle.block_on(async move {
            for (id, task) in tasks {
                if id % 1000 == 500 {
                    // Only when it has let go of its output, which it does at its first poll.
                    while ledger.seen[id].load(Ordering::Relaxed) == 0 {
                        yield_now().await;
                    }
                    task.abort();
                }
                let count = match task.await {
                    Ok(_) => &ledger.completed,
                    Err(error) if error.is_panic() => &ledger.panicked,
                    Err(_) => &ledger.aborted,
                };
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
}
