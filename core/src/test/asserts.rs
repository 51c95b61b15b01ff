//! The asserts. Each takes a message like `assert!`, and gives what it found so that a test can go on with it.

/// Asserts that a poll is ready, and gives its output.
///
/// # Panics
///
/// Panics where it is pending, at the place of the macro.
///
/// # Examples
///
/// ```
/// use core::task::Poll;
///
/// let five = zokio_core::assert_ready!(Poll::Ready(5));
/// assert_eq!(five, 5);
/// ```
///
/// ```should_panic
/// zokio_core::assert_ready!(core::task::Poll::<()>::Pending, "after {} wakes", 2);
/// ```
#[macro_export]
macro_rules! assert_ready {
    ($poll:expr $(,)?) => {
        match $poll {
            ::core::task::Poll::Ready(output) => output,
            ::core::task::Poll::Pending => ::core::panic!("expected the poll to be ready, it is pending"),
        }
    };
    ($poll:expr, $($message:tt)+) => {
        match $poll {
            ::core::task::Poll::Ready(output) => output,
            ::core::task::Poll::Pending => ::core::panic!(
                "expected the poll to be ready, it is pending: {}", ::core::format_args!($($message)+)
            ),
        }
    };
}

/// Asserts that a poll is pending.
///
/// # Panics
///
/// Panics where it is ready, and shows its output.
///
/// # Examples
///
/// ```
/// zokio_core::assert_pending!(core::task::Poll::<u8>::Pending);
/// ```
///
/// ```should_panic
/// zokio_core::assert_pending!(core::task::Poll::Ready(5));
/// ```
#[macro_export]
macro_rules! assert_pending {
    ($poll:expr $(,)?) => {
        match $poll {
            ::core::task::Poll::Pending => {}
            ::core::task::Poll::Ready(output) => {
                ::core::panic!("expected the poll to be pending, it is ready with {output:?}")
            }
        }
    };
    ($poll:expr, $($message:tt)+) => {
        match $poll {
            ::core::task::Poll::Pending => {}
            ::core::task::Poll::Ready(output) => ::core::panic!(
                "expected the poll to be pending, it is ready with {output:?}: {}", ::core::format_args!($($message)+)
            ),
        }
    };
}

/// Asserts that a poll is ready with `Ok`, and gives what is in it.
///
/// # Panics
///
/// Panics where it is pending, or ready with an error, which is shown.
///
/// # Examples
///
/// ```
/// use core::task::Poll;
///
/// assert_eq!(zokio_core::assert_ready_ok!(Poll::Ready(Ok::<_, ()>(5))), 5);
/// ```
#[macro_export]
macro_rules! assert_ready_ok {
    ($poll:expr $(, $($message:tt)*)?) => {
        $crate::assert_ok!($crate::assert_ready!($poll $(, $($message)*)?) $(, $($message)*)?)
    };
}

/// Asserts that a poll is ready with `Err`, and gives what is in it.
///
/// # Panics
///
/// Panics where it is pending, or ready with `Ok`, whose content is shown.
///
/// # Examples
///
/// ```
/// use core::task::Poll;
///
/// assert_eq!(zokio_core::assert_ready_err!(Poll::Ready(Err::<(), _>("no"))), "no");
/// ```
#[macro_export]
macro_rules! assert_ready_err {
    ($poll:expr $(, $($message:tt)*)?) => {
        $crate::assert_err!($crate::assert_ready!($poll $(, $($message)*)?) $(, $($message)*)?)
    };
}

/// Asserts that a poll is ready with an output that equals another value.
///
/// # Panics
///
/// Panics where it is pending, or the values differ; both are shown.
///
/// # Examples
///
/// ```
/// zokio_core::assert_ready_eq!(core::task::Poll::Ready(5), 5);
/// ```
#[macro_export]
macro_rules! assert_ready_eq {
    ($poll:expr, $expected:expr $(, $($message:tt)*)?) => {
        ::core::assert_eq!($crate::assert_ready!($poll $(, $($message)*)?), $expected $(, $($message)*)?)
    };
}

