//! `select!`, `join!` and `try_join!`.
//!
//! Each takes its parts one by one (one step of macro recursion a part, so 64 parts stay below the compiler's usual
//! limit of 128), gives each a name and a number from the list at the entry, and hands the lot to its last rule, which
//! is the one to read.

/// Waits for the first of several futures and runs its handler; drops the others.
///
/// ```text
/// select! {
///     [biased;]
///     <pattern> = <future> [, if <condition>] => <handler>,
///     ...
///     [else => <handler>,]
/// }
/// ```
///
/// 1. The conditions are evaluated; a branch whose condition is false takes no part. Then all future expressions are
///    evaluated, in order, those of such branches too.
/// 2. The futures are polled in the task that runs the `select!`, until one is ready *and* its output matches its
///    pattern. A branch whose output does not match takes no further part.
/// 3. All futures are dropped, in the order written. Then the handler of that branch runs, in the function around the `select!`, so `?`,
///    `break`, `return` and `.await` mean what they mean there, and what the futures borrowed is free again.
/// 4. If no branch takes part any longer, the handler of `else` runs.
///
/// The value is the value of the handler. There may be 64 branches.
///
/// # Order
///
/// Where several are ready, a branch drawn at each poll goes first and the rest follow in a circle: a branch that is
/// always ready starves none. With `biased;` the branches are polled in the order written, which costs less code and
/// lets a stop signal go first, and then an earlier branch that is always ready starves the later ones.
///
/// Where the budget of the task is used up no branch is polled: those that take none of it (a future of another library that
/// is always ready) would keep the loop around the `select!` going for ever.
///
/// The draw is four bytes for each fair `select!` in the source, in thread-local memory with `std` and in a `static`
/// without; there is no global state. It is no secret, and it repeats only in a runtime whose order is drawn from a seed
/// (`Builder::rng_seed`): use `biased;` where a program must take the same way each time elsewhere.
///
/// # Panics
///
/// If no branch takes part any longer and there is no `else`.
///
/// # Cancel safety
///
/// The futures that did not win are dropped where they stand; what that loses is said by the `Cancel safety` of each.
/// Inside a loop, hand in `&mut` of a pinned future to keep it over the turns.
///
/// # Cost
///
/// The futures, and for each a byte. Every wake-up polls all branches that take part. No allocation.
///
/// # Examples
///
/// ```
/// use std::future::{pending, ready};
/// use zokio_core::select;
///
/// # async fn example() -> Result<(), std::num::ParseIntError> {
/// let mut last = Some("7");
/// let number = select! {
///     Some(text) = ready(last.take()) => text.parse::<u32>()?,
///     () = pending() => 0,
///     else => return Ok(()),
/// };
/// assert_eq!(number, 7);
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! select {
    ($(biased;)? else => $handler:expr $(,)?) => {
        $handler
    };
    (biased; $($branches:tt)+) => {
        $crate::__named! { __select [biased] $($branches)+ }
    };
    ($(biased;)?) => {
        ::core::compile_error!("`select!` needs at least one branch")
    };
    ($($branches:tt)+) => {
        $crate::__named! { __select [fair] $($branches)+ }
    };
}

/// Waits for several futures at once and gives all their outputs as a tuple.
///
/// There may be 64 futures. As [`join`](fn@crate::future::join), which is a function.
///
/// # Order
///
/// Every unfinished future is polled at every poll: in the order written at the first, and beginning one further in a
/// circle at each later one. All share the budget of one task, and so one that uses it up at every poll starves none.
/// With `biased;` every poll goes in the order written, which costs less code; then an earlier future that always uses up
/// the budget starves the later ones.
///
/// # Cancel safety
///
/// As [`join`](fn@crate::future::join).
///
/// # Examples
///
/// ```
/// use std::future::ready;
///
/// # async fn example() {
/// let (one, two) = zokio_core::join!(ready(1), async { "two" });
/// assert_eq!((one, two), (1, "two"));
/// # }
/// ```
#[macro_export]
macro_rules! join {
    (biased; $($future:expr),+ $(,)?) => {
        $crate::__named! { __join [join_biased] $(($future))+ }
    };
    ($($future:expr),+ $(,)?) => {
        $crate::__named! { __join [join] $(($future))+ }
    };
    ($(biased;)?) => {
        async {}.await
    };
}

