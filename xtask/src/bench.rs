//! `bench`: the benches of the server against its rivals, and the instructions of the chip in the emulator.

use crate::firmware;
use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::toolchain;
use crate::workspace::Workspace;

/// Runs the part; the arguments are for the benches of the server.
pub fn run(workspace: &Workspace, report: &mut Report, arguments: &[&str]) {
    report.part("bench", |report| {
        report.step("server", || {
            let process = Process::cargo(&["run", "--release", "--quiet", "-p", "zokio-benches", "--"]).args(arguments);
            shown(process.limit(7200).dir(&workspace.root))
        });
        match firmware::images(workspace) {
            Ok(images) => {
                for image in images.iter().filter(|image| firmware::is_bench(image)) {
                    report.step(&format!("chip: {}", image.binary), || {
                        let path = match firmware::build(workspace, image, firmware::BackEnd::Own) {
                            Ok(path) => path,
                            Err(verdict) => return verdict,
                        };
                        match toolchain::qemu_arm() {
                            Ok(()) => shown(firmware::emulator(&path, &["fw"])),
                            Err(skip) => skip,
                        }
                    });
                }
            }
            Err(error) => drop(report.step("chip", || Verdict::failed(error))),
        }
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
