//! What a log shows of tasks, handles and pools, and what their errors say.

use core::any::Any;
use core::future::{pending, ready};
use core::task::{Poll, Waker};
use std::boxed::Box;
use std::format;
use std::panic::resume_unwind;
use std::string::ToString;

use super::util::{Home, Line, arena, poll, ready as done};
use crate::guard;
use crate::task::raw::Boxes;
use crate::task::{
    AbortOnDropHandle, Arena, JoinSet, LocalKey, Owner, Schedule, Slots, SpawnError, SpawnToken, scope, spawn_at,
    try_spawn_at,
};
use crate::test_util::{forever, says, shows};

#[test]
fn handles_show_their_task_until_it_has_given_its_output() {
    let line = Line::<0>::new(Home::Boxed);
    let mut handle = line.spawn(async {});
    let id = handle.id();
    shows(id, &format!("Id({id})"));
    shows(&handle, &format!("JoinHandle({id})"));
    shows(handle.abort_handle(), &format!("AbortHandle({id})"));
    line.turn();
    done(&mut handle).unwrap();
    shows(&handle, "JoinHandle(given)");
    let kept = AbortOnDropHandle::new(line.spawn(async {}));
    shows(&kept, &format!("AbortOnDropHandle(JoinHandle({}))", kept.abort_handle().id()));
    let mut set = JoinSet::default();
    set.insert(line.spawn(pending::<()>()));
    shows(&set, "JoinSet { len: 1 }");
    drop((kept, set));
    line.turn();
    assert!(Boxes::default().is_empty());
}

async fn fails(payload: Box<dyn Any + Send>) {
    resume_unwind(payload)
}

#[test]
fn a_task_without_an_output_says_why() {
    let line = Line::<0>::new(Home::Boxed);
    let mut aborted = line.spawn(pending::<()>());
    let mut panics = line.spawn(fails(Box::new("boom")));
    let mut mute = line.spawn(fails(Box::new(7)));
    aborted.abort();
    line.turn();
    let id = aborted.id();
    says(
        done(&mut aborted).unwrap_err(),
        &format!("JoinError::Cancelled(Id({id}))"),
        &format!("task {id} was cancelled"),
    );
    let id = panics.id();
    let error = done(&mut panics).unwrap_err();
    let debug = format!("JoinError::Panic(Id({id}), \"boom\", ...)");
    says(error, &debug, &format!("task {id} panicked with message \"boom\""));
    let id = mute.id();
    let error = done(&mut mute).unwrap_err();
    says(error, &format!("JoinError::Panic(Id({id}), ...)"), &format!("task {id} panicked"));
}

/// A future larger than the slots of this test.
async fn kept_across_a_wait() -> u8 {
    let bytes = [7; 999];
    pending::<()>().await;
    bytes[998]
}

/// An arena without a context of its own.
struct Alone;

// SAFETY: it has no context at any time.
unsafe impl crate::ambient::Ambient for Alone {
    fn get() -> crate::ambient::Current {
        None
    }
    unsafe fn swap(_: crate::ambient::Current) -> crate::ambient::Current {
        None
    }
}

#[test]
fn a_task_that_is_not_spawned_says_why() {
    const NOWHERE: &str = "there is no executor here that takes it: call this from a task of a zokio runtime (of one thread where \
                           the future stays there, in a `static` where an arena is named)";
    let slots = arena::<1, 64>();
    let pool = Line::<0>::new(Home::Pool(slots));
    shows(slots, "Arena { slots: 1, bytes: 64, in_use: 0 }");
    let mut first = pool.spawn(ready(1));
    let full = try_spawn_at(pool, ready(2)).unwrap_err();
    says(&full, "SpawnError(all 1 slots of task pool `pool` are taken)", "all 1 slots of task pool `pool` are taken");
    assert_eq!(poll(&mut full.into_future(), Waker::noop()), Poll::Ready(2));
    pool.turn();
    assert_eq!(done(&mut first).unwrap(), 1);
    let large = try_spawn_at(pool, kept_across_a_wait()).unwrap_err();
    assert!(matches!(large, SpawnError::TooLarge { pool: "pool", needed, slot, .. } if needed > slot), "{large}");
    let none = Line::<0>::new(Home::Nowhere);
    let text = "the executor has no task pool: give it one (`Config::pool`), or name an arena";
    assert_eq!(try_spawn_at(none, ready(3)).unwrap_err().to_string(), text);
    let payload = guard::run(|| drop(spawn_at(none, ready(3)))).unwrap_err();
    assert_eq!(guard::message(&payload), Some(format!("cannot spawn: {text}").as_str()));

    let own: &'static Arena<1, 64, Alone> = forever(Arena::default());
    assert_eq!(own.try_spawn(ready(4)).unwrap_err().to_string(), NOWHERE);
    assert!(matches!(own.try_spawn_local(ready(4)), Err(SpawnError::NoExecutor(_))));
    let payload = guard::run(|| drop(own.spawn(ready(4)))).unwrap_err();
    assert_eq!(guard::message(&payload), Some(format!("cannot spawn: {NOWHERE}").as_str()));
    let token = || SpawnToken::<_, Alone>::new("blink", slots, ready(5));
    shows(token(), "SpawnToken { name: \"blink\", .. }");
    // A boxed executor's tasks are not in slots of a pool that is named: it is asked for memory of its own, where there can be some.
    let why = if cfg!(feature = "alloc") { text } else { NOWHERE };
    assert_eq!(token().try_spawn_at(none).unwrap_err().to_string(), why);
    assert_eq!(token().try_spawn_local_at(none).unwrap_err().to_string(), why);
    assert_eq!(token().try_spawn().unwrap_err().to_string(), NOWHERE);
    let payload = guard::run(|| drop(token().spawn())).unwrap_err();
    assert_eq!(guard::message(&payload), Some(format!("cannot spawn: {NOWHERE}").as_str()));
    let named: &dyn Slots = slots;
    assert_eq!((named.in_use(), named.high_water()), (0, 1));
}

#[test]
fn scopes_and_local_values_show_what_they_hold() {
    crate::task_local! {
        static NUMBER: u8;
    }
    let key: &'static LocalKey<u8> = &NUMBER;
    shows(key, "LocalKey { .. }");
    says(key.try_get().unwrap_err(), "AccessError", "the task-local value is not set");
    shows(key.scope(7, ready(())), "TaskLocalFuture { value: Some(7), .. }");
    let mut scoped = Box::pin(scope(async |scope| {
        let handle = scope.spawn(ready(7));
        let shown = (format!("{scope:?}"), format!("{handle:?}"));
        (shown, handle.await)
    }));
    let ((scope, handle), output) = loop {
        if let Poll::Ready(output) = poll(&mut scoped, Waker::noop()) {
            break output;
        }
    };
    assert_eq!(
        (scope.as_str(), handle.as_str()),
        ("LocalScope { left: 1, .. }", "ScopedJoinHandle { is_finished: false }")
    );
    assert_eq!(output, 7);
    shows(<Line as Schedule>::OPS, "Ops");
    let _: Owner = Line::<0>::OWNER;
}
