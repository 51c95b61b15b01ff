//! Errors in the attribute or in the signature.

fn main() {}

#[zokio_macros::main]
fn not_async() {}
//~^ 1 the `async` keyword is missing: `#[zokio::main]` goes on an `async fn`

#[zokio_macros::test]
pub fn test_not_async() {}
//~^ 5 the `async` keyword is missing: `#[zokio::test]` goes on an `async fn`

mod with_arguments {
    #[zokio_macros::main]
    async fn main(argument: u8) {}
    //~^ 18 the main function takes no arguments
}

#[zokio_macros::test]
async fn test_with_arguments(argument: u8) {}
//~^ 29 a test function takes no arguments

#[zokio_macros::main(threads = 4)]
//~^ 22 unknown option `threads`; the options are `flavor`, `worker_threads`, `start_paused`, `name`, `seed`, `unhandled_panic` and `crate`
async fn unknown_option() {}

#[zokio_macros::main(flavor = "current_thread", worker_threads = 4)]
//~^ 49 use `#[zokio::main(flavor = "multi_thread", worker_threads = N)]`
async fn workers_of_one_thread() {}

#[zokio_macros::test(worker_threads = 4)]
//~^ 22 use `#[zokio::test(flavor = "multi_thread", worker_threads = N)]`
async fn workers_of_a_test() {}

#[zokio_macros::main(worker_threads = 0)]
//~^ 39 `worker_threads` must be at least 1
async fn no_workers() {}

#[zokio_macros::main(worker_threads = "four")]
//~^ 39 expected a number of threads, like 4
async fn workers_in_words() {}

#[zokio_macros::main(worker_threads = -1)]
//~^ 39 expected a number of threads, like 4
async fn fewer_than_none() {}

#[zokio_macros::main(flavor = "multi_thread", flavor = "current_thread")]
//~^ 47 `flavor` is given twice
async fn twice() {}

#[zokio_macros::main(flavor = "threaded")]
//~^ 31 the flavor with several threads is called "multi_thread"
async fn old_flavor() {}

#[zokio_macros::test(flavor = "single_thread")]
//~^ 31 the flavor with one thread is called "current_thread"
async fn wrong_flavor() {}

#[zokio_macros::main(flavor = "fast")]
//~^ 31 no such flavor `fast`; the flavors are "multi_thread", "current_thread" and "local"
async fn unknown_flavor() {}

#[zokio_macros::main(core_threads = 4)]
//~^ 22 `core_threads` is called `worker_threads`
async fn old_option() {}

#[zokio_macros::main(max_threads = 4)]
//~^ 22 there is no `max_threads`; `worker_threads` is how many threads run tasks
async fn gone_option() {}

#[zokio_macros::test(unhandled_panic = "abort")]
//~^ 40 no such behavior `abort`; there are "ignore" and "shutdown_runtime"
async fn unhandled() {}

#[zokio_macros::main(unhandled_panic = "shutdown_runtime")]
//~^ 22 `unhandled_panic` needs a runtime on one thread: use `#[zokio::main(flavor = "current_thread", unhandled_panic = "shutdown_runtime")]`
async fn unhandled_of_workers() {}

#[zokio_macros::main(flavor = multi_thread)]
//~^ 31 expected a string, like "multi_thread"
async fn flavor_without_quotes() {}

#[zokio_macros::main(flavor)]
//~^ 22 expected `flavor = <value>`
async fn no_value() {}

#[zokio_macros::main(flavor = "multi_thread" worker_threads = 4)]
//~^ 46 expected `,`, found `worker_threads`
async fn no_comma() {}

#[zokio_macros::main("multi_thread")]
//~^ 22 expected the name of an option, found `"multi_thread"`
async fn no_name() {}

#[zokio_macros::test(flavor = "local", worker_threads = 4)]
//~^ 40 use `#[zokio::test(flavor = "multi_thread", worker_threads = N)]`
async fn workers_of_a_local_runtime() {}

#[zokio_macros::main(start_paused = true)]
//~^ 22 `start_paused` needs a runtime on one thread: use `#[zokio::main(flavor = "current_thread", start_paused = true)]`
async fn paused_workers() {}

#[zokio_macros::test(start_paused = true, flavor = "multi_thread")]
//~^ 22 use `#[zokio::test(flavor = "current_thread", start_paused = true)]`
async fn paused_workers_of_a_test() {}

#[zokio_macros::test(start_paused = 1)]
//~^ 37 expected `true` or `false`
async fn paused_by_a_number() {}

#[zokio_macros::test(start_paused)]
//~^ 22 expected `start_paused = <value>`
async fn paused_without_a_value() {}

#[zokio_macros::main(seed = 1)]
//~^ 22 `seed` needs a runtime on one thread, whose order it can be: use `#[zokio::main(flavor = "current_thread", seed = N)]`
async fn seeded_workers() {}

#[zokio_macros::test(seed = "often")]
//~^ 29 expected a number of 64 bits, like 0x5eed, or "random"
async fn seeded_by_a_word() {}

#[zokio_macros::test(seed = 0x1_0000_0000_0000_0000)]
//~^ 29 expected a number of 64 bits, like 0x5eed, or "random"
async fn seeded_by_too_much() {}

#[zokio_macros::test(name = 5)]
//~^ 29 expected a string, like "server"
async fn named_by_a_number() {}

#[zokio_macros::test(seed = 1, seed = 1)]
//~^ 32 `seed` is given twice
async fn two_seeds() {}

#[zokio_macros::main(worker_threads = 4_294_967_296)]
//~^ 39 expected a number of threads, like 4
async fn too_many_workers() {}

#[zokio_macros::test(worker_threads = 2.5, flavor = "multi_thread")]
//~^ 39 expected a number of threads, like 4
async fn half_a_worker() {}

#[zokio_macros::main(crate = "not a path")]
//~^ 30 `not a path` is not a path; expected one like "my_crate::zokio"
async fn no_path() {}

#[zokio_macros::test]
#[test]
//~^ 2 a second test attribute: `#[zokio::test]` makes the function a test already
async fn two_attributes() {}

#[zokio_macros::main]
struct NotAFunction;
//~^ 1 expected an async function with a body
