//! `test`: all tests of all tiers, the second command of the README.

use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::workspace::Workspace;
use crate::{everywhere, firmware, loom, miri, mutants, targets};

/// Package, features and flags of the host runs beside the one of the whole workspace.
const VARIANTS: &[(&str, &str, &str)] = &[
    ("zokio-core", "", ""),
    ("zokio-core", "std,heapless,futures-core", ""),
    ("zokio-core", "std,heapless", "--cfg zokio_unicore"),
    ("zokio-executor-local", "std", ""),
    ("zokio-executor-local", "std", "--cfg zokio_unicore"),
];

/// Runs all parts.
pub fn run(workspace: &Workspace, report: &mut Report) {
    host(workspace, report);
    loom::run(workspace, report, 2);
    mutants::run(workspace, report, "");
    miri::run(workspace, report, 4);
    targets::run(workspace, report);
    firmware::run(workspace, report);
    everywhere::run(workspace, report, None);
}

/// The tests that need nothing but this machine.
pub fn host(workspace: &Workspace, report: &mut Report) {
    report.part("host", |report| {
        report.step("workspace", || {
            Verdict::of_tests(Process::cargo(&["test", "--workspace", "--no-fail-fast"]).dir(&workspace.root).output())
        });
        for &(package, features, flags) in VARIANTS {
            let name = if flags.is_empty() {
                format!("{package} [{features}]")
            } else {
                format!("{package} [{features}] {flags}")
            };
            report.step(&name, || {
                let arguments =
                    ["test", "--no-fail-fast", "-p", package, "--no-default-features", "--features", features];
                let mut process = Process::cargo(&arguments).rustflags(flags).dir(&workspace.root);
                if !flags.is_empty() {
                    process = process.target_dir(&workspace.target.join("unicore"));
                }
                Verdict::of_tests(process.output())
            });
        }
    });
}