/// Waits for several fallible futures at once: a tuple of all values, or the first error.
///
/// At the first error all futures are dropped; those behind the one that failed are not polled any more. As
/// [`join!`](crate::join) otherwise, `biased;` included, and [`try_join`](fn@crate::future::try_join), which is a function.
///
/// # Cancel safety
///
/// As [`join`](fn@crate::future::join).
///
/// # Examples
///
/// ```
/// use std::future::ready;
///
/// # async fn example() {
/// let sum = zokio_core::try_join!(ready(Ok(1)), async { Err::<u8, _>("no") });
/// assert_eq!(sum, Err("no"));
/// # }
/// ```
#[macro_export]
macro_rules! try_join {
    (biased; $($future:expr),+ $(,)?) => {
        $crate::__named! { __join [try_join_biased] $(($future))+ }
    };
    ($($future:expr),+ $(,)?) => {
        $crate::__named! { __join [try_join] $(($future))+ }
    };
    ($(biased;)?) => {
        async { ::core::result::Result::Ok(()) }.await
    };
}

/// Pins futures where they are: `pin!(a, b)` for variables, `pin! { let a = future(); }` with the declaration, and
/// `pin!(future())` as an expression, which is `core::pin::pin!`.
///
/// # Examples
///
/// ```
/// use zokio_core::{pin, select};
///
/// # async fn example() {
/// let slow = async { 1 };
/// pin!(slow);
/// let fast = pin!(async { 2 });
/// let first = select! {
///     biased;
///     n = &mut slow => n,
///     n = fast => n,
/// };
/// assert_eq!(first, 1);
/// # }
/// ```
#[macro_export]
macro_rules! pin {
    ($($name:ident),+ $(,)?) => {
        $(
            // Moved, so that nobody can reach it but through the pin.
            #[allow(unused_mut)]
            let mut $name = ::core::pin::pin!($name);
        )+
    };
    ($(let $name:ident = $init:expr;)+) => {
        $(
            #[allow(unused_mut)]
            let mut $name = ::core::pin::pin!($init);
        )+
    };
    ($value:expr) => {
        ::core::pin::pin!($value)
    };
}

/// Calls a macro with the names and numbers that it may give to its parts.
#[doc(hidden)]
#[macro_export]
macro_rules! __named {
    ($callee:ident [$how:ident] $($parts:tt)+) => {
        $crate::$callee! { [$how]
        [
            (_0 0) (_1 1) (_2 2) (_3 3) (_4 4) (_5 5) (_6 6) (_7 7)
            (_8 8) (_9 9) (_10 10) (_11 11) (_12 12) (_13 13) (_14 14) (_15 15)
            (_16 16) (_17 17) (_18 18) (_19 19) (_20 20) (_21 21) (_22 22) (_23 23)
            (_24 24) (_25 25) (_26 26) (_27 27) (_28 28) (_29 29) (_30 30) (_31 31)
            (_32 32) (_33 33) (_34 34) (_35 35) (_36 36) (_37 37) (_38 38) (_39 39)
            (_40 40) (_41 41) (_42 42) (_43 43) (_44 44) (_45 45) (_46 46) (_47 47)
            (_48 48) (_49 49) (_50 50) (_51 51) (_52 52) (_53 53) (_54 54) (_55 55)
            (_56 56) (_57 57) (_58 58) (_59 59) (_60 60) (_61 61) (_62 62) (_63 63)
        ]
        [] [] $($parts)+ }
    };
}