/// Asserts that a result is `Ok`, and gives what is in it.
///
/// # Panics
///
/// Panics where it is an error, which is shown.
///
/// # Examples
///
/// ```
/// assert_eq!(zokio_core::assert_ok!("5".parse::<u8>()), 5);
/// ```
#[macro_export]
macro_rules! assert_ok {
    ($result:expr $(,)?) => {
        match $result {
            ::core::result::Result::Ok(value) => value,
            ::core::result::Result::Err(error) => ::core::panic!("expected Ok, found Err({error:?})"),
        }
    };
    ($result:expr, $($message:tt)+) => {
        match $result {
            ::core::result::Result::Ok(value) => value,
            ::core::result::Result::Err(error) => {
                ::core::panic!("expected Ok, found Err({error:?}): {}", ::core::format_args!($($message)+))
            }
        }
    };
}

/// Asserts that a result is `Err`, and gives what is in it.
///
/// # Panics
///
/// Panics where it is `Ok`, whose content is shown.
///
/// # Examples
///
/// ```
/// zokio_core::assert_err!("five".parse::<u8>());
/// ```
#[macro_export]
macro_rules! assert_err {
    ($result:expr $(,)?) => {
        match $result {
            ::core::result::Result::Err(error) => error,
            ::core::result::Result::Ok(value) => ::core::panic!("expected Err, found Ok({value:?})"),
        }
    };
    ($result:expr, $($message:tt)+) => {
        match $result {
            ::core::result::Result::Err(error) => error,
            ::core::result::Result::Ok(value) => {
                ::core::panic!("expected Err, found Ok({value:?}): {}", ::core::format_args!($($message)+))
            }
        }
    };
}

#[cfg(all(test, feature = "std", not(loom)))]
mod tests {
    use core::task::Poll::{Pending, Ready};
    use std::string::String;

    /// What a closure panics with.
    fn message<R>(f: impl FnOnce() -> R) -> String {
        let payload =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(f()))).expect_err("it does not panic");
        match payload.downcast::<String>() {
            Ok(message) => *message,
            Err(payload) => (*payload.downcast::<&'static str>().expect("a text")).into(),
        }
    }

    #[test]
    fn what_is_as_expected_is_given_back() {
        assert_eq!(assert_ready!(Ready(1),), 1);
        assert_eq!(assert_ready!(Ready(2), "{}", "text"), 2);
        assert_pending!(core::task::Poll::<()>::Pending, "text");
        assert_eq!(assert_ready_ok!(Ready(Ok::<_, ()>(3))), 3);
        assert_eq!(assert_ready_err!(Ready(Err::<(), _>(4)), "text"), 4);
        assert_ready_eq!(Ready(5), 5);
        assert_ready_eq!(Ready(5), 5, "text {}", 1);
        assert_eq!(assert_ok!(Ok::<_, ()>(6), "text"), 6);
        assert_eq!(assert_err!(Err::<(), _>(7)), 7);
    }

    #[test]
    fn what_is_not_is_shown() {
        assert!(message(|| assert_ready!(Pending::<()>)).contains("it is pending"));
        assert!(message(|| assert_ready!(Pending::<()>, "turn {}", 2)).ends_with("it is pending: turn 2"));
        assert!(message(|| assert_pending!(Ready(8))).contains("ready with 8"));
        assert!(message(|| assert_pending!(Ready(8), "turn {}", 3)).ends_with("ready with 8: turn 3"));
        assert!(message(|| assert_ready_ok!(Ready(Err::<(), _>("no")))).contains("Err(\"no\")"));
        assert!(message(|| assert_ready_ok!(Pending::<Result<(), ()>>)).contains("pending"));
        assert!(message(|| assert_ready_err!(Ready(Ok::<_, ()>(9)))).contains("Ok(9)"));
        assert!(message(|| assert_ready_eq!(Ready(5), 6)).contains('6'));
        assert!(message(|| assert_ready_eq!(Pending::<u8>, 6, "turn {}", 4)).contains("turn 4"));
        assert!(message(|| assert_ok!(Err::<(), _>("no"), "turn {}", 5)).ends_with("Err(\"no\"): turn 5"));
        assert!(message(|| assert_err!(Ok::<_, ()>(1))).contains("Ok(1)"));
    }
}
