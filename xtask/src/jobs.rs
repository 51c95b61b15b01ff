//! The parts of `deep`, at full measure.
//!
//! | part | measure | divided by | hours of a core |
//! |---|---|---|---|
//! | soak | tests that are ignored as soaks, optimized | package | 0.1 |
//! | loom | 3 preemptions | package | 0.1 |
//! | orderings | each place weakened, 2 preemptions | not at all | 0.05 |
//! | kills | each change that a model names, under every model | not at all | 0.6 |
//! | shuttle | 500,000 schedules a test | package | 0.2 |
//! | mutants | every mutant: 5 s for the build of each, shared by tests that name the same | the file of the tests | 0.7 |
//! | miri | tests with threads: 256 seeds under both models of aliasing; every test: one seed under both on both back ends, and on a 32-bit and a big-endian target | what is tested where, and 16 seeds | 4 |
//! | fuzz | an hour of a core a target, ten minutes on the back end of one core | ten minutes; the corpus goes on | 10.5 |
//!
//! In all about 16 hours of a core, that is 8 of a machine of two. The hours are those of single parts that were seen, times
//! their number; once all have run, `deep` goes by what each took.
//!
//! A seed of Miri is another order of threads, and another layout of memory: in tests without threads the second seed finds
//! what the first one did, so that they get one seed in each of their six ways. A process of Miri runs a range of seeds, since
//! it compiles the package for 9 s, and needs 2 s to start each seed.

use std::collections::BTreeSet;
use std::fs;

#[cfg(test)]
use crate::ledger;
use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::workspace::{Package, Workspace, files};
use crate::{fuzz, kills, loom, miri, mutants, orderings, shuttle};

/// How many schedules a test of shuttle's runs.
const SCHEDULES: u32 = 500_000;

/// How much of a core a piece of fuzzing is, in seconds, and of how many a target is made on each back end.
const FUZZ: (u64, u32, u32) = (600, 6, 1);

/// One part.
#[derive(Debug)]
pub struct Job {
    /// Says all of its measure: another measure is another part.
    pub name: String,
    /// What it depends on, from the root.
    pub paths: Vec<String>,
    /// What it will cost by rule of thumb, in seconds of a core.
    pub guess: u64,
    work: Work,
}

/// What only shuttle compiles.
const SCHEDULED: [&str; 2] = ["**/schedules.rs", "**/explore.rs"];

#[derive(Debug)]
enum Work {
    Soak(String),
    Loom(String),
    Orderings,
    Kills,
    Shuttle(String),
    Mutants(String),
    Miri(String),
    Fuzz(String),
}

