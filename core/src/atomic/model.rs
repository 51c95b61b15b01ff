//! loom's atomics, each operation of which knows where it was called: so that one ordering at a time can be weakened
//! without a new build (`cargo xtask orderings`).
//!
//! Two variables of the environment, read once, decide what an operation does beside what loom does:
//!
//! | variable | effect |
//! |---|---|
//! | `ZOKIO_SITES=path` | each place reached is appended to the file, once: `file:line:column kind argument ordering` |
//! | `ZOKIO_WEAKEN=file:line:column argument ordering` | there this argument is replaced; a fence may become `None` |
//!
//! The argument is 0, or 1 for the ordering of a failed exchange. Without the variables nothing is looked up.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::panic::Location;
use std::string::{String, ToString};
use std::sync::{Mutex, OnceLock, PoisonError};

pub use core::sync::atomic::Ordering;
use loom::sync::atomic as loom_atomic;

/// What a site is found by, and what it becomes.
struct Weakened {
    place: String,
    argument: usize,
    /// `None`: there is no fence.
    ordering: Option<Ordering>,
}

/// Where the places reached go, and those that are there.
type Sites = Mutex<(BTreeSet<(String, usize)>, File)>;

struct Plan {
    weakened: Option<Weakened>,
    sites: Option<Sites>,
}

impl Plan {
    /// # Panics
    ///
    /// Where a variable says what cannot be done: a run that does not do it must not pass.
    fn read() -> Self {
        let weakened = std::env::var("ZOKIO_WEAKEN").ok().map(|text| {
            let mut words = text.split(' ');
            let mut word = || words.next().expect("ZOKIO_WEAKEN: place, argument, ordering");
            Weakened {
                place: word().to_string(),
                argument: word().parse().expect("ZOKIO_WEAKEN: a number"),
                ordering: match word() {
                    "None" => None,
                    "Relaxed" => Some(Ordering::Relaxed),
                    "Acquire" => Some(Ordering::Acquire),
                    "Release" => Some(Ordering::Release),
                    "AcqRel" => Some(Ordering::AcqRel),
                    other => panic!("ZOKIO_WEAKEN: no such ordering: {other}"),
                },
            }
        });
        let sites = std::env::var("ZOKIO_SITES").ok().map(|path| {
            let file = OpenOptions::new().create(true).append(true).open(path).expect("ZOKIO_SITES");
            Mutex::new((BTreeSet::new(), file))
        });
        Self { weakened, sites }
    }
}

/// The ordering to use at a place; `None` where there is to be nothing.
fn ordering(at: &Location<'_>, kind: &str, argument: usize, ordering: Ordering) -> Option<Ordering> {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    let plan = PLAN.get_or_init(Plan::read);
    let place = || std::format!("{}:{}:{}", at.file(), at.line(), at.column());
    if let Some(sites) = &plan.sites {
        let mut sites = sites.lock().unwrap_or_else(PoisonError::into_inner);
        if sites.0.insert((place(), argument)) {
            let line = std::format!("{} {kind} {argument} {ordering:?}\n", place());
            sites.1.write_all(line.as_bytes()).expect("ZOKIO_SITES");
        }
    }
    match &plan.weakened {
        Some(weakened) if weakened.argument == argument && weakened.place == place() => weakened.ordering,
        _ => Some(ordering),
    }
}

/// As [`ordering`], of an operation that cannot be left out.
fn of(at: &Location<'_>, kind: &str, argument: usize, wanted: Ordering) -> Ordering {
    ordering(at, kind, argument, wanted).expect("ZOKIO_WEAKEN: only a fence can be left out")
}

/// A fence of the model.
#[track_caller]
pub fn fence(wanted: Ordering) {
    if let Some(ordering) = ordering(Location::caller(), "fence", 0, wanted) {
        loom_atomic::fence(ordering);
    }
}

macro_rules! atomic {
    ($name:ident $(<$T:ident>)?, $value:ty) => {
        /// An atomic of the model.
        #[derive(Debug)]
        pub struct $name$(<$T>)?(loom_atomic::$name$(<$T>)?);

        #[allow(missing_docs)] // as core's
        impl$(<$T>)? $name$(<$T>)? {
            #[track_caller]
            pub fn new(value: $value) -> Self {
                Self(loom_atomic::$name::new(value))
            }

            #[track_caller]
            pub fn into_inner(self) -> $value {
                self.0.into_inner()
            }

            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                self.0.load(of(Location::caller(), "load", 0, order))
            }

            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                self.0.store(value, of(Location::caller(), "store", 0, order));
            }

            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.0.swap(value, of(Location::caller(), "change", 0, order))
            }

            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let at = Location::caller();
                let (success, failure) = (of(at, "change", 0, success), of(at, "load", 1, failure));
                self.0.compare_exchange(current, new, success, failure)
            }

            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let at = Location::caller();
                let (success, failure) = (of(at, "change", 0, success), of(at, "load", 1, failure));
                self.0.compare_exchange_weak(current, new, success, failure)
            }

            #[track_caller]
            pub fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                f: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let at = Location::caller();
                let (set, fetch) = (of(at, "change", 0, set), of(at, "load", 1, fetch));
                self.0.fetch_update(set, fetch, f)
            }
        }
    };
}

macro_rules! fetch {
    ($name:ident, $value:ty, $($method:ident)*) => {
        #[allow(missing_docs)] // as core's
        impl $name {
            $(
                #[track_caller]
                pub fn $method(&self, value: $value, order: Ordering) -> $value {
                    self.0.$method(value, of(Location::caller(), "change", 0, order))
                }
            )*
        }
    };
}

macro_rules! with_mut {
    ($name:ident $(<$T:ident>)?, $value:ty) => {
        #[allow(missing_docs)] // as loom's
        impl$(<$T>)? $name$(<$T>)? {
            #[track_caller]
            pub fn with_mut<R>(&mut self, f: impl FnOnce(&mut $value) -> R) -> R {
                self.0.with_mut(f)
            }
        }
    };
}

macro_rules! default {
    ($($name:ident)*) => {
        $(
            impl Default for $name {
                #[track_caller]
                fn default() -> Self {
                    Self::new(Default::default())
                }
            }
        )*
    };
}

default!(AtomicBool AtomicU32 AtomicUsize);
atomic!(AtomicBool, bool);
atomic!(AtomicU32, u32);
atomic!(AtomicUsize, usize);
atomic!(AtomicPtr<T>, *mut T);
fetch!(AtomicBool, bool, fetch_and fetch_or fetch_xor fetch_nand);
fetch!(AtomicU32, u32, fetch_add fetch_sub fetch_and fetch_or fetch_xor fetch_nand fetch_max fetch_min);
fetch!(AtomicUsize, usize, fetch_add fetch_sub fetch_and fetch_or fetch_xor fetch_nand fetch_max fetch_min);
with_mut!(AtomicU32, u32);
with_mut!(AtomicUsize, usize);
with_mut!(AtomicPtr<T>, *mut T);
