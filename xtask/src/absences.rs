//! What must be absent from the sources: unsafe code above the leaves, state and 64-bit atomics in core, `alloc`, `std`,
//! `loom` and `shuttle` outside of the files that ARCHITECTURE.md lists.

use std::fs;
use std::path::Path;

use crate::modules;
use crate::report::Verdict;
use crate::source::{self, words};
use crate::workspace::Workspace;

/// Crate roots that forbid unsafe code.
const SAFE_ROOTS: &[&str] = &["src/lib.rs", "xtask/src/main.rs", "core/macros/src/lib.rs"];

/// Files with a macro that declares a thread-local where it is used, in the user's program.
const FOR_USERS: &[&str] = &["future/fair.rs", "task/local.rs"];

/// Files with a thread-local of core's own: how far a poll may go, and whose it is; from which seed a thread draws; which ends of
/// tasks it is in the middle of; how many watched values it looks at. No runtime is named there, and without `std` it is nothing.
const OF_A_THREAD: &[&str] = &["task/scope.rs", "future/fair.rs", "guard/turns.rs", "sync/watch/here.rs"];

/// What is compiled for models only: it reads the environment once.
const MODEL: &str = "atomic/model.rs";

/// Files of core that may name `alloc`, `std`, `loom` or `shuttle`, by their whole place in `core/src` or by their last part.
const OUTSIDE_PLACES: &[&str] = &[
    "lib.rs",
    "lock.rs",
    "atomic.rs",
    MODEL,
    "guard.rs",
    "guard/turns.rs",
    "task/heap.rs",
    "task/local.rs",
    "task/scope.rs",
    "future/fair.rs",
    "sync/watch/here.rs",
];
const OUTSIDE_NAMES: &[&str] = &["alloc.rs", "blocking.rs"];

/// Types that hold state which can be changed through a shared reference.
const MUTABLE: &[&str] =
    &["Cell", "UnsafeCell", "RefCell", "OnceCell", "OnceLock", "LazyLock", "Lock", "Mutex", "Arena"];

type Rule = fn(&str, &str) -> Vec<(usize, String)>;

/// Checks the sources of the workspace.
pub fn check(workspace: &Workspace) -> Vec<(String, Verdict)> {
    let mut verdicts = vec![("unsafe code is forbidden above the leaves".to_owned(), safe_roots(workspace))];
    let core = workspace.root.join("core/src");
    let rules: [(&str, Rule); 3] = [
        ("core has no static state", statics),
        ("core has no 64-bit atomics", wide_atomics),
        ("core names alloc, std, loom and shuttle in the listed files only", outside),
    ];
    for (name, rule) in rules {
        let sources = modules::without_tests(&core.join("lib.rs"));
        let findings: Vec<String> = sources
            .iter()
            .flat_map(|path| {
                let place = path.strip_prefix(&core).unwrap_or(path).to_string_lossy().replace('\\', "/");
                let text = fs::read_to_string(path).unwrap_or_default();
                let code = source::without_tests(&source::code(&text));
                let rows = rule(&place, &code);
                let shown = workspace.relative(path);
                rows.into_iter().map(move |(at, what)| format!("{shown}:{}: {what}", source::line_of(&code, at)))
            })
            .collect();
        verdicts.push((name.to_owned(), Verdict::of_findings(1, format!("{} files", sources.len()), findings)));
    }
    verdicts
}

fn safe_roots(workspace: &Workspace) -> Verdict {
    let findings: Vec<String> = SAFE_ROOTS
        .iter()
        .filter(|path| !forbids_unsafe(&workspace.root.join(path)))
        .map(|path| format!("{path} does not say #![forbid(unsafe_code)]"))
        .collect();
    Verdict::of_findings(SAFE_ROOTS.len(), "", findings)
}

fn forbids_unsafe(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    source::code(&text).split_whitespace().collect::<String>().contains("#![forbid(unsafe_code)]")
}

/// Statics that are mutable or hold something that is.
fn statics(place: &str, code: &str) -> Vec<(usize, String)> {
    if OF_A_THREAD.contains(&place) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if place == MODEL {
        return findings;
    }
    let bytes = code.as_bytes();
    for (at, word) in words(code) {
        let local = word == "thread_local" && bytes.get(at + word.len()) == Some(&b'!');
        if local && !FOR_USERS.contains(&place) {
            findings.push((at, "a thread-local".to_owned()));
        }
        let lifetime = at > 0 && bytes[at - 1] == b'\'';
        if word != "static" || lifetime {
            continue;
        }
        let end = bytes[at..].iter().position(|&byte| byte == b'=' || byte == b';').map_or(bytes.len(), |n| at + n);
        for (_, part) in words(&code[at..end]).skip(1) {
            if part == "mut" || MUTABLE.contains(&part) || part.starts_with("Atomic") {
                findings.push((at, format!("a static with `{part}`")));
                break;
            }
        }
    }
    findings
}

