//! `fuzz`: the targets of the package `fuzz`, driven by libFuzzer.
//!
//! The package is a workspace of its own, with its own lock file. It is built by the current toolchain with the
//! instrumentation that libFuzzer reads (`cargo fuzz` adds the same); there is no sanitizer in it: undefined behaviour is
//! Miri's to find. The targets of parts that have a back end of one core run on that too. A target runs for so many seconds of a
//! core. New inputs go to the target folder, the small corpus in `fuzz/corpus` is only read.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{Error, Output, Process};
use crate::report::{Report, Verdict};
use crate::toolchain;
use crate::workers;
use crate::workspace::Workspace;

/// The instrumentation.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                     -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// The back end of one core, its portable form.
const UNICORE: &str = " --cfg zokio_unicore=\"portable\"";

/// Inputs that take longer are a finding, in seconds.
const SLOWEST: u32 = 20;

/// The targets of what has a single-core back end: CI runs them on that too, for half as long.
const SINGLE: [&str; 5] = ["channel", "list", "queue", "timers", "transitions"];

/// What cannot be built for one core: it starts threads of the operating system.
const THREADS: [&str; 1] = ["options"];

/// A target on a back end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    name: String,
    unicore: bool,
}

impl Target {
    /// What it is called: `list`, or `list-unicore`.
    pub fn name(&self) -> String {
        format!("{}{}", self.name, if self.unicore { "-unicore" } else { "" })
    }

    /// Whether it is the one on the back end of one core.
    pub fn is_unicore(&self) -> bool {
        self.unicore
    }

    /// Whether it needs no more than what there is on one core.
    pub fn has_unicore(&self) -> bool {
        !THREADS.contains(&self.name.as_str())
    }

    /// Where its back end is built.
    fn folder(&self, workspace: &Workspace) -> PathBuf {
        workspace.target.join(if self.unicore { "fuzz-unicore" } else { "fuzz" })
    }
}

/// What CI runs: every target for so many seconds of a core.
pub fn run(workspace: &Workspace, report: &mut Report, seconds: u64) {
    let (all, single) = all(workspace).into_iter().partition(|target| !target.unicore);
    let mut single: Vec<Target> = single;
    single.retain(|target| SINGLE.contains(&target.name.as_str()));
    report.part("fuzz", |report| {
        planted(workspace, report);
        some(workspace, report, &all, seconds);
        some(workspace, report, &single, seconds / 2);
    });
}

/// Runs the targets whose name contains `filter`, on both back ends, so many seconds of a core each.
pub fn filtered(workspace: &Workspace, report: &mut Report, filter: &str, seconds: u64) {
    let mut targets = all(workspace);
    targets.retain(|target| target.name().contains(filter));
    report.part("fuzz", |report| {
        planted(workspace, report);
        some(workspace, report, &targets, seconds);
    });
}

/// Runs one target so many seconds of a core. Says how many inputs there were.
pub fn one(workspace: &Workspace, report: &mut Report, name: &str, seconds: u64) -> String {
    let mut targets = all(workspace);
    targets.retain(|target| target.name() == name);
    let mut inputs = 0;
    report.part("fuzz", |report| inputs = some(workspace, report, &targets, seconds));
    format!("{inputs} inputs")
}

fn planted(workspace: &Workspace, report: &mut Report) {
    report.step("each target finds a bug planted in it", || {
        let process = Process::cargo(&["test", "--release", "--lib"]).dir(&workspace.root.join("fuzz"));
        Verdict::of_tests(process.target_dir(&workspace.target.join("fuzz")).output())
    });
}

/// Runs targets, as many at a time as there are cores; each back end is built where it is wanted.
fn some(workspace: &Workspace, report: &mut Report, targets: &[Target], seconds: u64) -> u64 {
    let mut inputs = 0;
    if targets.is_empty() {
        report.step("targets", || Verdict::failed("no such target"));
    }
    for unicore in [false, true] {
        let targets: Vec<Target> = targets.iter().filter(|target| target.unicore == unicore).cloned().collect();
        if targets.is_empty() {
            continue;
        }
        report.step(&format!("{seconds} s each{}", if unicore { ", unicore" } else { "" }), || {
            let host = match ready() {
                Ok(host) => host,
                Err(verdict) => return verdict,
            };
            let built = build(&workspace.root, &targets[0].folder(workspace), &host, &targets, "");
            if !matches!(&built, Ok(output) if output.success()) {
                return Verdict::of_command(built);
            }
            let ran = workers::each(&targets, |target| drive(workspace, &host, target, seconds));
            // Told also where a target has found something.
            inputs += ran.iter().flatten().sum::<u64>();
            judge(&targets, ran)
        });
    }
    inputs
}

/// Builds targets of one back end, from the tree at `root` to `folder`.
fn build(root: &Path, folder: &Path, host: &str, targets: &[Target], more: &str) -> Result<Output, Error> {
    let back_end = if targets.iter().any(Target::is_unicore) { UNICORE } else { "" };
    Process::cargo(&["build", "--release", "--target", host])
        .args(targets.iter().flat_map(|target| ["--bin", &target.name]))
        .rustflags(&format!("{FLAGS}{back_end}{more}"))
        .dir(&root.join("fuzz"))
        .target_dir(folder)
        .limit(1200)
        .output()
}

