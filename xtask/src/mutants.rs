//! `mutants`: every test that names the change it must catch is seen to catch it.
//!
//! What a test names, and how, is in [`crate::mutant`]. The tree is copied below the target folder, once for each core. A
//! change is applied there, the test's package is compiled anew without optimizing for speed of the test, and that one test
//! is run; it must fail. A change that does not compile proves nothing and is a failure, and so is a test that did not run.
//! Tests that name the same change share its build. What is compiled alike stands together in the row of changes, and the
//! copies take from its two ends, so that each compiles one package again and again and few others. Builds have folders of
//! their own: cargo cannot tell the copies' packages from the originals. That the test passes without the change is shown
//! by the other parts.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::loom;
use crate::modules;
use crate::mutant::{self, Build, Mutant};
use crate::process::{Output, Process};
use crate::report::{Report, Verdict, seconds};
use crate::shuttle;
use crate::test::UNICORE;
use crate::workers;
use crate::workspace::{Package, Workspace, files};

/// One change, and the tests of one program that must catch it.
pub struct Change {
    /// The package of the tests.
    pub package: Package,
    /// The arguments that choose the program.
    binary: Vec<String>,
    /// Who names it: at least one.
    pub mutants: Vec<Mutant>,
}

/// The program of a change, from the tree, and how long it took to build.
pub struct Built {
    /// Or why there is none.
    pub program: Result<PathBuf, String>,
    took: Duration,
}

/// A mutant, and what became of it.
type Judged = (Mutant, Verdict);

/// Runs the part: all mutants whose test's name or file contains one of `filters`; none: all.
///
/// Says how many were caught.
pub fn run(workspace: &Workspace, report: &mut Report, filters: &[&str]) -> String {
    let mut told = String::new();
    report.part("mutants", |report| {
        let packages = workspace.packages().unwrap_or_default();
        let (mut found, mut wrong) = named(workspace, &packages);
        report.step("each names a text that stands once", || {
            wrong.extend(found.iter().filter_map(|mutant| changed(&workspace.root, mutant).err()));
            Verdict::of_findings(1, format!("{} mutants", found.len()), wrong)
        });
        found.retain(|mutant| {
            let wanted = |filter: &&str| mutant.test.contains(*filter) || mutant.at.contains(*filter);
            (filters.is_empty() || filters.iter().any(wanted)) && changed(&workspace.root, mutant).is_ok()
        });
        if found.is_empty() {
            report.step("mutants", || Verdict::failed("not one mutant was found"));
            return;
        }
        let judge = |tree: &Path, change: Change, built: Built| judge(workspace, tree, change, &built);
        let judged =
            match changes(workspace, &packages, found).and_then(|changes| build_each(workspace, changes, judge)) {
                Ok(judged) => judged.into_iter().flatten().collect::<Vec<_>>(),
                Err(error) => {
                    report.step("mutants", || Verdict::failed(error));
                    return;
                }
            };
        let (caught, survivors): (Vec<Judged>, Vec<Judged>) =
            judged.into_iter().partition(|judged| matches!(judged.1, Verdict::Passed(..)));
        told = format!("{} mutants caught", caught.len());
        if !caught.is_empty() {
            report.step("caught", || Verdict::Passed(caught.len(), String::new()));
        }
        for (mutant, verdict) in survivors {
            report.step(&mutant.to_string(), || verdict);
        }
    });
    told
}

/// Builds the models of every package with each change that one of them names, and hands each build to `visit` with the tree
/// that it was made from. As many at a time as there are cores.
///
/// # Errors
///
/// Where the tree cannot be read or copied.
pub fn of_models<R: Send>(
    workspace: &Workspace,
    filter: &str,
    visit: impl Fn(&Path, Change, Built) -> R + Sync,
) -> Result<Vec<R>, String> {
    let packages = workspace.packages()?;
    let mut found = named(workspace, &packages).0;
    found.retain(|mutant| mutant.build == Build::Loom && mutant.at.contains(filter));
    build_each(workspace, changes(workspace, &packages, found)?, visit)
}

