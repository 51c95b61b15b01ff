//! `miri`: core and executor-local under an interpreter that finds undefined behaviour, with strict provenance.
//!
//! Every test runs once under each model of aliasing, once on a 32-bit and once on a big-endian target. A seed is another
//! order of threads and another layout of memory: the tests that start threads run with many, the others, where it changes
//! addresses only, with one (in `deep` with some). As many runs at a time as there are cores; the tests of core, which take
//! longest, are divided among several runs, and it is counted that none is lost.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::mutant;
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
    /// How many of these are one run.
    pub range: u32,
    /// For all tests.
    pub all: u32,
    /// Whether each test runs under both models of aliasing, with the single-core back ends and on other targets too. If not,
    /// it runs once under stacked borrows, and those that start threads with more seeds under tree borrows.
    pub wide: bool,
}

/// What CI has time for; the rest is in `cargo xtask miri`.
pub const CI: Seeds = Seeds { threads: 4, range: 4, all: 1, wide: false };

/// What `cargo xtask miri` runs.
pub const WIDE: Seeds = Seeds { threads: 16, range: 16, all: 1, wide: true };

/// What `deep` runs.
pub const DEEP: Seeds = Seeds { threads: 256, range: 16, all: 1, wide: true };

/// The 32-bit and the big-endian target.
const TARGETS: [&str; 2] = ["i686-unknown-linux-gnu", "s390x-unknown-linux-gnu"];

/// The parts of core whose tests run by themselves; what is in none of them is one more run.
const PIECES: [&str; 2] = ["sync::", "task::"];

/// What the runs are called whose tests start threads.
const THREADS: &str = "tests with threads";

/// One call of Miri.
#[derive(Debug, Clone)]
struct Run {
    package: &'static str,
    features: &'static str,
    unicore: bool,
    /// Tree borrows in the place of stacked ones.
    tree: bool,
    target: Option<&'static str>,
    /// The arguments that choose the programs.
    programs: BTreeSet<String>,
    /// Which tests they are, in words.
    what: &'static str,
    /// Only tests whose path contains one of these; none is all. Of [`THREADS`] the names, and then the whole paths.
    tests: Vec<String>,
    /// Not those whose path contains one of these.
    without: Vec<&'static str>,
    seeds: (u32, u32),
}

impl Run {
    fn name(&self) -> String {
        let aliasing = if self.tree { "tree borrows" } else { "stacked borrows" };
        let place = self.target.map(|target| format!(", {target}")).unwrap_or_default();
        let back_end = if self.unicore { ", unicore" } else { "" };
        format!(
            "{}{back_end}{place}, {aliasing}, {}, seeds {}..{}",
            self.package, self.what, self.seeds.0, self.seeds.1
        )
    }

    /// Whether it is one of those that [`divided`] makes.
    fn is_piece(&self) -> bool {
        self.what != "all tests" && self.what != THREADS
    }

    /// What the runs have in common that divide the tests of a package among them.
    fn whole(&self) -> (&'static str, bool, bool, Option<&'static str>) {
        (self.package, self.unicore, self.tree, self.target)
    }

    fn process(&self, workspace: &Workspace) -> Process {
        let without = self.without.iter().flat_map(|path| ["--skip", path]);
        let exact = (self.what == THREADS).then_some("--exact");
        self.command(workspace).args(exact).args(&self.tests).args(without)
    }

    /// The paths of all tests there are.
    fn list(&self, workspace: &Workspace) -> Result<Vec<String>, String> {
        let once = Self { seeds: (0, 1), ..self.clone() };
        let text = once.command(workspace).args(["--list"]).read()?;
        Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
    }

