//! `fmt`: every file is as rustfmt writes it, in the workspace and in the packages outside of it.

use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::workspace::Workspace;

/// Runs the part.
pub fn run(workspace: &Workspace, report: &mut Report) {
    report.part("fmt", |report| {
        report.step("rustfmt: workspace", || {
            Verdict::of_command(
                Process::cargo(&["fmt", "--all", "--", "--check"]).dir(&workspace.root).limit(120).output(),
            )
        });
        for folder in ["boards", "examples", "examples/firmware", "benches"] {
            for dir in workspace.manifests_below(folder) {
                if folder == "examples" && !is_own_workspace(&dir) {
                    continue;
                }
                report.step(&format!("rustfmt: {}", workspace.relative(&dir)), || {
                    Verdict::of_command(Process::cargo(&["fmt", "--", "--check"]).dir(&dir).limit(120).output())
                });
            }
        }
    });
}

/// Whether the manifest in this folder opens a workspace.
pub fn is_own_workspace(dir: &std::path::Path) -> bool {
    std::fs::read_to_string(dir.join("Cargo.toml"))
        .is_ok_and(|text| text.lines().any(|line| line.trim() == "[workspace]"))
}
