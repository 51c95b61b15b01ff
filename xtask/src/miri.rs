//! `miri`: core and executor-local under an interpreter that finds undefined behaviour, with strict provenance.

use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::test;
use crate::toolchain;
use crate::workspace::Workspace;

/// Package, features, and whether the single-core back ends are built.
const RUNS: &[(&str, &str, bool)] = &[
    ("zokio-core", "std,heapless", false),
    ("zokio-core", test::UNICORE, true),
    ("zokio-executor-local", "std", false),
];

/// Runs the part with this many seeds; each is another order of threads and another layout of memory.
pub fn run(workspace: &Workspace, report: &mut Report, seeds: u32) {
    report.part("miri", |report| {
        for &(package, features, unicore) in RUNS {
            let name = if unicore { format!("{package}, unicore") } else { package.to_owned() };
            report.step(&format!("{name}, {seeds} seeds"), || {
                if let Err(skip) = toolchain::miri() {
                    return skip;
                }
                let arguments =
                    ["run", "nightly", "cargo", "miri", "test", "--lib", "--tests", "-p", package, "--features"];
                let process = Process::new("rustup")
                    .args(arguments)
                    .args([features])
                    .env("MIRIFLAGS", format!("-Zmiri-strict-provenance -Zmiri-many-seeds=0..{seeds}"))
                    .rustflags(if unicore { "--cfg zokio_unicore" } else { "" })
                    .target_dir(&workspace.target.join("miri"))
                    .limit(if seeds > 4 { 4 * 3600 } else { 1800 })
                    .dir(&workspace.root);
                Verdict::of_tests(process.output())
            });
        }
    });
}