/// Every mutant of the tree, and what is wrong with the comments of others.
fn named(workspace: &Workspace, packages: &[Package]) -> (Vec<Mutant>, Vec<String>) {
    let contexts: BTreeMap<PathBuf, String> =
        packages.iter().flat_map(|package| modules::contexts(&package.dir.join("src/lib.rs"))).collect();
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    for path in files(&workspace.root, ".rs") {
        if path.starts_with(workspace.root.join("xtask")) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        let context = contexts.get(&path).map(String::as_str).unwrap_or_default();
        let (some, others) = mutant::mutants(&workspace.relative(&path), context, &text);
        found.extend(some);
        wrong.extend(others);
    }
    (found, wrong)
}

/// The files whose tests name mutants, each with the package it belongs to and how many there are.
pub fn by_file(workspace: &Workspace, packages: &[Package]) -> Vec<(String, String, usize)> {
    let mut found: BTreeMap<(String, String), usize> = BTreeMap::new();
    for mutant in named(workspace, packages).0 {
        let file = mutant.at.split(':').next().unwrap_or_default().to_owned();
        if let Some(package) = package_of(&workspace.root.join(&file), packages) {
            *found.entry((file, package.name.clone())).or_default() += 1;
        }
    }
    found.into_iter().map(|((file, package), count)| (file, package, count)).collect()
}

/// The package that a file is in.
fn package_of<'a>(file: &Path, packages: &'a [Package]) -> Option<&'a Package> {
    let around = packages.iter().filter(|package| file.starts_with(&package.dir));
    around.max_by_key(|package| package.dir.components().count())
}

/// The text of the file that a mutant changes, before and after.
fn changed(root: &Path, mutant: &Mutant) -> Result<(String, String), String> {
    let path = root.join(&mutant.file);
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {}: {error}", mutant.at, mutant.file))?;
    let changed = mutant::apply(&mutant.change, &text)
        .map_err(|error| format!("{}: {error}\n{}: {}", mutant.at, mutant.file, mutant.change))?;
    Ok((text, changed))
}

/// The changes, what is compiled alike side by side.
fn changes(workspace: &Workspace, packages: &[Package], mutants: Vec<Mutant>) -> Result<VecDeque<Change>, String> {
    let mut changes: BTreeMap<_, Change> = BTreeMap::new();
    for mutant in mutants {
        let source = workspace.root.join(mutant.at.split(':').next().unwrap_or_default());
        let package =
            package_of(&source, packages).ok_or_else(|| format!("{}: the test is in no package", mutant.at))?;
        let inside = source.strip_prefix(&package.dir).map_err(|error| error.to_string())?;
        let binary = mutant::binary_of(inside)?;
        let key = (mutant.build, package.name.clone(), binary.clone(), mutant.file.clone(), mutant.change.clone());
        let change = || Change { package: package.clone(), binary, mutants: Vec::new() };
        changes.entry(key).or_insert_with(change).mutants.push(mutant);
    }
    Ok(changes.into_values().collect())
}

/// Builds all changes and visits each, with a copy of the tree for each core.
fn build_each<R: Send>(
    workspace: &Workspace,
    changes: VecDeque<Change>,
    visit: impl Fn(&Path, Change, Built) -> R + Sync,
) -> Result<Vec<R>, String> {
    let slots: Vec<usize> = (0..workers::count().min(changes.len())).collect();
    let folders = |slot: usize| workspace.target.join(format!("mutants/{}", workers::slot() + slot));
    for &slot in &slots {
        copy(&workspace.root, &folders(slot).join("tree"))?;
    }
    let left = Mutex::new(changes);
    let visited = workers::each(&slots, |&slot| {
        let mut visited = Vec::new();
        loop {
            let next = {
                let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
                if slot % 2 == 0 { left.pop_front() } else { left.pop_back() }
            };
            let Some(change) = next else { return visited };
            let (folder, started) = (folders(slot), Instant::now());
            let tree = folder.join("tree");
            let program = apply_and_build(&folder, &tree, &change);
            let built = Built { program, took: started.elapsed() };
            visited.push(visit(&tree, change, built));
        }
    });
    Ok(visited.into_iter().flatten().collect())
}