/// Atomics wider than a word of a 32-bit target.
fn wide_atomics(_: &str, code: &str) -> Vec<(usize, String)> {
    words(code)
        .filter(|(_, word)| ["AtomicU64", "AtomicI64", "AtomicU128", "AtomicI128", "AtomicF64"].contains(word))
        .map(|(at, word)| (at, format!("`{word}`")))
        .collect()
}

/// Paths into `alloc`, `std`, `loom` and `shuttle` outside of the files for them.
fn outside(place: &str, code: &str) -> Vec<(usize, String)> {
    let name = place.rsplit('/').next().unwrap_or(place);
    if OUTSIDE_PLACES.contains(&place) || OUTSIDE_NAMES.contains(&name) {
        return Vec::new();
    }
    let found: Vec<(usize, &str)> = words(code).collect();
    let own_module = |wanted: &str| found.windows(2).any(|pair| pair[0].1 == "mod" && pair[1].1 == wanted);
    let bytes = code.as_bytes();
    found
        .iter()
        .filter(|&&(at, word)| {
            let path = code[at + word.len()..].trim_start().starts_with("::");
            // `core::alloc::` is another module, `::alloc::` is the crate.
            let before = bytes[..at].strip_suffix(b"::");
            let nested = before.and_then(|bytes| bytes.last()).is_some_and(|&byte| source::is_word(byte));
            ["alloc", "std", "loom", "shuttle"].contains(&word) && path && !nested && !own_module(word)
        })
        .map(|&(at, word)| (at, format!("`{word}::`")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rule: Rule, place: &str, text: &str) -> usize {
        rule(place, &source::without_tests(&source::code(text))).len()
    }

    #[test]
    fn gate_finds_planted_static_state() {
        let fine = "static OPS: Ops = Ops { wake }; fn f(x: &'static AtomicUsize) -> &'static Lock<L, T> { x }
                    const fn g() {} #[cfg(test)] mod t { static A: AtomicBool = AtomicBool::new(false); }";
        assert_eq!(found(statics, "a.rs", fine), 0);
        assert_eq!(found(statics, "a.rs", "static A: AtomicUsize = AtomicUsize::new(0);"), 1);
        assert_eq!(found(statics, "a.rs", "fn f() { static mut A: u8 = 0; }"), 1);
        assert_eq!(found(statics, "a.rs", "pub static A: [Lock<X, u8>; 3] = todo();"), 1);
        assert_eq!(found(statics, "a.rs", "std::thread_local! { static A: u8 = 0 }"), 1);
    }

    #[test]
    fn gate_finds_a_planted_wide_atomic() {
        assert_eq!(found(wide_atomics, "a.rs", "use x::AtomicU32; // AtomicU64"), 0);
        assert_eq!(found(wide_atomics, "a.rs", "use x::AtomicU64;"), 1);
    }

    #[test]
    fn gate_finds_a_planted_path_outside() {
        assert_eq!(found(outside, "task/heap.rs", "use alloc::boxed::Box;"), 0);
        assert_eq!(found(outside, "future/alloc.rs", "use alloc::vec::Vec;"), 0);
        assert_eq!(found(outside, "future/mod.rs", "#[cfg(x)] mod alloc; pub use alloc::join_all;"), 0);
        assert_eq!(found(outside, "a.rs", "/// std::x\nuse core::alloc::Layout; #[cfg(test)] use std::vec;"), 0);
        assert_eq!(found(outside, "a.rs", "use std::sync::Arc;"), 1);
        assert_eq!(found(outside, "a.rs", "fn f() { loom::model(|| {}) }"), 1);
        assert_eq!(found(outside, "a.rs", "use ::alloc::vec::Vec;"), 1);
    }

    #[test]
    fn gate_finds_a_planted_root_without_forbid() {
        let path = std::env::temp_dir().join(format!("zokio-root-{}.rs", std::process::id()));
        fs::write(&path, "#![no_std]\n// #![forbid(unsafe_code)]\n").expect("file");
        let planted = forbids_unsafe(&path);
        fs::write(&path, "#![forbid(unsafe_code)]\n").expect("file");
        let clean = forbids_unsafe(&path);
        fs::remove_file(&path).expect("file");
        assert!(!planted && clean);
    }
}
