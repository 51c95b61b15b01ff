//! What this build of the crate is: for which machine, with which back ends, and how large its parts are.

use core::fmt;

/// What was decided when the program was compiled.
///
/// # Cost
///
/// Constants; nothing is asked at run time.
///
/// # Examples
///
/// ```
/// let build = zokio::build_info();
/// assert_eq!(build.pointer_bits, usize::BITS);
/// // A task may cost 64 bytes beside its future on a 64-bit machine, and half of that on a 32-bit one.
/// assert!(build.sizes.task_joined <= 8 * size_of::<usize>());
/// # #[cfg(feature = "rt")]
/// println!("{build}");
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct BuildInfo {
    /// The version of this crate.
    pub version: &'static str,
    /// The instruction set.
    pub arch: &'static str,
    /// The operating system; `none` on bare metal.
    pub os: &'static str,
    /// Bits of a pointer.
    pub pointer_bits: u32,
    /// Whether the most significant byte comes first.
    pub big_endian: bool,
    /// What excludes whom unless a primitive is told otherwise.
    pub lock: &'static str,
    /// How tasks and run queues are kept: `lock-free`, or `unicore` by short critical sections of the one core.
    pub tasks: &'static str,
    /// Where executors wait for devices.
    pub reactor: &'static str,
    /// Whether debug assertions are compiled in.
    pub debug_assertions: bool,
    /// Bytes of what programs have many of.
    pub sizes: Sizes,
}

/// Bytes of what programs have many of, on this target.
///
/// # Units
///
/// Bytes. A task also has max(future, output) bytes; a channel its buffer; a mutex its value.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Sizes {
    /// A static task whose output nobody asks for.
    pub task: usize,
    /// A task that can be joined.
    pub task_joined: usize,
    /// A join handle.
    pub join_handle: usize,
    /// A sleep, its place in the timer queue included.
    pub sleep: usize,
    /// What a timer queue has beside its clock.
    pub timer_queue: usize,
    /// A mutex around nothing.
    pub mutex: usize,
    /// A channel of one byte, beside that byte.
    pub channel: usize,
    /// A notify.
    pub notify: usize,
    /// A wait for a notify: one waiter's place in line.
    pub waiter: usize,
    /// A waker.
    pub waker: usize,
}

/// The first of some names whose condition holds.
macro_rules! first {
    ($($condition:meta => $name:literal,)* ; $other:literal) => {{
        $(if cfg!($condition) { $name } else)* { $other }
    }};
}

/// What was decided when the program was compiled.
#[must_use]
pub const fn build_info() -> BuildInfo {
    BuildInfo {
        version: env!("CARGO_PKG_VERSION"),
        arch: first! {
            target_arch = "x86_64" => "x86_64",
            target_arch = "x86" => "x86",
            target_arch = "aarch64" => "aarch64",
            target_arch = "arm" => "arm",
            target_arch = "riscv32" => "riscv32",
            target_arch = "riscv64" => "riscv64",
            target_arch = "wasm32" => "wasm32",
            target_arch = "s390x" => "s390x",
            target_arch = "powerpc64" => "powerpc64",
            ; "other"
        },
        os: first! {
            target_os = "linux" => "linux",
            target_os = "macos" => "macos",
            target_os = "windows" => "windows",
            target_os = "freebsd" => "freebsd",
            target_os = "android" => "android",
            target_os = "ios" => "ios",
            target_os = "wasi" => "wasi",
            target_os = "none" => "none",
            ; "other"
        },
        pointer_bits: usize::BITS,
        big_endian: cfg!(target_endian = "big"),
        lock: first! {
            feature = "rt" => "flag",
            feature = "critical-section" => "critical section",
            all(zokio_unicore, target_arch = "arm", target_os = "none") => "critical section",
            all(target_family = "wasm", not(target_feature = "atomics")) => "none needed",
            ; "none"
        },
        tasks: first! {
            zokio_unicore => "unicore",
            ; "lock-free"
        },
        reactor: first! {
            all(feature = "net", any(target_os = "linux", target_os = "android")) => "epoll",
            all(feature = "net", any(target_os = "illumos", target_os = "redox")) => "epoll",
            all(feature = "net", windows) => "iocp",
            all(feature = "net", any(target_vendor = "apple", target_os = "freebsd", target_os = "dragonfly")) => "kqueue",
            all(feature = "net", any(target_os = "netbsd", target_os = "openbsd")) => "kqueue",
            all(feature = "net", unix) => "other",
            all(feature = "wasi", target_os = "wasi") => "poll_oneoff",
            feature = "metal" => "interrupts",
            ; "none"
        },
        debug_assertions: cfg!(debug_assertions),
        sizes: Sizes {
            task: zokio_core::task::raw::HEADER_BYTES,
            task_joined: zokio_core::task::raw::JOINED_BYTES,
            join_handle: size_of::<crate::task::JoinHandle<()>>(),
            sleep: size_of::<crate::time::Sleep>(),
            timer_queue: size_of::<crate::time::Timers<NoClock>>(),
            mutex: size_of::<crate::sync::Mutex<()>>(),
            channel: size_of::<crate::sync::Channel<u8, 1>>() - 1,
            notify: size_of::<crate::sync::Notify>(),
            waiter: size_of::<crate::sync::Notified<'static>>(),
            waker: size_of::<core::task::Waker>(),
        },
    }
}

/// A clock of no size, for the size of what is around one.
enum NoClock {}

impl fmt::Display for BuildInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "zokio {} on {}-{}, {} bits", self.version, self.arch, self.os, self.pointer_bits)?;
        writeln!(f, "tasks {}, lock {}, reactor {}", self.tasks, self.lock, self.reactor)?;
        write!(f, "{}", self.sizes)
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("task", self.task),
            ("joined task", self.task_joined),
            ("join handle", self.join_handle),
            ("sleep", self.sleep),
            ("timer queue", self.timer_queue),
            ("mutex", self.mutex),
            ("channel", self.channel),
            ("notify", self.notify),
            ("waiter", self.waiter),
            ("waker", self.waker),
        ];
        for (at, (name, bytes)) in rows.into_iter().enumerate() {
            let end = if at + 1 < rows.len() { "\n" } else { "" };
            write!(f, "{name:12} {bytes:>4} bytes{end}")?;
        }
        Ok(())
    }
}

#[cfg(all(test, feature = "rt"))]
mod tests {
    use super::build_info;

    #[test]
    fn what_is_told_is_what_the_compiler_says() {
        let build = build_info();
        assert_eq!(build.arch, std::env::consts::ARCH);
        assert_eq!(build.os, std::env::consts::OS);
        assert_eq!((build.pointer_bits, build.lock), (usize::BITS, "flag"));
        let text = std::format!("{build}");
        assert_eq!(text.lines().count(), 12, "{text}");
        assert!(text.contains(build.reactor) && !text.ends_with('\n'), "{text}");
    }
}
