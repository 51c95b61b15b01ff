#![forbid(unsafe_code)]
//! `#[zokio::main]`, `#[zokio::test]` and `#[zokio::task]`: an async function as the entry of a program, as a test, or with
//! static memory for its tasks.
//!
//! Use them through the facade, `zokio`. The expansion is small and the body goes into it verbatim, so tools see what
//! the reader sees:
//!
//! ```text
//! #[zokio::main(worker_threads = 2)]              fn main() -> Result<(), Error> {
//! async fn main() -> Result<(), Error> {              let body = async { serve().await };
//!     serve().await                          =>       ::zokio::runtime::Builder::new_multi_thread()
//! }                                                       .worker_threads(2).enable_all().build()
//!                                                         .expect("Failed building the Runtime")
//!                                                         .block_on(body)
//!                                                 }
//! ```
//!
//! Written on `proc_macro` alone: it reads a list of options and finds the parts of one function, for which a parser of
//! the whole language would be four more crates in every build.

mod expand;
mod function;
mod options;
mod pool;
mod report;
mod value;

use proc_macro::TokenStream;

/// Makes an async function the entry of a program: its body runs in a runtime that is built for it.
///
/// The function need not be called `main`; any other may take arguments and generics. The runtime is shut down when
/// the body returns.
///
/// # Options
///
/// - `flavor = "multi_thread"` (unless told otherwise), `"current_thread"`, or `"local"`, a runtime whose `spawn_local` takes
///   futures that are not `Send`.
/// - `worker_threads = N`: how many workers a multi-thread runtime has; one for each CPU unless told otherwise.
/// - `start_paused = true`: the clock stands still and jumps to the next timer when nothing else is left to do. Not with
///   `"multi_thread"`.
/// - `seed = N` or `"random"`: the order in which ready tasks are polled, and where each fair `select!` begins, are drawn
///   from this number; where the environment has a `ZOKIO_SEED`, from that. A run that panics prints it (one that
///   ends by an `Err` does not). Not with `"multi_thread"`.
/// - `unhandled_panic = "ignore"` (unless told otherwise) or `"shutdown_runtime"`: what is done where a task panics. Not with
///   `"multi_thread"`.
/// - `name = "text"`: what the runtime is called.
/// - `crate = "path"`: where the facade is found if it was renamed; `::zokio` unless told otherwise.
///
/// # Panics
///
/// The function panics if the runtime cannot be built.
///
/// # Examples
///
/// ```text
/// #[zokio::main]
/// async fn main() {
///     zokio::time::sleep(std::time::Duration::from_millis(10)).await;
/// }
/// ```
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(expand::Kind::Main, options, item)
}

/// Makes an async function a test: its body runs in a runtime of its own.
///
/// Other attributes of tests (`#[ignore]`, `#[should_panic]`), before it and after it, and any return type of a test may be
/// used.
///
/// # Options
///
/// Those of [`main`](macro@main), but the flavor is `"current_thread"` unless told otherwise.
///
/// # Examples
///
/// ```text
/// #[zokio::test(flavor = "multi_thread", worker_threads = 2)]
/// async fn answers() {
///     assert_eq!(zokio::spawn(async { 42 }).await.unwrap(), 42);
/// }
/// ```
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(expand::Kind::Test, options, item)
}

/// Gives an async function static memory of its own for its tasks. A call of it makes a task that has not been spawned yet,
/// which a spawner takes: `spawner.spawn(blink(led))`, or `blink(led).spawn()` where the executor is that of the context.
///
/// The size of a slot is that of the function's future, found by the compiler. Where all slots are taken, spawning gives
/// an error with the function's name and the number of slots, and the future, with its arguments, comes back.
///
/// On a runtime of an operating system there is no such limit: the same call makes an ordinary task there.
///
/// The function takes at most 12 arguments, each a plain name; they and what it gives borrow nothing. A generic function has
/// no one size: spawn it in an arena of your own, by `Arena::spawn`.
///
/// # Options
///
/// - `pool_size = N`: how many of its tasks there can be at a time, a number or a constant; one unless told otherwise.
/// - `crate = "path"`: where the facade is found if it was renamed; `::zokio` unless told otherwise.
///
/// # Examples
///
/// ```text
/// #[zokio::task(pool_size = 2)]
/// async fn blink(led: Led, period: Duration) {
///     loop {
///         led.toggle();
///         zokio::time::sleep(period).await;
///     }
/// }
///
/// EXECUTOR.run(idle, |spawner| {
///     spawner.spawn(blink(red, Duration::from_millis(500)));
///     spawner.spawn(blink(green, Duration::from_millis(300)));
/// })
/// ```
#[proc_macro_attribute]
pub fn task(options: TokenStream, item: TokenStream) -> TokenStream {
    pool::expand(options, item)
}
