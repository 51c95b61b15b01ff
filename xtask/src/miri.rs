//! `miri`: core and executor-local under an interpreter that finds undefined behaviour, with strict provenance.
//!
//! Every test runs once under each model of aliasing, once on a 32-bit and once on a big-endian target. A seed is another
//! order of threads and another layout of memory: the tests that start threads run with many, the others, where it changes
//! addresses only, with one (in `deep` with some). Two runs at a time, or as many as there are cores.

use std::fs;
use std::time::Instant;

use crate::process::Process;
use crate::report::{Count, Report, Verdict, seconds as shown};
use crate::source::{self, words};
use crate::test;
use crate::toolchain;
use crate::workers;
use crate::workspace::{Workspace, files};

/// How seeds are given out.
#[derive(Debug, Clone, Copy)]
pub struct Seeds {
    /// For the tests that start threads.
    pub threads: u32,
    /// For all tests.
    pub all: u32,
    /// Whether each test runs under both models of aliasing, with the single-core back ends and on other targets too. If not,
    /// it runs once under stacked borrows.
    pub wide: bool,
}

/// What CI has time for; the rest is in `cargo xtask miri`.
pub const CI: Seeds = Seeds { threads: 1, all: 1, wide: false };

/// What `cargo xtask miri` runs.
pub const WIDE: Seeds = Seeds { threads: 16, all: 1, wide: true };

/// What `deep` runs.
pub const DEEP: Seeds = Seeds { threads: 256, all: 16, wide: true };

/// The 32-bit and the big-endian target.
const TARGETS: [&str; 2] = ["i686-unknown-linux-gnu", "s390x-unknown-linux-gnu"];

/// One call of Miri.
#[derive(Debug, Clone)]
struct Run {
    package: &'static str,
    features: &'static str,
    unicore: bool,
    /// Tree borrows in the place of stacked ones.
    tree: bool,
    target: Option<&'static str>,
    /// Only these tests; none is all.
    tests: Vec<String>,
    seeds: (u32, u32),
}

impl Run {
    fn name(&self) -> String {
        let aliasing = if self.tree { "tree borrows" } else { "stacked borrows" };
        let tests = if self.tests.is_empty() { "all tests" } else { "tests with threads" };
        let place = self.target.map(|target| format!(", {target}")).unwrap_or_default();
        let back_end = if self.unicore { ", unicore" } else { "" };
        format!("{}{back_end}{place}, {aliasing}, {tests}, seeds {}..{}", self.package, self.seeds.0, self.seeds.1)
    }

    fn process(&self, workspace: &Workspace) -> Process {
        let mut flags = "-Zmiri-strict-provenance".to_owned();
        if self.tree {
            flags.push_str(" -Zmiri-tree-borrows");
        }
        match self.seeds {
            (from, to) if to == from + 1 => flags.push_str(&format!(" -Zmiri-seed={from}")),
            (from, to) => flags.push_str(&format!(" -Zmiri-many-seeds={from}..{to}")),
        }
        // A folder each, or those that run at the same time wait for each other's build.
        let folder =
            format!("miri/{}{}{}", self.package, if self.unicore { "-unicore" } else { "" }, u8::from(self.tree));
        let mut process = Process::new("rustup")
            .args(["run", "nightly", "cargo", "miri", "test", "--lib", "--tests", "-p", self.package, "--features"])
            .args([self.features]);
        if let Some(target) = self.target {
            process = process.args(["--target", target]);
        }
        process
            .args(["--"])
            .args(&self.tests)
            .env("MIRIFLAGS", flags)
            .rustflags(if self.unicore { "--cfg zokio_unicore" } else { "" })
            .target_dir(&workspace.target.join(folder))
            .limit(4 * 3600)
            .dir(&workspace.root)
    }
}

/// Runs the part.
pub fn run(workspace: &Workspace, report: &mut Report, seeds: Seeds) {
    report.part("miri", |report| {
        let ready = report.step("interpreter and its libraries", || {
            if let Err(skip) = toolchain::miri() {
                return skip;
            }
            // One after the other: two that set up the same folder get into each other's way.
            for target in [None, Some(TARGETS[0]), Some(TARGETS[1])] {
                let process = Process::new("rustup").args(["run", "nightly", "cargo", "miri", "setup"]);
                let process = process.args(target.into_iter().flat_map(|target| ["--target", target]));
                match Verdict::of_command(process.limit(1200).output()) {
                    Verdict::Passed(..) => {}
                    verdict => return verdict,
                }
            }
            Verdict::passed("")
        });
        if !ready {
            return;
        }
        let runs = runs(workspace, seeds);
        report.step(&format!("{} runs", runs.len()), || {
            let ran = workers::each(&runs, |run| {
                let started = Instant::now();
                (run.process(workspace).output(), started.elapsed())
            });
            let (mut passed, mut findings) = (0, Vec::new());
            for (run, (output, elapsed)) in runs.iter().zip(ran) {
                let count = output.as_ref().map(|output| Count::of(&output.text)).unwrap_or_default();
                println!("   {:>8} {:>6} passed: {}", shown(elapsed), count.passed, run.name());
                passed += count.passed;
                match Verdict::of_tests(output) {
                    Verdict::Passed(0, _) => findings.push(format!("{}: not one test ran", run.name())),
                    Verdict::Failed(_, _, why) => findings.push(format!("{}\n{why}", run.name())),
                    _ => {}
                }
            }
            Verdict::of_findings(passed, "", findings)
        });
    });
}

