//! `bench`: the benches of the server against its rivals, and the instructions of the chip in the emulator.

use crate::chip;
use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::workspace::Workspace;

/// Runs the part: `chip` alone, or both, and then the arguments are for the benches of the server.
pub fn run(workspace: &Workspace, report: &mut Report, arguments: &[&str]) {
    report.part("bench", |report| {
        if arguments != ["chip"] {
            report.step("server", || {
                let process = Process::cargo(&["run", "--release", "--quiet", "-p", "zokio-benches", "--"]);
                shown(process.args(arguments).limit(7200).dir(&workspace.root))
            });
        }
        chip::steps(workspace, report);
    });
}

/// Runs a program whose output is the result.
fn shown(process: Process) -> Verdict {
    match process.output() {
        Ok(output) if output.success() => {
            println!("\n{}", output.stdout.trim_end());
            Verdict::passed("")
        }
        Ok(output) => Verdict::failed(output.complaint()),
        Err(error) => Verdict::failed(error.to_string()),
    }
}
