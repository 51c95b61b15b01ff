//! Waiting for tasks, which run when they are let go on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use zokio::sync::Notify;
use zokio_core::park::{Park, Unpark};
use zokio_core::task::{AbortOnDropHandle, FixedJoinSet, JoinHandle, JoinSet, scope, try_spawn_at};
use zokio_core::time::Instant;
use zokio_executor_local::{Config, SharedExecutor};

use super::{Rig, keep, rig, single};

#[derive(Clone)]
struct Nobody;

impl Unpark for Nobody {
    fn unpark(&self) {}
}

/// Never waits: steps are made by hand.
struct Never;

impl Park for Never {
    type Unpark = Nobody;
    fn unpark(&self) -> Nobody {
        Nobody
    }
    fn park(&mut self, _: Option<Instant>, _: impl FnOnce() -> bool) {}
    fn poll(&mut self) {}
}

/// Tasks that wait until they are notified, and what notifies one and runs it to its end.
fn tasks(count: usize) -> (Vec<JoinHandle<u32>>, Rc<dyn Fn()>) {
    let notify = keep(Notify::new());
    let executor: &'static mut _ = Box::leak(Box::new(SharedExecutor::new(Never, Config::new())));
    let spawner = executor.spawner();
    let task = |_| {
        let task = async {
            notify.notified().await;
            1
        };
        try_spawn_at(&spawner, task).expect("it is open")
    };
    let handles = (0..count).map(task).collect();
    let stepper = RefCell::new(executor.step(None));
    stepper.borrow_mut().run_until_idle();
    let grant = move || {
        notify.notify_one();
        // A hostile waker may come here from a task.
        if let Ok(mut stepper) = stepper.try_borrow_mut() {
            stepper.run_until_idle();
        }
    };
    (handles, Rc::new(grant))
}

/// A set of tasks, of which each grant ends one.
fn set(count: usize) -> (JoinSet<u32>, impl Fn() + Clone + 'static) {
    let (handles, grant) = tasks(count);
    let mut set = JoinSet::new();
    for handle in handles {
        set.insert(handle);
    }
    (set, move || grant())
}

pub(super) fn rigs() -> Vec<Rig> {
    let mut rigs = Vec::new();
    let (mut handles, grant) = tasks(1);
    rigs.push(single("JoinHandle", handles.remove(0), |handle| Box::pin(handle), move || grant()));
    let (mut handles, grant) = tasks(1);
    rigs.push(single(
        "AbortOnDropHandle",
        AbortOnDropHandle::new(handles.remove(0)),
        |handle| Box::pin(handle),
        move || grant(),
    ));
    let (handles, grant) = tasks(8);
    let mut fixed = FixedJoinSet::<u32, 8>::new();
    handles.into_iter().for_each(|handle| drop(fixed.insert(handle)));
    rigs.push(single("FixedJoinSet::join_next", fixed, |set| Box::pin(set.join_next()), move || grant()));
    let (tasks, grant) = set(8);
    rigs.push(single("JoinSet::join_next", tasks, |set| Box::pin(set.join_next()), grant));
    let (tasks, grant) = set(8);
    rigs.push(single("JoinSet::join_next_with_id", tasks, |set| Box::pin(set.join_next_with_id()), grant));
    let (tasks, grant) = set(8);
    rigs.push(spent("JoinSet::join_all", tasks, grant));
    let (tasks, grant) = set(1);
    // Aborted tasks end when they are run.
    rigs.push(single("JoinSet::shutdown", tasks, |set| Box::pin(set.shutdown()), grant));
    rigs.push(scoped("scope", false));
    rigs.push(scoped("ScopedJoinHandle", true));
    rigs
}

/// `join_all`, which takes the set: who drops it loses all outputs.
fn spent(name: &'static str, set: JoinSet<u32>, grant: impl Fn() + 'static) -> Rig {
    let (set, joined) = (RefCell::new(Some(set)), Rc::new(Cell::new(0)));
    let count = joined.clone();
    let start = move || {
        let (set, count) = (set.borrow_mut().take().unwrap_or_default(), count.clone());
        async move { count.set(count.get() + set.join_all().await.len()) }
    };
    Rig { single: true, arrived: Some(Box::new(move || joined.get())), ..rig(name, start, grant) }
}

/// A scope whose child waits; `joined`: its body waits for the child, not only its end.
fn scoped(name: &'static str, joined: bool) -> Rig {
    let (notify, count) = (keep(Notify::new()), keep(Cell::new(0)));
    let start = move || {
        scope(async move |scope| {
            let child = scope.spawn(async move {
                notify.notified().await;
                count.set(count.get() + 1);
            });
            if joined {
                let _ = child.await;
            }
        })
    };
    Rig { arrived: Some(Box::new(|| count.get())), ..rig(name, start, || notify.notify_one()) }
}