/// The runs, the longest first.
fn runs(workspace: &Workspace, seeds: Seeds) -> Vec<Run> {
    const CORE: (&str, &str) = ("zokio-core", "std,heapless");
    const LOCAL: (&str, &str) = ("zokio-executor-local", "std");
    let run = |(package, features): (&'static str, &'static str), tree, target| Run {
        package,
        features,
        unicore: false,
        tree,
        target,
        tests: Vec::new(),
        seeds: (0, seeds.all),
    };
    let mut runs = Vec::new();
    for tree in [false, true] {
        for (place, folders) in
            [(CORE, ["core/src", "core/tests"]), (LOCAL, ["executor-local/src", "executor-local/tests"])]
        {
            let tests = folders.iter().flat_map(|folder| with_threads(workspace, folder)).collect();
            runs.push(Run { tests, seeds: (0, seeds.threads), ..run(place, tree, None) });
        }
    }
    for tree in [false, true] {
        runs.push(run(CORE, tree, None));
        runs.push(run(LOCAL, tree, None));
        runs.push(Run { unicore: true, features: test::UNICORE, ..run(CORE, tree, None) });
    }
    for target in TARGETS {
        runs.push(Run { seeds: (0, 1), ..run(CORE, false, Some(target)) });
        runs.push(Run { seeds: (0, 1), ..run(LOCAL, false, Some(target)) });
    }
    runs.retain(|run| run.seeds.1 > 1 || run.tests.is_empty());
    if !seeds.wide {
        runs.retain(|run| run.target.is_none() && !run.tree && !run.unicore);
    }
    runs
}

/// The names of the tests below a folder that start threads.
fn with_threads(workspace: &Workspace, folder: &str) -> Vec<String> {
    let mut names = Vec::new();
    for path in files(&workspace.root.join(folder), ".rs") {
        names.extend(threaded(&fs::read_to_string(&path).unwrap_or_default()));
    }
    names.sort();
    names.dedup();
    names
}

/// The tests of a file that start threads, themselves or through a function of the same file.
fn threaded(text: &str) -> Vec<String> {
    let code = source::code(text);
    let bytes = code.as_bytes();
    // Name, whether it is a test, body.
    let mut functions: Vec<(&str, bool, &str)> = Vec::new();
    let mut end = 0;
    let found: Vec<(usize, &str)> = words(&code).collect();
    for pair in found.windows(2).filter(|pair| pair[0].1 == "fn") {
        let at = pair[1].0;
        let Some(open) = code[at..].find(['{', ';']).map(|place| at + place) else { continue };
        if let Some(close) = source::matching(bytes, open) {
            let before = &code[end.min(at)..at];
            functions.push((pair[1].1, before.contains("#[test]"), &code[open..close]));
            end = close;
        }
    }
    let starts =
        |body: &str| ["thread::spawn", "thread::scope", "thread::Builder"].iter().any(|word| body.contains(word));
    let mut helpers: Vec<&str> =
        functions.iter().filter(|function| starts(function.2)).map(|function| function.0).collect();
    loop {
        let calls = |body: &str| words(body).any(|(_, word)| helpers.contains(&word));
        let more: Vec<&str> = functions
            .iter()
            .filter(|function| !helpers.contains(&function.0) && calls(function.2))
            .map(|function| function.0)
            .collect();
        if more.is_empty() {
            break;
        }
        helpers.extend(more);
    }
    functions
        .iter()
        .filter(|function| function.1 && helpers.contains(&function.0))
        .map(|function| function.0.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_with_threads_are_told_from_the_others() {
        let text = "fn helper() { std::thread::spawn(|| ()); }\n#[test]\nfn a() { helper(); }\n#[test]\nfn b() { other(); }\n\
                    #[test]\nfn c() { thread::scope(|_| ()); }\nfn other() {}\n";
        assert_eq!(threaded(text), ["a", "c"]);
    }

    #[test]
    fn core_runs_in_every_way() {
        let workspace = Workspace::find().expect("workspace");
        let runs = runs(&workspace, WIDE);
        let core = |tree: bool, target: Option<&str>| {
            runs.iter().any(|run| {
                run.package == "zokio-core" && run.tree == tree && run.target == target && run.tests.is_empty()
            })
        };
        assert!(
            core(false, None) && core(true, None) && core(false, Some(TARGETS[0])) && core(false, Some(TARGETS[1]))
        );
        let many = runs.iter().find(|run| run.seeds == (0, 16)).expect("sixteen seeds");
        assert!(many.tests.len() > 5, "{:?}", many.tests);
    }
}
