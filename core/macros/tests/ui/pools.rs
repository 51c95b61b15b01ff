//! What `#[zokio::task]` says about functions that cannot have a pool.

/// The names of the facade, for an expansion that type-checks.
mod stub {
    pub mod task {
        pub struct SpawnToken<F>(pub F);
        impl<F> SpawnToken<F> {
            pub fn new<T>(_: &str, _: &'static T, future: F) -> Self {
                Self(future)
            }
        }
        pub struct Arena<const SLOTS: usize, const BYTES: usize>;
        impl<const SLOTS: usize, const BYTES: usize> Arena<SLOTS, BYTES> {
            pub const fn new() -> Self {
                Self
            }
        }
        pub mod __private {
            pub const fn pool_bytes<F>(_: &F) -> usize {
                0
            }
        }
    }
}

#[zokio_macros::task(crate = "crate::stub")]
async fn generic<T>(value: T) {
    //~^ 17 Arena::spawn
    drop(value);
}

#[zokio_macros::task(crate = "crate::stub")]
async fn hidden(value: impl Send) {
    //~^ 24 Arena::spawn
    drop(value);
}

#[zokio_macros::task(crate = "crate::stub")]
async fn bounded()
where
//~^ 1 Arena::spawn
    u8: Send,
{
}

#[zokio_macros::task(crate = "crate::stub")]
async fn opaque() -> impl Send {}
//~^ 22 must have a name

#[zokio_macros::task(crate = "crate::stub")]
fn plain() {}
//~^ 1 the `async` keyword is missing

#[zokio_macros::task(crate = "crate::stub")]
async unsafe fn careless() {}
//~^ 7 cannot be `unsafe`

#[zokio_macros::task(crate = "crate::stub")]
async fn apart((one, two): (u8, u8)) -> u8 {
    //~^ 16 a plain name
    one + two
}

#[zokio_macros::task(crate = "crate::stub")]
async fn nameless(_: u8) {}
//~^ 19 needs a name

#[zokio_macros::task(pool_size = 0, crate = "crate::stub")]
//~^ 34 room for one task at least
async fn none() {}

#[zokio_macros::task(pool_size = 0x0, crate = "crate::stub")]
//~^ 34 room for one task at least
async fn none_in_hexadecimal() {}

#[zokio_macros::task(pool_size = "two", crate = "crate::stub")]
//~^ 34 `pool_size` is a number
async fn text() {}

#[zokio_macros::task(slots = 2)]
//~^ 22 unknown option `slots`
async fn unknown() {}

#[zokio_macros::task(pool_size)]
//~^ 22 expected `pool_size = <value>`
async fn valueless() {}

#[zokio_macros::task(pool_size = 1, pool_size = 2)]
//~^ 37 `pool_size` is given twice
async fn twice() {}

#[zokio_macros::task]
struct NoFunction;
//~^ 1 expected an async function

fn main() {
    apart((1, 2));
}