    /// Finds the paths and the programs of the tests with threads by their names: most of these are of models, which are not
    /// there. The interpreter would start every program and search every path for every name, in each seed anew, which took
    /// longer than the tests.
    fn find(&mut self, workspace: &Workspace) -> Result<(), String> {
        let once = Self { seeds: (0, 1), ..self.clone() };
        let text = once.command(workspace).args(["--list", "-Zunstable-options", "--format=json"]).read()?;
        let names = std::mem::take(&mut self.tests);
        self.programs.clear();
        for (path, file) in text.lines().filter_map(listed) {
            if names.iter().any(|name| path.rsplit("::").next() == Some(name)) {
                self.tests.push(path.to_owned());
                // Without the folder of its package.
                let inside: PathBuf = Path::new(file).iter().skip(1).collect();
                self.programs.insert(mutant::binary_of(&inside)?.join("="));
            }
        }
        if self.tests.is_empty() { Err(format!("{}: there are none", self.name())) } else { Ok(()) }
    }

    /// How many tests pass where all do, of a run with several seeds. They run side by side and write in between each other's
    /// lines, so that what is read there is too few; whether one failed is told by how the interpreter ends.
    fn count(&self) -> Option<usize> {
        let seeds = (self.seeds.1 - self.seeds.0) as usize;
        (seeds > 1 && self.what == THREADS).then(|| self.tests.len() * seeds)
    }

    /// Without the names of tests.
    fn command(&self, workspace: &Workspace) -> Process {
        let mut flags = "-Zmiri-strict-provenance".to_owned();
        if self.tree {
            flags.push_str(" -Zmiri-tree-borrows");
        }
        match self.seeds {
            (from, to) if to == from + 1 => flags.push_str(&format!(" -Zmiri-seed={from}")),
            // On one thread, since runs side by side have all cores already: two of two seeds took 94 and 100 s on two cores, and
            // 125 s each with as many threads as cores. A run alone has one core so.
            (from, to) => flags.push_str(&format!(" -Zmiri-many-seeds={from}..{to} -Zthreads=1")),
        }
        // One folder for all that is built alike: those that begin at the same time wait for the first one's build.
        let folder = format!("miri/{}{}", self.package, if self.unicore { "-unicore" } else { "" });
        let mut process = Process::new("rustup")
            .args(["run", "nightly", "cargo", "miri", "test", "-p", self.package, "--features", self.features])
            .args(&self.programs);
        if let Some(target) = self.target {
            process = process.args(["--target", target]);
        }
        process
            .args(["--"])
            .env("MIRIFLAGS", flags)
            .rustflags(if self.unicore { "--cfg zokio_unicore" } else { "" })
            .target_dir(&workspace.target.join(folder))
            .limit(4 * 3600)
            .dir(&workspace.root)
    }
}

/// Runs the part: all runs whose names contain every one of `filters`.
pub fn run(workspace: &Workspace, report: &mut Report, seeds: Seeds, filters: &[&str]) {
    let mut runs = runs(workspace, seeds);
    runs.retain(|run| filters.iter().all(|filter| run.name().contains(filter)));
    some(workspace, report, runs, filters.is_empty());
}

/// The runs of `deep`: their names, their packages, and about how many seconds of a core each takes.
pub fn deep(workspace: &Workspace) -> Vec<(String, &'static str, u64)> {
    let runs = runs(workspace, DEEP);
    runs.iter().map(|run| (run.name(), run.package, if run.package == "zokio-core" { 300 } else { 100 })).collect()
}

/// One run of `deep`.
pub fn one(workspace: &Workspace, report: &mut Report, name: &str) {
    let mut runs = runs(workspace, DEEP);
    runs.retain(|run| run.name() == name);
    some(workspace, report, runs, false);
}

