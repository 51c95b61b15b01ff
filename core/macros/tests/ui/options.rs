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
//~^ 22 unknown option `threads`; the options are `flavor`, `worker_threads`, `start_paused` and `crate`
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
//~^ 31 no such flavor `threaded`; the flavors are "multi_thread" and "current_thread"
async fn unknown_flavor() {}

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

#[zokio_macros::test(start_paused = true)]
//~^ 22 `start_paused` comes with the virtual clock (docs/FEATURES.md, row 185), which is not there yet
async fn paused() {}

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
