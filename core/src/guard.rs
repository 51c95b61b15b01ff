//! How a poll or a drop of a task's future is run: with its panic caught (std), or plainly (elsewhere, where a panic is
//! the firmware's panic handler and never returns; on a host it may unwind, which a poll lets pass and a drop does not).

#[cfg(feature = "std")]
mod turns;
#[cfg(feature = "std")]
pub use turns::{DEEPEST, in_turn};

/// What is left of a caught panic. Without `std` there is none.
#[cfg(not(feature = "std"))]
pub type Payload = core::convert::Infallible;

/// What is left of a caught panic.
#[cfg(feature = "std")]
pub type Payload = alloc::boxed::Box<dyn core::any::Any + Send + 'static>;

/// Runs `f`, and catches its panic.
#[cfg(feature = "std")]
#[inline]
pub(crate) fn run<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f))
}

/// Runs `f`.
#[cfg(not(feature = "std"))]
#[inline(always)]
pub(crate) fn run<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    Ok(f())
}

/// Runs a destructor in the memory of a task, and catches its panic.
#[cfg(feature = "std")]
#[inline]
pub(crate) fn contain<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    run(f)
}

/// Runs a destructor in the memory of a task. Its panic may not go on: a future that is half gone is neither one to be polled
/// nor one that is over, and whoever came back to the task would use it again. Nothing catches it here, so it ends the program
/// where panics unwind all the same; where they do not there is no code for it.
#[cfg(not(feature = "std"))]
#[inline(always)]
pub(crate) fn contain<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            // A panic while panicking aborts.
            panic!("a future or an output of a task panicked in its destructor, which without `std` ends the program");
        }
    }
    let bomb = Bomb;
    let result = f();
    core::mem::forget(bomb);
    Ok(result)
}

/// Goes on with a panic that was caught.
#[cfg(feature = "std")]
pub(crate) fn resume(payload: Payload) -> ! {
    std::panic::resume_unwind(payload)
}

/// There was none.
#[cfg(not(feature = "std"))]
pub(crate) fn resume(payload: Payload) -> ! {
    match payload {}
}

/// Runs foreign code, as the waker of somebody else, and lets its panic go: the panic hook has told of it, and whoever runs this
/// must go on. What is left of the panic is foreign as well: its destructor runs here, and that of a panic in there does not.
///
/// Without `std` nothing is caught.
#[cfg(feature = "std")]
pub fn swallow(f: impl FnOnce()) {
    if let Err(payload) = run(f) {
        if let Err(second) = run(|| drop(payload)) {
            core::mem::forget(second);
        }
    }
}

/// Runs foreign code, where nothing is caught.
#[cfg(not(feature = "std"))]
#[inline(always)]
pub fn swallow(f: impl FnOnce()) {
    f();
}

/// Lets go of what is left of a panic.
#[cfg(feature = "std")]
pub(crate) fn discard(payload: Payload) {
    swallow(|| drop(payload));
}

/// There was none.
#[cfg(not(feature = "std"))]
pub(crate) fn discard(payload: Payload) {
    match payload {}
}

/// Keeps the first panic of several, to let it go on when all that may panic has been run. Lets go of the others.
#[inline(always)]
pub fn keep_first(panic: &mut Option<Payload>, run: Result<(), Payload>) {
    match run {
        Ok(()) => {}
        Err(payload) if panic.is_none() => *panic = Some(payload),
        Err(payload) => discard(payload),
    }
}

/// What the panic said, where that was a text.
#[cfg(feature = "std")]
pub(crate) fn message(payload: &Payload) -> Option<&str> {
    match payload.downcast_ref::<alloc::string::String>() {
        Some(message) => Some(message),
        None => payload.downcast_ref::<&'static str>().copied(),
    }
}

/// There was none.
#[cfg(not(feature = "std"))]
pub(crate) fn message(payload: &Payload) -> Option<&str> {
    match *payload {}
}