/// All parts.
///
/// # Errors
///
/// Where the manifests cannot be read.
pub fn all(workspace: &Workspace) -> Result<Vec<Job>, String> {
    let packages = workspace.packages()?;
    let with_schedules = |names: &[&str]| paths(workspace, &packages, names);
    let paths = |names: &[&str]| [with_schedules(names), skips(&SCHEDULED)].concat();
    let mut jobs = Vec::new();
    for package in &packages {
        let name = &package.name;
        if files(&package.dir.join("src"), ".rs").iter().any(|path| {
            // Others are ignored because they fail on purpose.
            fs::read_to_string(path).is_ok_and(|text| text.contains("\nfn soak_"))
        }) && name != "zokio-xtask"
        {
            let work = Work::Soak(name.clone());
            jobs.push(Job { name: format!("soak {name}"), paths: paths(&[name]), guess: 120, work });
        }
        if loom::has_models(package) {
            let work = Work::Loom(name.clone());
            jobs.push(Job { name: format!("loom {name}, 3 preemptions"), paths: paths(&[name]), guess: 120, work });
        }
        if shuttle::has_schedules(package) {
            let (work, name) = (Work::Shuttle(name.clone()), format!("shuttle {name}, {SCHEDULES} schedules"));
            jobs.push(Job { name, paths: with_schedules(&[&package.name]), guess: 200, work });
        }
    }
    let modelled: Vec<&str> =
        packages.iter().filter(|package| loom::has_models(package)).map(|package| package.name.as_str()).collect();
    jobs.push(Job { name: "orderings".to_owned(), paths: paths(&modelled), guess: 120, work: Work::Orderings });
    jobs.push(Job { name: "kills".to_owned(), paths: paths(&modelled), guess: 2_000, work: Work::Kills });
    for (file, package, count) in mutants::by_file(workspace, &packages) {
        let is_scheduled = SCHEDULED.iter().any(|name| file.ends_with(name.trim_start_matches('*')));
        jobs.push(Job {
            name: format!("mutants {file}"),
            paths: if is_scheduled { with_schedules(&[&package]) } else { paths(&[&package]) },
            guess: 10 + 8 * count as u64,
            work: Work::Mutants(format!("{file}:")),
        });
    }
    for (name, package, guess) in miri::deep(workspace) {
        jobs.push(Job { name: format!("miri {name}"), paths: paths(&[package]), guess, work: Work::Miri(name) });
    }
    let (seconds, pieces, of_one_core) = FUZZ;
    for target in fuzz::all(workspace) {
        let name = target.name();
        let needs: &[&str] = if target.has_unicore() { &["zokio-core", "zokio-executor-local"] } else { &["zokio"] };
        let mut paths = paths(needs);
        paths.extend(["Cargo.toml", "src", "targets"].map(|path| format!("fuzz/{path}")));
        // Nothing of these is compiled for it.
        paths.extend(skips(&["**/tests/**", "**/tests.rs"]));
        let pieces = if target.is_unicore() { of_one_core } else { pieces };
        for piece in 1..=pieces {
            jobs.push(Job {
                name: format!("fuzz {name}, {seconds} s of a core, {piece} of {pieces}"),
                paths: paths.clone(),
                guess: seconds,
                work: Work::Fuzz(name.clone()),
            });
        }
    }
    Ok(jobs)
}

/// As git says that such files are not meant.
fn skips(globs: &[&str]) -> Vec<String> {
    globs.iter().map(|glob| format!(":(exclude,glob){glob}")).collect()
}

/// The sources of packages and of those of this workspace that they depend on.
fn paths(workspace: &Workspace, packages: &[Package], names: &[&str]) -> Vec<String> {
    let mut wanted: BTreeSet<&str> = names.iter().copied().collect();
    loop {
        let among = |name: &str| packages.iter().find(|package| package.name == name);
        let more: BTreeSet<&str> = wanted
            .iter()
            .filter_map(|name| among(name))
            .flat_map(|package| package.dependencies.iter().map(|dependency| dependency.name.as_str()))
            .filter(|name| among(name).is_some() && !wanted.contains(name))
            .collect();
        if more.is_empty() {
            break;
        }
        wanted.extend(more);
    }
    // Without the lock file: it changes with every package, and the versions of foreign crates in it seldom do.
    let mut paths = vec!["rust-toolchain.toml".to_owned()];
    for package in packages.iter().filter(|package| wanted.contains(package.name.as_str())) {
        let folder = workspace.relative(&package.dir);
        let folder = if package.dir == workspace.root { String::new() } else { format!("{folder}/") };
        paths.extend(["Cargo.toml", "build.rs", "src", "tests"].map(|path| format!("{folder}{path}")));
    }
    paths.sort();
    paths.dedup();
    paths
}

impl Job {
    /// Where the changes that tests name matter to it.
    pub fn marked(&self) -> Vec<String> {
        match &self.work {
            Work::Kills => self.paths.clone(),
            Work::Mutants(file) => vec![file.trim_end_matches(':').to_owned()],
            _ => Vec::new(),
        }
    }

