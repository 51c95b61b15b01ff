//! What the attributes make of well-formed functions, over a runtime that writes down how it was built.

use std::cell::RefCell;
use std::fmt::Debug;

/// Stands where the facade stands in a program: the same names, and a `Builder` that keeps the order of its calls.
mod stub {
    pub mod runtime {
        use std::future::Future;
        use std::pin::pin;
        use std::task::{Context, Poll, Waker};

        pub struct Builder(String);

        impl Builder {
            pub fn new_multi_thread() -> Self {
                Self("multi_thread".into())
            }

            pub fn new_current_thread() -> Self {
                Self("current_thread".into())
            }

            pub fn worker_threads(&mut self, count: usize) -> &mut Self {
                self.0 += &format!(" workers={count}");
                self
            }

            pub fn start_paused(&mut self, paused: bool) -> &mut Self {
                self.0 += &format!(" paused={paused}");
                self
            }

            pub fn name(&mut self, name: impl Into<String>) -> &mut Self {
                self.0 += &format!(" name={}", name.into());
                self
            }

            pub fn rng_seed(&mut self, seed: RngSeed) -> &mut Self {
                self.0 += &format!(" seed={:?}", seed.0);
                self
            }

            pub fn enable_all(&mut self) -> &mut Self {
                self.0 += " all";
                self
            }

            pub fn build(&mut self) -> Result<Runtime, std::io::Error> {
                Ok(Runtime(std::mem::take(&mut self.0)))
            }

            pub fn build_local(&mut self, _: LocalOptions) -> Result<Runtime, std::io::Error> {
                self.0 += " local";
                self.build()
            }
        }

        #[derive(Default)]
        pub struct LocalOptions(());

        pub struct RngSeed(Option<u64>);

        impl RngSeed {
            pub fn from_env_or(seed: u64) -> Self {
                Self(Some(seed))
            }

            pub fn from_env_or_random() -> Self {
                Self(None)
            }
        }

        pub struct Runtime(String);

        impl Runtime {
            pub fn block_on<F: Future>(&self, future: F) -> F::Output {
                crate::BUILT.with_borrow_mut(|built| built.clone_from(&self.0));
                let mut future = pin!(future);
                for _ in 0..100 {
                    if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                        return output;
                    }
                }
                panic!("pending after 100 polls")
            }
        }
    }
}

thread_local! {
    /// How the runtime was built that ran last on this thread.
    static BUILT: RefCell<String> = const { RefCell::new(String::new()) };
}

fn built() -> String {
    BUILT.take()
}

#[zokio_macros::main(crate = "crate::stub")]
async fn plain() {}

#[zokio_macros::main(flavor = "current_thread", crate = "crate::stub")]
async fn one_thread() -> u8 {
    std::future::ready(7).await
}

#[zokio_macros::main(crate = "crate::stub", worker_threads = 0x1_0usize, flavor = "multi_thread")]
async fn sixteen() -> &'static str {
    "ok"
}

#[test]
fn options_reach_the_builder() {
    plain();
    assert_eq!(built(), "multi_thread all");
    assert_eq!(one_thread(), 7);
    assert_eq!(built(), "current_thread all");
    assert_eq!(sixteen(), "ok");
    assert_eq!(built(), "multi_thread workers=16 all");
}

#[zokio_macros::main(crate = "crate::stub")]
#[deny(unused_mut)]
async fn with_attributes() -> u8 {
    //! They are the function's, and stand before everything.
    #![allow(unused_mut)]
    #[rustfmt::skip] // of a statement
    let mut seven = 7;
    seven
}

#[test]
fn attributes_in_a_body_are_those_of_its_function() {
    assert_eq!(with_attributes(), 7);
}

#[zokio_macros::main(crate = "crate::stub", flavor = "local", name = "here")]
async fn local() {}

#[zokio_macros::main(
    crate = "crate::stub",
    name = r#"a "name""#,
    seed = 0xffff_ffff_ffff_ffff,
    flavor = "current_thread"
)]
async fn seeded() {}