/// [`select!`]: `[order] [unused names] [branches taken] [their names, last first] branches to take`.
#[doc(hidden)]
#[macro_export]
macro_rules! __select {
    ([$how:ident] $unused:tt [$($taken:tt)+] $last:tt) => {
        $crate::__select! { @emit $how [$($taken)+] $last
            ::core::panic!("every branch of this `select!` is disabled, and it has no `else`") }
    };
    ([$how:ident] $unused:tt [$($taken:tt)+] $last:tt else => $handler:expr $(,)?) => {
        $crate::__select! { @emit $how [$($taken)+] $last $handler }
    };
    ([$how:ident] $unused:tt [$($taken:tt)+] $last:tt else => $handler:expr, $($more:tt)+) => {
        ::core::compile_error!("`else` must be the last branch of a `select!`")
    };
    ([$how:ident] $unused:tt [] $last:tt else => $handler:expr, $($more:tt)*) => {
        ::core::compile_error!("`else` must be the last branch of a `select!`")
    };
    ([$how:ident] [] [$($taken:tt)+] $last:tt $($more:tt)+) => {
        ::core::compile_error!("`select!` takes at most 64 branches")
    };
    ([$how:ident] [($n:ident $i:tt) $($unused:tt)*] [$($taken:tt)*] [$($last:ident)*]
        $p:pat = $f:expr, if $c:expr => { $($h:tt)* }, $($more:tt)*) => {
        $crate::__select! { [$how] [$($unused)*] [$($taken)* ($n $i ($p) ($f) ($c) ({ $($h)* }))] [$n $($last)*] $($more)* }
    };
    ([$how:ident] [($n:ident $i:tt) $($unused:tt)*] [$($taken:tt)*] [$($last:ident)*]
        $p:pat = $f:expr, if $c:expr => { $($h:tt)* } $($more:tt)*) => {
        $crate::__select! { [$how] [$($unused)*] [$($taken)* ($n $i ($p) ($f) ($c) ({ $($h)* }))] [$n $($last)*] $($more)* }
    };
    ([$how:ident] [($n:ident $i:tt) $($unused:tt)*] [$($taken:tt)*] [$($last:ident)*]
        $p:pat = $f:expr, if $c:expr => $h:expr $(, $($more:tt)*)?) => {
        $crate::__select! { [$how] [$($unused)*] [$($taken)* ($n $i ($p) ($f) ($c) ($h))] [$n $($last)*] $($($more)*)? }
    };
    ([$how:ident] [($n:ident $i:tt) $($unused:tt)*] [$($taken:tt)*] [$($last:ident)*]
        $p:pat = $f:expr => { $($h:tt)* }, $($more:tt)*) => {
        $crate::__select! { [$how] [$($unused)*] [$($taken)* ($n $i ($p) ($f) (true) ({ $($h)* }))] [$n $($last)*] $($more)* }
    };
    ([$how:ident] [($n:ident $i:tt) $($unused:tt)*] [$($taken:tt)*] [$($last:ident)*]
        $p:pat = $f:expr => { $($h:tt)* } $($more:tt)*) => {
        $crate::__select! { [$how] [$($unused)*] [$($taken)* ($n $i ($p) ($f) (true) ({ $($h)* }))] [$n $($last)*] $($more)* }
    };
    ([$how:ident] [($n:ident $i:tt) $($unused:tt)*] [$($taken:tt)*] [$($last:ident)*]
        $p:pat = $f:expr => $h:expr $(, $($more:tt)*)?) => {
        $crate::__select! { [$how] [$($unused)*] [$($taken)* ($n $i ($p) ($f) (true) ($h))] [$n $($last)*] $($($more)*)? }
    };
    // A block that a macro of the user's has parsed, without a comma after it: the last to be tried, since there is no way back
    // from a block that is none.
    ([$how:ident] [($n:ident $i:tt) $($unused:tt)*] [$($taken:tt)*] [$($last:ident)*]
        $p:pat = $f:expr, if $c:expr => $h:block $($more:tt)+) => {
        $crate::__select! { [$how] [$($unused)*] [$($taken)* ($n $i ($p) ($f) ($c) ($h))] [$n $($last)*] $($more)+ }
    };
    ([$how:ident] [($n:ident $i:tt) $($unused:tt)*] [$($taken:tt)*] [$($last:ident)*]
        $p:pat = $f:expr => $h:block $($more:tt)+) => {
        $crate::__select! { [$how] [$($unused)*] [$($taken)* ($n $i ($p) ($f) (true) ($h))] [$n $($last)*] $($more)+ }
    };

    // All branches are taken: each has a name, a number, a pattern, a future, a condition and a handler.
    (@emit $how:ident [$(($n:ident $i:tt ($p:pat) ($f:expr) ($c:expr) ($h:expr)))+] [$($last:ident)+] $else:expr) => {{
        #[allow(non_camel_case_types)]
        enum __ZokioSelect<$($n),+> {
            $($n($n),)+
            __Else,
        }
        #[allow(unused_mut)] // a pattern may bind by `ref mut`
        let mut chosen = {
            let mut enabled: [bool; <[()]>::len(&[$($crate::__select!(@unit $i)),+])] = [$($c),+];
            // By way of a `let`, so that the temporary of `&mut future()` lives long enough.
            $(let $n = $f;)+
            $(let $n = ::core::future::IntoFuture::into_future($n);)+
            // The last one first: they are dropped in order.
            let parts = ();
            $(let parts = $crate::future::__private::Parts::new($last, parts);)+
            $crate::future::__private::SideBySide::new(parts, move |parts, cx| {
                // Without budget those that count would say so, and those that do not would go on for ever.
                if $crate::future::__private::poll_proceed(cx).is_pending() {
                    return ::core::task::Poll::Pending;
                }
                $crate::__select! { @split parts $($n)+ }
                let mut waiting = false;
                $crate::__select! { @poll $how cx enabled waiting __ZokioSelect $(($n $i ($p)))+ }
                if waiting { ::core::task::Poll::Pending } else { ::core::task::Poll::Ready(__ZokioSelect::__Else) }
            })
            .await
        };
        match chosen {
            $(__ZokioSelect::$n($p) => $h,)+
            __ZokioSelect::__Else => $else,
            #[allow(unreachable_patterns)]
            _ => ::core::unreachable!("the output has been matched before"),
        }
    }};

    (@split $parts:ident $($n:ident)+) => {
        let rest = $parts;
        $(let (mut $n, rest) = $crate::future::__private::Parts::split(rest);)+
        let () = *rest;
    };
    (@poll biased $cx:ident $enabled:ident $waiting:ident $Select:ident $(($n:ident $i:tt ($p:pat)))+) => {
        $($crate::__select! { @branch $cx $enabled $waiting $Select $n $i ($p) })+
    };
    (@poll fair $cx:ident $enabled:ident $waiting:ident $Select:ident $(($n:ident $i:tt ($p:pat)))+) => {
        // Patterns are in its scope: a constant of the user's must not be meant by its name.
        const __ZOKIO_BRANCHES: u32 = <[()]>::len(&[$($crate::__select!(@unit $i)),+]) as u32;
        let mut branch = $crate::__select_begin!(__ZOKIO_BRANCHES);
        for _ in 0..__ZOKIO_BRANCHES {
            match branch {
                $($i => $crate::__select! { @branch $cx $enabled $waiting $Select $n $i ($p) },)+
                _ => {}
            }
            branch = if branch + 1 == __ZOKIO_BRANCHES { 0 } else { branch + 1 };
        }
    };

    // The pattern is tried by an arm whose guard is never true, so that the output is looked at but not taken apart;
    // any pattern will do, those that bind by value and by `ref mut` too.
    (@branch $cx:ident $enabled:ident $waiting:ident $Select:ident $n:ident $i:tt ($p:pat)) => {
        'branch: {
            if !$enabled[$i] {
                break 'branch;
            }
            // The arm that leaves makes a type of output that nothing else says (of a future that only panics, say) fall
            // back to what such arms have.
            #[allow(unused_mut)] // a pattern may bind by `ref mut`
            let mut output = match ::core::future::Future::poll($n.as_mut(), $cx) {
                ::core::task::Poll::Ready(output) => output,
                ::core::task::Poll::Pending => {
                    $waiting = true;
                    break 'branch;
                }
            };
            let mut matches = false;
            #[allow(unused_variables, unused_mut, unreachable_code, unreachable_patterns)]
            match output {
                $p if {
                    matches = true;
                    false
                } => return ::core::task::Poll::Pending,
                _ => {}
            }
            #[allow(unreachable_code)] // where there is no value of its type
            if matches {
                return ::core::task::Poll::Ready($Select::$n(output));
            }
            $enabled[$i] = false;
        }
    };
    (@unit $i:tt) => {
        ()
    };
}