/// Judges one change, which was built in a copy of the tree.
fn judge(workspace: &Workspace, tree: &Path, change: Change, built: &Built) -> Vec<Judged> {
    let mut judged = Vec::new();
    for mutant in change.mutants {
        let started = Instant::now();
        let verdict = match &built.program {
            Ok(executable) => {
                test(workspace, tree, &change.package, executable, &mutant).unwrap_or_else(Verdict::failed)
            }
            Err(error) => Verdict::failed(format!("{}: {error}", mutant.at)),
        };
        // Why it was not caught is told at once: all of them take long.
        let (word, verdict) = match verdict {
            Verdict::Passed(count, word) => (word.clone(), Verdict::Passed(count, word)),
            Verdict::Failed(.., why) => (format!("NOT CAUGHT: {why}\n  "), Verdict::failed(&mutant.at)),
            verdict => ("skipped".to_owned(), verdict),
        };
        println!("   {:>6} + {:>6} {word}: {}: {mutant}", seconds(built.took), seconds(started.elapsed()), mutant.at);
        judged.push((mutant, verdict));
    }
    judged
}

/// Builds the changed program; the tree is put right again at once.
fn apply_and_build(folder: &Path, tree: &Path, change: &Change) -> Result<PathBuf, String> {
    let mutant = change.mutants.first().ok_or("nothing to change")?;
    let (text, changed) = changed(tree, mutant)?;
    let path = tree.join(&mutant.file);
    fs::write(&path, changed).map_err(|error| error.to_string())?;
    let built = build(folder, tree, change, mutant.build);
    fs::write(&path, text).map_err(|error| error.to_string())?;
    built
}

fn build(folder: &Path, tree: &Path, change: &Change, build: Build) -> Result<PathBuf, String> {
    let package = &change.package;
    let process = match build {
        Build::Loom => {
            // Only what is compiled once is worth optimizing.
            loom::command(package)
                .args(["--config", "profile.release.package.\"*\".opt-level=1"])
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
                .target_dir(&folder.join("loom"))
        }
        Build::Shuttle => {
            shuttle::command(package).env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0").target_dir(&folder.join("shuttle"))
        }
        Build::Host | Build::Unicore | Build::WithoutStd => {
            let (flags, features) = match build {
                Build::Unicore => ("--cfg zokio_unicore", UNICORE.to_owned()),
                Build::WithoutStd => ("", String::new()),
                _ => ("", package.test_features()),
            };
            Process::cargo(&["test", "-p", &package.name, "--features", &features])
                .args(&change.binary)
                .env("CARGO_PROFILE_DEV_DEBUG", "0")
                .env("CARGO_PROFILE_TEST_DEBUG", "0")
                .env("CARGO_INCREMENTAL", "1")
                .rustflags(flags)
                .target_dir(&folder.join("build"))
        }
    };
    let built = process.args(["--no-run"]).dir(tree).limit(900).output()?;
    if !built.success() {
        return Err(format!("the changed tree does not compile\n{}", built.complaint()));
    }
    executable(&built.text).ok_or_else(|| format!("no test binary in\n{}", built.text))
}

fn test(
    workspace: &Workspace,
    tree: &Path,
    package: &Package,
    executable: &Path,
    mutant: &Mutant,
) -> Result<Verdict, String> {
    let dir = tree.join(package.dir.strip_prefix(&workspace.root).map_err(|error| error.to_string())?);
    let run = Process::new(&tree.join(executable).to_string_lossy())
        .args([&mutant.test])
        .env("LOOM_MAX_PREEMPTIONS", "2")
        .env("RUST_BACKTRACE", "0")
        .limit(if mutant.build == Build::Loom { 300 } else { 60 })
        .dir(&dir)
        .output()?;
    Ok(caught(mutant, &run))
}

