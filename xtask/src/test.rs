//! `test`: all tests of all tiers, the second command of the README.

use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::workspace::Workspace;
use crate::{coverage, everywhere, firmware, fuzz, loom, miri, mutants, orderings, places, shuttle, targets};

/// What the single-core back ends need on a host: a critical section, which the operating system lends.
pub const UNICORE: &str = "zokio-core/std,zokio-core/heapless,zokio-core/critical-section,critical-section/std";

/// Packages, features and flags of the host runs beside the one of the whole workspace.
const VARIANTS: &[(&[&str], &str, &str)] = &[
    (&["zokio-core"], "", ""),
    (&["zokio-core"], "std,heapless,futures-core", ""),
    (&["zokio-executor-local"], "", ""),
    (&["zokio-executor-local"], "std", ""),
    (&["zokio-core", "zokio-executor-local"], UNICORE, "--cfg zokio_unicore"),
];

/// The mutants that `test` applies, by their files: those of the protocols. All of them are in `cargo xtask mutants` and in
/// `deep`; a build takes some four seconds of one core for each.
const MUTANTS: &[&str] = &[
    "core/src/task/state",
    "core/src/task/tests/models",
    "core/src/run_queue",
    "core/src/stack",
    "core/src/sync/tests/mutex",
    "core/src/sync/tests/loom/channel",
    "core/src/sync/tests/loom/mpsc",
    "core/src/sync/tests/loom/mutex",
    "core/src/sync/tests/loom/notify",
    "core/src/sync/tests/loom/once",
    "core/src/sync/tests/loom/rwlock",
    "core/src/sync/tests/loom/semaphore",
    "core/src/sync/tests/loom/wait",
    "core/src/time/tests/loom",
    "executor-local/src/models.rs",
];

/// Runs all parts.
pub fn run(workspace: &Workspace, report: &mut Report) {
    host(workspace, report);
    loom::run(workspace, report, 2);
    orderings::run(workspace, report, "");
    shuttle::run(workspace, report, shuttle::CI);
    mutants::run(workspace, report, MUTANTS);
    miri::run(workspace, report, miri::CI, &[]);
    coverage::run(workspace, report);
    fuzz::run(workspace, report, 60);
    targets::run(workspace, report);
    firmware::run(workspace, report);
    everywhere::run(workspace, report, None);
    places::run(workspace, report);
}

/// The tests that need nothing but this machine.
pub fn host(workspace: &Workspace, report: &mut Report) {
    report.part("host", |report| {
        report.step("workspace", || {
            Verdict::of_tests(Process::cargo(&["test", "--workspace", "--no-fail-fast"]).dir(&workspace.root).output())
        });
        for &(packages, features, flags) in VARIANTS {
            let name = format!("{} [{features}] {flags}", packages.join(" "));
            report.step(name.trim(), || {
                let mut process = Process::cargo(&["test", "--no-fail-fast", "--no-default-features"])
                    .args(packages.iter().flat_map(|package| ["-p", package]))
                    .args(["--features", features])
                    .rustflags(flags)
                    .dir(&workspace.root);
                if !flags.is_empty() {
                    process = process.target_dir(&workspace.target.join("unicore"));
                }
                Verdict::of_tests(process.output())
            });
        }
    });
}