fn some(workspace: &Workspace, report: &mut Report, mut runs: Vec<Run>, are_all: bool) {
    report.part("miri", |report| {
        if runs.is_empty() {
            report.step("runs", || Verdict::failed("there is no such run"));
            return;
        }
        let ready = report.step("interpreter and its libraries", || {
            if let Err(skip) = toolchain::miri() {
                return skip;
            }
            // One after the other: two that set up the same folder get into each other's way.
            let places: BTreeSet<Option<&str>> = runs.iter().map(|run| run.target).collect();
            for target in places {
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
        if runs.iter().any(|run| run.what == THREADS) {
            let found = report.step("tests with threads", || {
                let mut threads: Vec<&mut Run> = runs.iter_mut().filter(|run| run.what == THREADS).collect();
                let outcomes: Vec<Result<(), String>> = threads.iter_mut().map(|run| run.find(workspace)).collect();
                let count = threads.iter().map(|run| run.tests.len()).sum();
                Verdict::of_findings(count, "", outcomes.into_iter().filter_map(Result::err).collect())
            });
            if !found {
                return;
            }
        }
        let ran = workers::each(&runs, |run| {
            let started = Instant::now();
            let output = run.process(workspace).output();
            let mut count = output.as_ref().map(|output| Count::of(&output.text)).unwrap_or_default();
            if let Some(known) = run.count()
                && matches!(&output, Ok(output) if output.success() && count.passed > 0)
            {
                count.passed = known;
            }
            // Told as soon as it is known: the whole takes hours.
            println!("   {:>8} {:>6} passed: {}", shown(started.elapsed()), count.passed, run.name());
            (count, Verdict::of_tests(output))
        });
        let counts: Vec<Count> = ran.iter().map(|ran| ran.0).collect();
        report.step(&format!("{} runs", runs.len()), || {
            let (mut passed, mut findings) = (0, Vec::new());
            for (run, (count, verdict)) in runs.iter().zip(ran) {
                passed += count.passed;
                match verdict {
                    Verdict::Passed(0, _) => findings.push(format!("{}: not one test ran", run.name())),
                    Verdict::Failed(_, _, why) => findings.push(format!("{}\n{why}", run.name())),
                    _ => {}
                }
            }
            Verdict::of_findings(passed, "", findings)
        });
        if are_all {
            report.step("what was divided is whole", || whole(workspace, &runs, &counts));
        }
    });
}

/// Whether the runs among which a package's tests are divided have run all that there are.
fn whole(workspace: &Workspace, runs: &[Run], counts: &[Count]) -> Verdict {
    let (mut checked, mut findings) = (0, Vec::new());
    for run in runs.iter().filter(|run| !run.without.is_empty()) {
        // The one that takes the rest is found once for each whole.
        if !run.tests.is_empty() {
            continue;
        }
        let listed = match run.list(workspace) {
            Ok(paths) => paths.len(),
            Err(error) => return Verdict::failed(error),
        };
        let pieces = runs.iter().zip(counts).filter(|(piece, _)| piece.is_piece() && piece.whole() == run.whole());
        let ran: usize = pieces.map(|(_, count)| count.passed + count.failed + count.ignored).sum();
        // With several seeds each test runs several times.
        let expected = listed * (run.seeds.1 - run.seeds.0) as usize;
        if ran == expected {
            checked += 1;
        } else {
            findings.push(format!("{}: {ran} tests were run of {expected}", run.name()));
        }
    }
    Verdict::of_findings(checked, "", findings)
}

/// The runs, the longest first.
fn runs(workspace: &Workspace, seeds: Seeds) -> Vec<Run> {
    const CORE: (&str, &str) = ("zokio-core", "std,heapless");
    const LOCAL: (&str, &str) = ("zokio-executor-local", "std");
    let run = |(package, features): (&'static str, &'static str), tree, target| Run {
        package,
        features,
        unicore: false,
        programs: ["--lib", "--tests"].map(str::to_owned).into(),
        tree,
        target,
        what: "all tests",
        tests: Vec::new(),
        without: Vec::new(),
        seeds: (0, seeds.all),
    };
    let mut runs = Vec::new();
    for tree in [false, true] {
        for (place, folders) in
            [(CORE, ["core/src", "core/tests"]), (LOCAL, ["executor-local/src", "executor-local/tests"])]
        {
            let tests = folders.iter().flat_map(|folder| with_threads(workspace, folder)).collect();
            let threads = Run { what: THREADS, tests, ..run(place, tree, None) };
            for from in (0..seeds.threads).step_by(seeds.range as usize) {
                runs.push(Run { seeds: (from, (from + seeds.range).min(seeds.threads)), ..threads.clone() });
            }
        }
    }
    for tree in [false, true] {
        runs.extend(divided(&run(CORE, tree, None)));
        runs.push(run(LOCAL, tree, None));
        runs.extend(divided(&Run { unicore: true, features: test::UNICORE, ..run(CORE, tree, None) }));
    }
    for target in TARGETS {
        runs.extend(divided(&Run { seeds: (0, 1), ..run(CORE, false, Some(target)) }));
        runs.push(Run { seeds: (0, 1), ..run(LOCAL, false, Some(target)) });
    }
    runs.retain(|run| run.seeds.1 > 1 || run.what != THREADS);
    if !seeds.wide {
        runs.retain(|run| run.target.is_none() && !run.unicore && run.tree == (run.what == THREADS));
    }
    runs
}

/// A run of all tests, divided among several.
fn divided(run: &Run) -> Vec<Run> {
    let piece = |(at, &path): (usize, &&'static str)| Run {
        what: path.trim_end_matches(':'),
        tests: vec![path.to_owned()],
        without: PIECES[..at].to_vec(),
        ..run.clone()
    };
    let mut runs: Vec<Run> = PIECES.iter().enumerate().map(piece).collect();
    runs.push(Run { what: "the rest", without: PIECES.to_vec(), ..run.clone() });
    runs
}

/// Path and file of a test, from a line of the list of all, unless it is one that the interpreter does not run.
fn listed(line: &str) -> Option<(&str, &str)> {
    let text = |name: &str| {
        let (_, rest) = line.split_once(&format!("\"{name}\": \""))?;
        rest.split_once('"').map(|found| found.0)
    };
    if line.contains("\"ignore\": true") { None } else { text("name").zip(text("source_path")) }
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
    // A thread of `thread::Builder` is one that the test waits for at once: it is there for its small stack.
    let starts = |body: &str| ["thread::spawn", "thread::scope"].iter().any(|word| body.contains(word));
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
    fn a_test_that_is_not_run_is_not_counted() {
        let line = |ignore| {
            format!(
                "{{ \"type\": \"test\", \"event\": \"discovered\", \"name\": \"a::b\", \"ignore\": {ignore}, \
                 \"ignore_message\": \"\", \"source_path\": \"core/src/a.rs\", \"start_line\": 35 }}"
            )
        };
        assert_eq!(listed(&line(false)), Some(("a::b", "core/src/a.rs")));
        assert_eq!(listed(&line(true)), None);
        assert_eq!(listed("{ \"type\": \"suite\", \"event\": \"discovery\" }"), None);
    }

    #[test]
    fn core_runs_in_every_way() {
        let workspace = Workspace::find().expect("workspace");
        let runs = runs(&workspace, WIDE);
        let core = |tree: bool, target: Option<&str>| {
            runs.iter()
                .any(|run| run.package == "zokio-core" && run.tree == tree && run.target == target && run.is_piece())
        };
        assert!(
            core(false, None) && core(true, None) && core(false, Some(TARGETS[0])) && core(false, Some(TARGETS[1]))
        );
        let many = runs.iter().find(|run| run.seeds == (0, 16)).expect("sixteen seeds");
        assert!(many.tests.len() > 5, "{:?}", many.tests);
        assert_eq!(many.count(), Some(many.tests.len() * 16));
        assert!(runs.iter().filter(|run| run.is_piece()).all(|run| run.count().is_none()));
    }

    #[test]
    fn what_is_divided_is_run_once() {
        let workspace = Workspace::find().expect("workspace");
        let runs = runs(&workspace, CI);
        let runs_of = |path: &str| {
            let of = |run: &&Run| {
                let named = run.tests.is_empty() || run.tests.iter().any(|part| path.contains(part.as_str()));
                run.is_piece() && named && !run.without.iter().any(|part| path.contains(part))
            };
            runs.iter().filter(of).count()
        };
        for path in ["sync::tests::a", "task::sync::tests::b", "time::tests::c", "future::task::d", "stack::e"] {
            assert_eq!(runs_of(path), 1, "{path}");
        }
        assert!(runs.iter().any(|run| run.tree && run.seeds == (0, 4)), "threads under tree borrows");
    }
}
