//! `places`: the tests of core that need no operating system, in four places; and core's own tests on 32 bits.
//!
//! The tests are plain functions of `tests/portable`. Each place prints a line a test, with a digest of what happened in which
//! order; the four transcripts must be the same, line by line.

use crate::everywhere::{self, Host, Place};
use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::toolchain;
use crate::workspace::Workspace;

const PLACES: [Place; 4] = [
    Place {
        name: "Linux, 64 bits",
        dir: "tests/portable",
        binary: &["--bin", "portable-tests"],
        triple: None,
        host: Host::Own,
    },
    Place {
        name: "Linux, 32 bits, qemu-user",
        dir: "tests/portable",
        binary: &["--bin", "portable-tests"],
        triple: Some(toolchain::ARM_LINUX),
        host: Host::QemuUser,
    },
    Place {
        name: "Cortex-M3, QEMU lm3s6965evb",
        dir: "examples/firmware/portable",
        binary: &[],
        triple: Some("thumbv7m-none-eabi"),
        host: Host::Qemu,
    },
    Place {
        name: "WASI preview 1, node",
        dir: "examples/firmware/portable-wasi",
        binary: &[],
        triple: Some("wasm32-wasip1"),
        host: Host::Node,
    },
];

/// Runs the part. Returns its last word.
pub fn run(workspace: &Workspace, report: &mut Report) -> String {
    let mut last_word = String::new();
    report.part("places", |report| {
        let mut transcripts = Vec::new();
        for place in &PLACES {
            report.step(place.name, || {
                let (verdict, transcript) = everywhere::transcribe(workspace, place, &[]);
                let whole = transcript.as_ref().and_then(|transcript| count(&transcript.lines));
                transcripts.extend(transcript);
                match (verdict, whole) {
                    (Verdict::Passed(_, note), Some(tests)) => Verdict::Passed(tests, note),
                    (Verdict::Passed(_, note), None) => {
                        Verdict::failed(format!("{note}: not as many tests as it says"))
                    }
                    (verdict, _) => verdict,
                }
            });
        }
        report.step("transcripts", || match everywhere::agree(&transcripts) {
            Ok(lines) => Verdict::passed(format!("{lines} lines each")),
            Err(difference) => Verdict::failed(difference),
        });
        let tests = transcripts.first().and_then(|first| count(&first.lines)).unwrap_or(0);
        last_word = match everywhere::agree(&transcripts) {
            Ok(_) => format!("places: {tests} tests, {} of {} places agree", transcripts.len(), PLACES.len()),
            Err(difference) => format!("places: {difference}"),
        };
        report.step("core's own tests, Linux, 32 bits, qemu-user", || own_tests(workspace));
        println!("   {last_word}");
    });
    last_word
}

/// How many tests a whole transcript is of: its last line says so, and it has a line for each.
fn count(lines: &[String]) -> Option<usize> {
    let (last, tests) = lines.split_last()?;
    let count = last.strip_suffix(" passed")?.parse().ok()?;
    (count == tests.len() && tests.iter().all(|line| line.contains(" ok, "))).then_some(count)
}

/// A test that starts its own program anew, which the emulator cannot do for it.
const STARTS_ITSELF: &str = "failure_057_reference_overflow_aborts";

/// The unit tests of core where a word has 32 bits.
fn own_tests(workspace: &Workspace) -> Verdict {
    if let Err(skip) = toolchain::arm_linux() {
        return skip;
    }
    let arguments =
        ["test", "-p", "zokio-core", "--features", "std,heapless", "--lib", "--target", toolchain::ARM_LINUX];
    let process = Process::cargo(&arguments)
        .args(["--", "--skip", STARTS_ITSELF])
        .target_dir(&workspace.target.join("arm-linux"))
        .dir(&workspace.root);
    Verdict::of_tests(toolchain::for_arm_linux(process).limit(1800).output())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_that_is_not_whole_is_noticed() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(count(&lines("a::b ok, 1 events\nc::d ok, 2 events\n2 passed")), Some(2));
        assert_eq!(count(&lines("a::b ok, 1 events\n2 passed")), None);
        assert_eq!(count(&lines("a::b ok, 1 events\nc::d")), None);
        assert_eq!(count(&lines("a::b\nc::d ok, 2 events\n2 passed")), None);
        assert_eq!(count(&[]), None);
    }
}