#[test]
fn a_local_runtime_a_name_and_a_seed_reach_the_builder() {
    local();
    assert_eq!(built(), "current_thread name=here all local");
    seeded();
    assert_eq!(built(), "current_thread name=a \"name\" seed=Some(18446744073709551615) all");
}

/// Documentation, attributes and visibility stay.
#[zokio_macros::main(crate = "crate::stub")]
#[inline]
pub(crate) async fn generic<'a, F: Fn() -> T, T>(make: F, default: &'a T) -> Result<(T, T), String>
where
    T: Clone + Debug + 'a,
{
    if format!("{default:?}").is_empty() {
        return Err("empty".into());
    }
    let parsed: u8 = "5".parse().map_err(|_| "no number")?;
    assert_eq!(parsed, 5);
    Ok((make(), default.clone()))
}

#[test]
fn generics_arguments_bounds_and_the_return_type_stay() {
    assert_eq!(generic(|| 1, &2), Ok((1, 2)));
}

#[zokio_macros::main(crate = "crate::stub")]
async fn iterator() -> impl Iterator<Item = u8> {
    [1, 2].into_iter()
}

#[zokio_macros::main(crate = "self::stub")]
async fn never() -> ! {
    panic!("on purpose")
}

#[test]
fn unusual_return_types_work() {
    assert_eq!(iterator().sum::<u8>(), 3);
    assert!(std::panic::catch_unwind(|| never()).is_err());
}

macro_rules! entry {
    ($name:ident, $count:literal, $body:block) => {
        #[zokio_macros::main(crate = "crate::stub", worker_threads = $count)]
        async fn $name() -> u8 $body
    };
}
entry!(from_a_macro, 3, { 9 });

#[test]
fn functions_made_by_macros_work() {
    assert_eq!(from_a_macro(), 9);
    assert_eq!(built(), "multi_thread workers=3 all");
}

#[allow(non_upper_case_globals)]
const body: u8 = 4;

#[zokio_macros::main(crate = "crate::stub")]
async fn names() -> u8 {
    body
}

#[test]
fn the_body_does_not_see_the_names_of_the_expansion() {
    assert_eq!(names(), 4);
}

#[zokio_macros::test(crate = "crate::stub")]
async fn a_test_runs_on_one_thread() {
    // The runtime has written it down before it polls this.
    assert_eq!(built(), "current_thread all");
}

#[zokio_macros::test(crate = "crate::stub", flavor = "multi_thread", worker_threads = 2)]
async fn a_test_may_have_workers() -> Result<(), std::num::ParseIntError> {
    assert_eq!(built(), "multi_thread workers=2 all");
    assert_eq!("2".parse::<u8>()?, 2);
    Ok(())
}

#[zokio_macros::test(crate = "crate::stub")]
#[should_panic(expected = "the body ran")]
async fn a_test_may_be_expected_to_panic() {
    panic!("the body ran");
}

#[should_panic(expected = "the body ran")]
#[zokio_macros::test(crate = "crate::stub", flavor = "local")]
async fn a_test_may_be_expected_to_panic_from_above() {
    panic!("the body ran");
}

#[zokio_macros::test(crate = "crate::stub")]
#[ignore = "it panics"]
async fn a_test_may_be_ignored_from_below() {
    panic!("not ignored");
}

#[ignore = "it panics"]
#[zokio_macros::test(crate = "crate::stub")]
async fn a_test_may_be_ignored_from_above() {
    panic!("not ignored");
}

#[zokio_macros::test(crate = "crate::stub", start_paused = true, seed = "random")]
async fn a_test_may_stop_the_clock_and_draw_its_order() {
    assert_eq!(built(), "current_thread paused=true seed=None all");
}

#[zokio_macros::test(crate = "crate::stub", flavor = "local", start_paused = false)]
async fn a_local_test_may_leave_the_clock_alone() {
    assert_eq!(built(), "current_thread paused=false all local");
}