/// Whether the run shows the test failing.
fn caught(mutant: &Mutant, run: &Output) -> Verdict {
    let test = &mutant.test;
    let ran = run.text.lines().any(|line| line.starts_with("running ") && !line.starts_with("running 0 "));
    if !ran {
        return Verdict::failed(format!("{}: {test} did not run\n{}", mutant.at, run.complaint()));
    }
    if run.timed_out() {
        return match mutant.build {
            Build::Loom => Verdict::failed(format!("{}: {test} did not end\n{}", mutant.at, run.complaint())),
            _ => Verdict::passed("caught: it never ended"),
        };
    }
    let named = run
        .text
        .lines()
        .any(|line| line.contains(&format!("{test} ... FAILED")) || line.contains(&format!("{test} stdout ----")));
    let aborted = run.status.is_some_and(|status| status.code().is_none());
    if run.success() || !(named || aborted) {
        return Verdict::failed(format!("{}: {test} passes with the change\n{}", mutant.at, run.complaint()));
    }
    Verdict::passed(if aborted { "caught: aborted" } else { "caught" })
}

/// The test binary that `cargo test --no-run` names.
pub fn executable(text: &str) -> Option<PathBuf> {
    let line = text.lines().find(|line| line.trim_start().starts_with("Executable "))?;
    let (_, path) = line.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    Some(PathBuf::from(path))
}

/// Makes `to` a copy of the tree, without touching files that are the same already.
fn copy(root: &Path, to: &Path) -> Result<(), String> {
    let error = |error: std::io::Error| format!("{}: {error}", to.display());
    fs::create_dir_all(to).map_err(error)?;
    let ours = files(root, "");
    for stale in files(to, "") {
        if !stale.strip_prefix(to).is_ok_and(|place| root.join(place).exists()) {
            fs::remove_file(stale).map_err(error)?;
        }
    }
    for path in ours {
        let Ok(place) = path.strip_prefix(root) else { continue };
        let copy = to.join(place);
        let text = fs::read(&path).map_err(error)?;
        if fs::read(&copy).is_ok_and(|there| there == text) {
            continue;
        }
        if let Some(parent) = copy.parent() {
            fs::create_dir_all(parent).map_err(error)?;
        }
        fs::write(&copy, text).map_err(error)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(text: &str, command: &str) -> Output {
        let mut output = Process::new("sh").args(["-c", command]).output().expect("sh");
        output.text = text.to_owned();
        output
    }

    #[test]
    fn gate_finds_a_test_that_catches_nothing() {
        let text = "// Mutant: a.rs :: x => y\n#[test]\nfn failure_034_wakes() {}\n";
        let mutant = mutant::mutants("core/src/a.rs", "", text).0.remove(0);
        let passed = ran("running 1 test\ntest a::failure_034_wakes ... ok\n", "true");
        assert!(matches!(caught(&mutant, &passed), Verdict::Failed(..)));
        let absent = ran("running 0 tests\n", "true");
        assert!(matches!(caught(&mutant, &absent), Verdict::Failed(..)));
        let other = ran("running 2 tests\ntest a::other ... FAILED\n", "exit 101");
        assert!(matches!(caught(&mutant, &other), Verdict::Failed(..)));
        let failed = ran("running 1 test\ntest a::failure_034_wakes ... FAILED\n", "exit 101");
        assert!(matches!(caught(&mutant, &failed), Verdict::Passed(..)));
    }

    #[test]
    fn binaries_are_chosen_by_the_place_of_the_test() {
        assert_eq!(mutant::binary_of(Path::new("src/a.rs")).as_deref(), Ok(["--lib".to_owned()].as_slice()));
        assert_eq!(
            mutant::binary_of(Path::new("tests/park/os.rs")).as_deref(),
            Ok(["--test".to_owned(), "park".to_owned()].as_slice())
        );
        let text = "   Compiling x\n  Executable unittests src/lib.rs (/t/deps/zokio_core-1f)\n";
        assert_eq!(executable(text), Some(PathBuf::from("/t/deps/zokio_core-1f")));
    }
}