/// The programs of targets in another tree, without what tells of their sources only. `None` of one that is not there.
///
/// # Errors
///
/// Where they cannot be built.
pub fn programs(root: &Path, folder: &Path, targets: &[Target]) -> Result<Vec<Option<Vec<u8>>>, String> {
    let host = toolchain::host_triple()?;
    let there = |target: &&Target| root.join("fuzz/targets").join(&target.name).with_extension("rs").is_file();
    let place = |target: &Target| folder.join(if target.unicore { "one-core" } else { "any" });
    for unicore in [false, true] {
        let some: Vec<Target> =
            targets.iter().filter(|target| target.unicore == unicore).filter(there).cloned().collect();
        let Some(first) = some.first() else { continue };
        let built = build(root, &place(first), &host, &some, " -Cstrip=symbols -Clink-arg=-Wl,--build-id=none");
        let built = built.map_err(|error| error.to_string())?;
        if !built.success() {
            return Err(built.complaint());
        }
    }
    let read = |target: &Target| {
        let path = place(target).join(&host).join("release").join(&target.name);
        fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    targets.iter().map(|target| if there(&target) { read(target).map(Some) } else { Ok(None) }).collect()
}

/// What a run has come to: how many inputs it ran, or what it found.
type Ran = Result<u64, String>;

fn ready() -> Result<String, Verdict> {
    toolchain::program("c++", "sudo apt-get install g++   (libFuzzer is compiled from its source)")?;
    toolchain::host_triple().map_err(Verdict::failed)
}

/// All targets, by their files, on each back end that they have.
pub fn all(workspace: &Workspace) -> Vec<Target> {
    let files = fs::read_dir(workspace.root.join("fuzz/targets")).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        files.filter_map(|file| Some(file.file_name().to_string_lossy().strip_suffix(".rs")?.to_owned())).collect();
    names.sort();
    let one_core = names.clone().into_iter().filter(|name| !THREADS.contains(&name.as_str()));
    let one_core: Vec<Target> = one_core.map(|name| Target { name, unicore: true }).collect();
    names.into_iter().map(|name| Target { name, unicore: false }).chain(one_core).collect()
}

fn drive(workspace: &Workspace, host: &str, target: &Target, seconds: u64) -> Ran {
    let folder = target.folder(workspace);
    let (corpus, found) = (folder.join("corpus").join(&target.name), folder.join("found").join(&target.name));
    let committed = workspace.root.join("fuzz/corpus").join(&target.name);
    for folder in [&corpus, &found, &committed] {
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    let executable = folder.join(host).join("release").join(&target.name);
    // On a machine that has other work too, time on the clock would be no measure.
    let output = Process::new(&executable.to_string_lossy())
        .args(["-handle_usr1=1".to_owned(), format!("-timeout={SLOWEST}")])
        .args(["-print_final_stats=1", "-max_len=2048", "-rss_limit_mb=2048"])
        .args([format!("-artifact_prefix={}/", found.display())])
        .args([&corpus, &committed])
        .share(seconds)
        .limit(seconds * 50 + 600)
        .output()?;
    let count = executed(&output.text);
    if output.success() && count > 0 {
        return Ok(count);
    }
    // The end of what it printed: the panic, and where the input was written.
    let lines: Vec<&str> = output.text.lines().collect();
    let tail = lines[lines.len().saturating_sub(60)..].join("\n");
    Err(format!("{}: {}\n$ {}\n{tail}", target.name(), output.ending(), output.shown))
}

/// How many inputs libFuzzer says it ran.
fn executed(text: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    line.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

fn judge(targets: &[Target], ran: Vec<Ran>) -> Verdict {
    let (mut sum, mut findings) = (0, Vec::new());
    for (target, ran) in targets.iter().zip(ran) {
        match ran {
            Ok(count) => {
                println!("   {count:>10} inputs: {}", target.name());
                sum += count;
            }
            Err(finding) => findings.push(finding),
        }
    }
    Verdict::of_findings(targets.len(), format!("{sum} inputs"), findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gate_finds_a_target_that_failed_or_ran_nothing() {
        assert_eq!(executed("x\nstat::number_of_executed_units: 1234\nstat::average_exec_per_sec: 5"), 1234);
        assert_eq!(executed("panicked"), 0);
        let targets = ["a", "b"].map(|name| Target { name: name.to_owned(), unicore: name == "b" });
        assert!(matches!(judge(&targets, vec![Ok(1), Ok(2)]), Verdict::Passed(2, note) if note == "3 inputs"));
        assert!(matches!(judge(&targets, vec![Ok(1), Err("why".into())]), Verdict::Failed(..)));
    }

    #[test]
    fn every_target_is_a_binary_and_in_the_list_that_is_tested() {
        let workspace = Workspace::find().expect("workspace");
        let read = |path: &str| fs::read_to_string(workspace.root.join(path)).expect("file");
        let (manifest, library) = (read("fuzz/Cargo.toml"), read("fuzz/src/lib.rs"));
        let targets = all(&workspace);
        assert!(targets.len() >= 17, "{targets:?}");
        assert!(SINGLE.iter().all(|name| targets.iter().any(|target| target.unicore && target.name == *name)));
        for target in targets.into_iter().map(|target| target.name) {
            assert!(manifest.contains(&format!("path = \"targets/{target}.rs\"")), "{target}");
            assert!(library.contains(&format!("(\"{target}\", {target}::run)")), "{target}");
        }
    }
}
