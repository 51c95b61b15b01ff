//! `block_on` inside of everything it could be inside of.

use std::sync::Arc;

use zokio::runtime::Runtime;

use crate::{EACH, WATCHDOG, caught, ct, mt, panic_of, within};

/// How the inner `block_on` is called.
#[derive(Clone, Copy, Debug)]
enum Through {
    Runtime,
    Handle,
}

type Attempt = Box<dyn FnOnce() -> Result<u32, String> + Send>;

fn attempt(inner: &Arc<Runtime>, through: Through) -> Attempt {
    let inner = inner.clone();
    let future = async {
        zokio::task::yield_now().await;
        let _here = zokio::runtime::Handle::current();
        7
    };
    Box::new(move || {
        caught(|| match through {
            Through::Runtime => inner.block_on(future),
            Through::Handle => inner.handle().block_on(future),
        })
    })
}

/// Where the inner `block_on` is called, and whether that is fine.
type Place = (&'static str, bool, fn(&Runtime, Attempt) -> Result<u32, String>);

const PLACES: [Place; 4] = [
    ("task", false, |outer, attempt| outer.block_on(outer.spawn(async move { attempt() })).unwrap()),
    ("block_on", false, |outer, attempt| outer.block_on(async move { attempt() })),
    ("spawn_blocking", true, |outer, attempt| outer.block_on(outer.spawn_blocking(attempt)).unwrap()),
    ("enter", true, |outer, attempt| {
        let _entered = outer.enter();
        attempt()
    }),
];

fn check(name: &str, allowed: bool, outcome: Result<u32, String>) {
    match outcome {
        Ok(7) if allowed => {}
        Err(text) if !allowed && text.contains("already runs an executor") => {}
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn nested_block_on_is_refused_where_tasks_run_and_works_elsewhere() {
    for (outer_name, outer) in EACH {
        for (place, allowed, call) in PLACES {
            for through in [Through::Runtime, Through::Handle] {
                for (inner_name, inner) in EACH {
                    let name = format!("{inner_name} {through:?}::block_on in {place} of {outer_name}");
                    within(move || {
                        let (outer, inner) = (outer(), Arc::new(inner()));
                        check(&name, allowed, call(&outer, attempt(&inner, through)));
                        // Both still work.
                        assert_eq!(outer.block_on(async { zokio::spawn(async { 1 }).await.unwrap() }), 1);
                        assert_eq!(inner.block_on(async { zokio::spawn(async { 1 }).await.unwrap() }), 1);
                    });
                }
                let name = format!("{through:?}::block_on in {place} of the same {outer_name}");
                within(move || {
                    let outer = Arc::new(outer());
                    check(&name, allowed, call(&outer, attempt(&outer, through)));
                    assert_eq!(outer.block_on(async { zokio::spawn(async { 1 }).await.unwrap() }), 1);
                });
            }
        }
    }
}

#[test]
fn a_guard_inside_a_task_does_not_make_nesting_harmless() {
    within(|| {
        let (outer, inner) = (mt(), Arc::new(ct()));
        let task = {
            let inner = inner.clone();
            outer.spawn(async move {
                let _entered = inner.enter();
                panic_of(|| inner.block_on(async {}))
            })
        };
        let text = outer.block_on(task).unwrap();
        assert!(text.contains("already runs an executor"), "{text}");
    });
}

#[test]
fn a_blocking_call_may_wait_for_the_runtime_that_made_it() {
    for (_, make) in EACH {
        within(move || {
            let runtime = make();
            let handle = runtime.handle().clone();
            // Timers and tasks of a current-thread runtime are driven by the outer call meanwhile.
            let call = runtime.spawn_blocking(move || {
                handle.block_on(async {
                    zokio::time::sleep(std::time::Duration::from_millis(1)).await;
                    zokio::spawn(async { 3 }).await.unwrap()
                })
            });
            let sum = runtime.block_on(async { zokio::time::timeout(WATCHDOG, call).await.unwrap().unwrap() });
            assert_eq!(sum, 3);
        });
    }
}

#[test]
fn a_panic_of_the_main_future_comes_out_and_the_runtime_lives() {
    for (_, make) in EACH {
        within(move || {
            let runtime = make();
            for _ in 0..3 {
                assert_eq!(panic_of(|| runtime.block_on(async { panic!("main") })), "main");
                assert_eq!(panic_of(|| runtime.handle().block_on(async { panic!("main") })), "main");
                assert!(zokio::runtime::Handle::try_current().is_err(), "the context was left");
            }
            assert_eq!(runtime.block_on(async { zokio::spawn(async { 1 }).await.unwrap() }), 1);
        });
    }
}
