//! `shuttle`: tests with more threads than a model can have, in orders drawn at random.
//!
//! Tests named `shuttle_..` of the packages that depend on shuttle under `cfg(shuttle)`. Each prints its seed before it
//! begins; `ZOKIO_SEED` and `ZOKIO_SCHEDULES` repeat a run.

use crate::loom;
use crate::process::{Output, Process};
use crate::report::{Report, Verdict};
use crate::workspace::{Package, Workspace};

/// The flag under which they are compiled.
const FLAGS: &str = "--cfg shuttle";

/// Schedules of a test in CI, which all together take less than a minute.
pub const CI: u32 = 400;

/// Runs the part, with so many schedules for each test.
pub fn run(workspace: &Workspace, report: &mut Report, schedules: u32) {
    some(workspace, report, schedules, "");
}

/// Runs the tests of the packages whose name contains `filter`. Says how many schedules there were in all.
pub fn some(workspace: &Workspace, report: &mut Report, schedules: u32, filter: &str) -> String {
    let mut sum = 0;
    report.part("shuttle", |report| {
        let packages = workspace.packages().unwrap_or_default();
        let packages: Vec<_> =
            packages.iter().filter(|package| has_schedules(package) && package.name.contains(filter)).collect();
        if packages.is_empty() {
            report.step("shuttle", || Verdict::failed("no package has schedules"));
        }
        for package in packages {
            report.step(&format!("{}, {schedules} schedules a test", package.name), || {
                let process = command(package).args(["--", "shuttle_", "--nocapture"]);
                let process = process.env("ZOKIO_SCHEDULES", schedules.to_string());
                let process = process.target_dir(&workspace.target.join("shuttle")).limit(4 * 3600);
                match process.dir(&workspace.root).output() {
                    Ok(output) => {
                        sum += ran(&output.text);
                        judge(&output)
                    }
                    Err(error) => Verdict::failed(error),
                }
            });
        }
    });
    format!("{sum} schedules")
}

/// Whether a package has such tests.
pub fn has_schedules(package: &Package) -> bool {
    package
        .dependencies
        .iter()
        .any(|dependency| dependency.name == "shuttle" && dependency.platform.as_deref() == Some("cfg(shuttle)"))
}

/// `cargo test` of a package's schedules, without a filter.
pub fn command(package: &Package) -> Process {
    let features = loom::features(package).join(",");
    Process::cargo(&["test", "--release", "-p", &package.name, "--features", &features, "--lib"])
        .rustflags(FLAGS)
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "1")
}

/// Prints what each test ran, and judges them all: one that ran nothing is no test.
fn judge(output: &Output) -> Verdict {
    let told = |line: &&str| line.contains("shuttle: ") && !line.contains(" ran ");
    let seeds: Vec<&str> = output.text.lines().filter(told).collect();
    if !output.success() {
        return Verdict::failed(format!("{}\n{}", seeds.join("\n"), output.complaint()));
    }
    for line in &seeds {
        println!("   {}", line.trim_start_matches(|letter| letter != ':').trim_start_matches(": "));
    }
    match ran(&output.text) {
        0 => Verdict::failed("not one schedule was run"),
        sum => Verdict::Passed(seeds.len(), format!("{sum} schedules")),
    }
}

/// The sum of the lines `.. ran N schedules`.
fn ran(text: &str) -> u64 {
    let counts =
        text.lines().filter_map(|line| line.split_once("shuttle: ")?.1.split_once(" ran ")?.1.split(' ').next());
    counts.filter_map(|count| count.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "running 2 tests\ntest a ... shuttle: a: seed 7, 400 schedules\nshuttle: b: seed 8, 400 schedules\n\
                        shuttle: a: ran 400 schedules\nok\nshuttle: b: ran 399 schedules\nok\n";

    fn output(text: &str, command: &str) -> Output {
        let mut output = Process::new("sh").args(["-c", command]).output().expect("sh");
        output.text = text.to_owned();
        output
    }

    #[test]
    fn schedules_are_counted_and_seeds_are_told() {
        assert_eq!(ran(TEXT), 799);
        assert!(matches!(judge(&output(TEXT, "true")), Verdict::Passed(2, _)));
    }

    #[test]
    fn gate_finds_a_failure_and_a_run_of_nothing() {
        assert!(matches!(judge(&output("running 0 tests\n", "true")), Verdict::Failed(..)));
        let failed = judge(&output("shuttle: a: seed 7, 400 schedules\n", "false"));
        assert!(matches!(failed, Verdict::Failed(_, _, why) if why.contains("seed 7")));
    }

    #[test]
    fn core_and_both_executors_have_schedules() {
        let packages = Workspace::find().and_then(|workspace| workspace.packages()).expect("packages");
        let names: Vec<&str> =
            packages.iter().filter(|package| has_schedules(package)).map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["zokio-core", "zokio-executor-local", "zokio-executor-mt"]);
    }
}
