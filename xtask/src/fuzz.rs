//! `fuzz`: the targets of the package `fuzz`, driven by libFuzzer.
//!
//! The package is a workspace of its own, with its own lock file. It is built by the current toolchain with the
//! instrumentation that libFuzzer reads (`cargo fuzz` adds the same); there is no sanitizer in it: undefined behaviour is
//! Miri's to find. New inputs go to the target folder, the small corpus in `fuzz/corpus` is only read.

use std::fs;

use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::toolchain;
use crate::workers;
use crate::workspace::Workspace;

/// The instrumentation.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                     -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// Inputs that take longer are a finding, in seconds.
const SLOWEST: u32 = 20;

/// Runs the targets whose name contains `filter`, so many seconds each, as many at a time as there are cores. Says how many
/// inputs there were.
pub fn run(workspace: &Workspace, report: &mut Report, filter: &str, seconds: u64) -> String {
    let mut inputs = String::new();
    report.part("fuzz", |report| {
        report.step("each target finds a bug planted in it", || {
            let process = Process::cargo(&["test", "--release", "--lib"]).dir(&workspace.root.join("fuzz"));
            Verdict::of_tests(process.target_dir(&workspace.target.join("fuzz")).output())
        });
        report.step(&format!("{seconds} s each"), || {
            let host = match ready() {
                Ok(host) => host,
                Err(verdict) => return verdict,
            };
            let built = Process::cargo(&["build", "--release", "--bins", "--target", &host])
                .rustflags(FLAGS)
                .dir(&workspace.root.join("fuzz"))
                .target_dir(&workspace.target.join("fuzz"))
                .limit(1200)
                .output();
            if !matches!(&built, Ok(output) if output.success()) {
                return Verdict::of_command(built);
            }
            let targets: Vec<String> = targets(workspace).into_iter().filter(|name| name.contains(filter)).collect();
            if targets.is_empty() {
                return Verdict::failed("no such target");
            }
            let ran = workers::each(&targets, |target| drive(workspace, &host, target, seconds));
            // Told also where a target has found something.
            inputs = format!("{} inputs", ran.iter().flatten().sum::<u64>());
            judge(&targets, ran)
        });
    });
    inputs
}

/// What a run has come to: how many inputs it ran, or what it found.
type Ran = Result<u64, String>;

fn ready() -> Result<String, Verdict> {
    toolchain::program("c++", "sudo apt-get install g++   (libFuzzer is compiled from its source)")?;
    toolchain::host_triple().map_err(Verdict::failed)
}

/// The names of the targets: those of their files.
pub fn targets(workspace: &Workspace) -> Vec<String> {
    let files = fs::read_dir(workspace.root.join("fuzz/targets")).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        files.filter_map(|file| Some(file.file_name().to_string_lossy().strip_suffix(".rs")?.to_owned())).collect();
    names.sort();
    names
}

fn drive(workspace: &Workspace, host: &str, target: &str, seconds: u64) -> Ran {
    let folder = workspace.target.join("fuzz");
    let (corpus, found) = (folder.join("corpus").join(target), folder.join("found").join(target));
    let committed = workspace.root.join("fuzz/corpus").join(target);
    for folder in [&corpus, &found, &committed] {
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    let executable = folder.join(host).join("release").join(target);
    let output = Process::new(&executable.to_string_lossy())
        .args([format!("-max_total_time={seconds}"), format!("-timeout={SLOWEST}")])
        .args(["-print_final_stats=1", "-max_len=2048", "-rss_limit_mb=2048"])
        .args([format!("-artifact_prefix={}/", found.display())])
        .args([&corpus, &committed])
        .limit(seconds + 120)
        .output()?;
    let count = executed(&output.text);
    if output.success() && count > 0 {
        return Ok(count);
    }
    // The end of what it printed: the panic, and where the input was written.
    let lines: Vec<&str> = output.text.lines().collect();
    let tail = lines[lines.len().saturating_sub(60)..].join("\n");
    Err(format!("{target}: {}\n$ {}\n{tail}", output.ending(), output.shown))
}

/// How many inputs libFuzzer says it ran.
fn executed(text: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    line.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

fn judge(targets: &[String], ran: Vec<Ran>) -> Verdict {
    let (mut sum, mut findings) = (0, Vec::new());
    for (target, ran) in targets.iter().zip(ran) {
        match ran {
            Ok(count) => {
                println!("   {count:>10} inputs: {target}");
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
        let targets = ["a".to_owned(), "b".to_owned()];
        assert!(matches!(judge(&targets, vec![Ok(1), Ok(2)]), Verdict::Passed(2, note) if note == "3 inputs"));
        assert!(matches!(judge(&targets, vec![Ok(1), Err("why".into())]), Verdict::Failed(..)));
    }

    #[test]
    fn every_target_is_a_binary_and_in_the_list_that_is_tested() {
        let workspace = Workspace::find().expect("workspace");
        let read = |path: &str| fs::read_to_string(workspace.root.join(path)).expect("file");
        let (manifest, library) = (read("fuzz/Cargo.toml"), read("fuzz/src/lib.rs"));
        let targets = targets(&workspace);
        assert!(targets.len() >= 9, "{targets:?}");
        for target in targets {
            assert!(manifest.contains(&format!("path = \"targets/{target}.rs\"")), "{target}");
            assert!(library.contains(&format!("(\"{target}\", {target}::run)")), "{target}");
        }
    }
}
