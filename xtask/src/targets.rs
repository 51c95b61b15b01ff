//! `targets`: what only has to compile does: the no_std crates for chips with and without compare-and-swap, and WASI.

use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::toolchain;
use crate::workspace::Workspace;

/// Library, features and target of each build.
pub const LIBRARIES: &[(&str, &str, &str)] = &[
    ("zokio-executor-local", "", "thumbv7m-none-eabi"),
    ("zokio-executor-local", "", "thumbv6m-none-eabi"),
    ("zokio-executor-local", "", "riscv32imac-unknown-none-elf"),
    ("zokio-executor-local", "", "wasm32-wasip1"),
    ("zokio-hal", "critical-section,cortex-m", "thumbv7m-none-eabi"),
    ("zokio-hal", "critical-section,cortex-m", "thumbv6m-none-eabi"),
    ("zokio-hal", "critical-section", "riscv32imac-unknown-none-elf"),
    ("zokio-hal", "wasi", "wasm32-wasip1"),
    ("zokio", "", "thumbv7m-none-eabi"),
    ("zokio", "critical-section,metal", "thumbv7m-none-eabi"),
    ("zokio", "critical-section,metal", "thumbv6m-none-eabi"),
    ("zokio", "critical-section,metal", "riscv32imac-unknown-none-elf"),
    ("zokio", "wasi", "wasm32-wasip1"),
];

/// What a target needs said at its build: on chips without compare-and-swap the binary chooses its replacement.
pub fn flags(triple: &str) -> &'static str {
    match triple {
        "thumbv6m-none-eabi" | "riscv32imc-unknown-none-elf" => "--cfg portable_atomic_unsafe_assume_single_core",
        _ => "",
    }
}

/// Runs the part.
pub fn run(workspace: &Workspace, report: &mut Report) {
    report.part("targets", |report| {
        for (package, features, triple) in LIBRARIES {
            report.step(&format!("{package} [{features}] compiles for {triple}"), || {
                if let Err(skip) = toolchain::target(triple) {
                    return skip;
                }
                let process = Process::cargo(&["check", "--quiet", "-p", package, "--no-default-features"])
                    .args(["--features", features, "--target", triple])
                    .rustflags(flags(triple))
                    .target_dir(&workspace.target.join("targets"))
                    .dir(&workspace.root);
                Verdict::of_command(process.output())
            });
        }
    });
}