    /// The target of `fuzz` that it runs: a program that can be held against that of another commit.
    pub fn program(&self) -> Option<&str> {
        match &self.work {
            Work::Fuzz(target) => Some(target),
            _ => None,
        }
    }

    /// Runs it, and says what it was beside the counts of the report.
    pub fn run(&self, workspace: &Workspace, report: &mut Report) -> String {
        match &self.work {
            Work::Soak(package) => {
                report.part("soak", |report| {
                    report.step(&format!("soaks of {package}"), || {
                        let features = workspace.packages().unwrap_or_default();
                        let features = features.iter().find(|there| there.name == *package);
                        let features = features.map(Package::test_features).unwrap_or_default();
                        let process = Process::cargo(&["test", "--release", "--no-fail-fast", "--lib", "-p", package]);
                        let process = process.args(["--features", &features, "--", "--ignored", "soak"]);
                        Verdict::of_tests(process.limit(4 * 3600).dir(&workspace.root).output())
                    });
                });
                String::new()
            }
            Work::Loom(package) => {
                let mut sum = String::new();
                report.part("loom", |report| sum = loom::some(workspace, report, 3, package));
                sum
            }
            Work::Orderings => {
                orderings::run(workspace, report, orderings::EVERY);
                String::new()
            }
            Work::Kills => kills::run(workspace, report, ""),
            Work::Shuttle(package) => shuttle::some(workspace, report, SCHEDULES, package),
            Work::Mutants(file) => mutants::run(workspace, report, &[file]),
            Work::Miri(name) => {
                miri::one(workspace, report, name);
                String::new()
            }
            Work::Fuzz(target) => fuzz::one(workspace, report, target, FUZZ.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_part_is_there_and_each_has_its_own_name() {
        let workspace = Workspace::find().expect("workspace");
        let jobs = all(&workspace).expect("parts");
        for kind in ["soak ", "loom ", "orderings", "kills", "shuttle ", "mutants ", "miri ", "fuzz "] {
            assert!(jobs.iter().any(|job| job.name.starts_with(kind)), "{kind}");
        }
        let names: BTreeSet<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
        assert_eq!(names.len(), jobs.len());
        assert!(names.iter().all(|name| !name.contains(" | ") && !name.starts_with('#')));
    }

    #[test]
    fn fuzzing_does_not_depend_on_tests() {
        let workspace = Workspace::find().expect("workspace");
        let jobs = all(&workspace).expect("parts");
        let hash = |paths: &[&str]| {
            ledger::sources(&workspace, &paths.iter().map(|&path| path.to_owned()).collect::<Vec<_>>())
        };
        let fuzz = jobs.iter().find(|job| job.name.starts_with("fuzz ")).expect("a part");
        let skips: Vec<&str> =
            fuzz.paths.iter().map(String::as_str).filter(|path| path.starts_with(":(exclude")).collect();
        // On a tree with changes that are not committed it says so.
        if let (Ok(all), Ok(one)) = (hash(&["core/src/task"]), hash(&["core/src/task/mod.rs"])) {
            let without = hash(&[&["core/src/task"], &skips[..]].concat()).expect("as committed");
            assert!(without != all && without != one);
            let only_tests = hash(&[&["core/src/task/tests"], &skips[..]].concat());
            assert_eq!(only_tests, hash(&["no-such-folder"]));
        }
    }

    #[test]
    fn a_part_depends_on_what_its_package_depends_on() {
        let workspace = Workspace::find().expect("workspace");
        let packages = workspace.packages().expect("packages");
        let local = paths(&workspace, &packages, &["zokio-executor-local"]);
        assert!(local.iter().any(|path| path == "core/src") && local.iter().any(|path| path == "executor-local/src"));
        assert!(!local.iter().any(|path| ["hal/src", "src", "Cargo.toml"].contains(&path.as_str())), "{local:?}");
        assert!(paths(&workspace, &packages, &["zokio"]).iter().any(|path| path == "Cargo.toml"));
    }
}