/// [`join!`] and [`try_join!`]: `[which] [unused names] [futures taken] [their names, last first] (future) (future) ...`.
#[doc(hidden)]
#[macro_export]
macro_rules! __join {
    ([$how:ident] [($n:ident $i:tt) $($unused:tt)*] [$($taken:tt)*] [$($last:ident)*] ($f:expr) $($more:tt)*) => {
        $crate::__join! { [$how] [$($unused)*] [$($taken)* ($n $i ($f))] [$n $($last)*] $($more)* }
    };
    ([$how:ident] [] $taken:tt $last:tt $($more:tt)+) => {
        ::core::compile_error!("`join!` and `try_join!` take at most 64 futures")
    };

    // All futures are taken: each has a name, a number and an expression.
    ([$how:ident] $unused:tt [$(($n:ident $i:tt ($f:expr)))+] [$($last:ident)+]) => {{
        $(let $n = $f;)+
        $(let $n = $crate::future::__private::MaybeDone::new($n);)+
        // The last one first: they are dropped in order.
        let parts = ();
        $(let parts = $crate::future::__private::Parts::new($last, parts);)+
        #[allow(unused_mut, unused_variables)] // not where the order is fixed
        let mut rotation = $crate::future::__private::Rotation::new();
        $crate::future::__private::SideBySide::new(parts, move |parts, cx| {
            $crate::__select! { @split parts $($n)+ }
            let mut done = true;
            $crate::__join! { @poll $how cx done rotation $($n $i)+ }
            if !done {
                return ::core::task::Poll::Pending;
            }
            ::core::task::Poll::Ready($crate::__join! { @outputs $how $($n)+ })
        })
        .await
    }};

    (@poll join_biased $cx:ident $done:ident $rotation:ident $($n:ident $i:tt)+) => {
        $($done &= $n.as_mut().poll($cx);)+
    };
    (@poll join $cx:ident $done:ident $rotation:ident $($n:ident $i:tt)+) => {
        for part in $rotation.round(<[()]>::len(&[$($crate::__join!(@unit $i)),+])) {
            $done &= match part {
                $($i => $n.as_mut().poll($cx),)+
                _ => true,
            };
        }
    };
    (@poll try_join_biased $cx:ident $done:ident $rotation:ident $($n:ident $i:tt)+) => {
        $($crate::__join! { @tried $done $n.as_mut().try_poll($cx) })+
    };
    (@poll try_join $cx:ident $done:ident $rotation:ident $($n:ident $i:tt)+) => {
        for part in $rotation.round(<[()]>::len(&[$($crate::__join!(@unit $i)),+])) {
            $crate::__join! { @tried $done match part {
                $($i => $n.as_mut().try_poll($cx),)+
                _ => ::core::result::Result::Ok(true),
            } }
        }
    };

    (@tried $done:ident $polled:expr) => {
        match $polled {
            ::core::result::Result::Ok(this) => $done &= this,
            ::core::result::Result::Err(error) => {
                return ::core::task::Poll::Ready(::core::result::Result::Err(error));
            }
        }
    };

    (@outputs try_join $($n:ident)+) => {
        ::core::result::Result::Ok(($($n.as_mut().take_ok().expect("every part has completed"),)+))
    };
    (@outputs try_join_biased $($n:ident)+) => {
        $crate::__join! { @outputs try_join $($n)+ }
    };
    (@outputs $how:ident $($n:ident)+) => {
        ($($n.as_mut().take().expect("every part has completed"),)+)
    };
    (@unit $i:tt) => {
        ()
    };
}
