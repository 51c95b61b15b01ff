//! `everywhere`: one program, four places, one transcript.
//!
//! Every place gets the same fresh seed in its own way, computes its transcript from it and prints it. The transcripts
//! must agree line by line; where they do not, the first line that differs is shown and the part fails.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::PathBuf;

use serde_json::Value;

use crate::firmware;
use crate::process::{Output, Process};
use crate::report::{Report, Verdict};
use crate::toolchain;
use crate::workspace::Workspace;

/// A place that a program runs in.
pub struct Place {
    /// What it is called.
    pub name: &'static str,
    /// The folder of the manifest of its `main`.
    pub dir: &'static str,
    /// What chooses the binary.
    pub binary: &'static [&'static str],
    /// `None` is this machine.
    pub triple: Option<&'static str>,
    /// What runs it.
    pub host: Host,
}

/// What runs a binary and how it hands over the seed.
#[derive(Clone, Copy)]
pub enum Host {
    /// The operating system; an argument.
    Own,
    /// QEMU; the semihosting command line.
    Qemu,
    /// Node; an argument of the WASI module.
    Node,
    /// The operating system, by way of an emulator of its programs for ARM; an argument.
    QemuUser,
}

const MANY_THREADS: Place = Place {
    name: "Linux, multi-thread",
    dir: "examples/everywhere",
    binary: &["--bin", "everywhere-multi-thread"],
    triple: None,
    host: Host::Own,
};

/// With no more of an operating system than it needs.
const ONE_THREAD: Place = Place {
    name: "Linux, current-thread",
    dir: "examples/everywhere",
    binary: &["--bin", "everywhere-current-thread", "--no-default-features", "--features", "rt"],
    triple: None,
    host: Host::Own,
};

const PLACES: [Place; 4] = [
    MANY_THREADS,
    ONE_THREAD,
    Place {
        name: "Cortex-M3, QEMU lm3s6965evb",
        dir: "examples/firmware/everywhere",
        binary: &[],
        triple: Some("thumbv7m-none-eabi"),
        host: Host::Qemu,
    },
    Place {
        name: "WASI preview 1, node",
        dir: "examples/firmware/everywhere-wasi",
        binary: &[],
        triple: Some("wasm32-wasip1"),
        host: Host::Node,
    },
];

/// What a place printed.
#[derive(Debug, PartialEq, Eq)]
pub struct Transcript {
    /// Its name.
    pub place: &'static str,
    /// Line by line.
    pub lines: Vec<String>,
}

/// Runs the part, with a fresh seed unless one is given. Returns its last word: that all places agree, or what is wrong.
pub fn run(workspace: &Workspace, report: &mut Report, seed: Option<u32>) -> String {
    let seed = seed.unwrap_or_else(fresh_seed);
    let mut last_word = String::new();
    report.part("everywhere", |report| {
        println!("   seed {seed}");
        let mut transcripts = Vec::new();
        for place in &PLACES {
            report.step(place.name, || {
                let (verdict, transcript) = transcribe(workspace, place, &[&seed.to_string()]);
                transcripts.extend(transcript);
                verdict
            });
        }
        last_word = match agree(&transcripts) {
            Ok(_) if transcripts.len() == PLACES.len() => format!("everywhere: {} places agree", transcripts.len()),
            Ok(_) => format!("everywhere: {} of {} places ran, seed {seed}", transcripts.len(), PLACES.len()),
            Err(difference) => format!("everywhere: seed {seed}, {difference}"),
        };
        report.step("transcripts", || match agree(&transcripts) {
            Ok(lines) => Verdict::passed(format!("{lines} lines each")),
            Err(difference) => Verdict::failed(difference),
        });
        report.step("one thread has no workers and no reactor in its program", || unchosen(workspace));
        println!("   {last_word}");
    });
    last_word
}

/// A seed that no earlier run had.
fn fresh_seed() -> u32 {
    RandomState::new().build_hasher().finish() as u32
}

/// Looks for what only workers and the reactor are made of, by the names in the programs: it is in that of many threads and
/// must not be in that of one.
fn unchosen(workspace: &Workspace) -> Verdict {
    const NAMES: [&str; 3] = ["zokio_executor_mt", "crossbeam_deque", "3mio"];
    let names_of = |place| match build(workspace, place).map(std::fs::read) {
        Ok(Ok(bytes)) => {
            let is_in = |name: &str| bytes.windows(name.len()).any(|window| window == name.as_bytes());
            Ok((NAMES.iter().copied().filter(|name| is_in(name)).collect::<Vec<_>>(), bytes.len()))
        }
        Ok(Err(error)) => Err(Verdict::failed(error.to_string())),
        Err(verdict) => Err(verdict),
    };
    match (names_of(&MANY_THREADS), names_of(&ONE_THREAD)) {
        (Ok((many, _)), _) if many.len() < NAMES.len() => Verdict::failed(format!("of many threads: only {many:?}")),
        (Ok((_, many)), Ok((one, bytes))) if one.is_empty() => Verdict::passed(format!("{bytes} of {many} bytes")),
        (Ok(_), Ok((one, _))) => Verdict::failed(format!("of one thread: {one:?}")),
        (Err(verdict), _) | (_, Err(verdict)) => verdict,
    }
}

/// Builds a place's binary, runs it with these arguments, and takes what it prints.
pub fn transcribe(workspace: &Workspace, place: &Place, arguments: &[&str]) -> (Verdict, Option<Transcript>) {
    match visit(workspace, place, arguments) {
        Ok((output, triple)) => judge(place.name, &triple, &output),
        Err(verdict) => (verdict, None),
    }
}

/// Builds a place's binary and runs it. Returns what it printed and the target it was built for.
fn visit(workspace: &Workspace, place: &Place, arguments: &[&str]) -> Result<(Output, String), Verdict> {
    if let Some(triple) = place.triple {
        toolchain::target(triple)?;
    }
    if let Host::QemuUser = place.host {
        toolchain::arm_linux()?;
    }
    let path = build(workspace, place)?;
    let process = match place.host {
        Host::Own => Process::new(&path.to_string_lossy()).args(arguments),
        Host::Qemu => {
            toolchain::qemu_arm()?;
            firmware::emulator(&path, &[&["everywhere"], arguments].concat())
        }
        Host::Node => {
            toolchain::node()?;
            wasi(workspace, &path).args(arguments)
        }
        Host::QemuUser => {
            let (emulator, root) = toolchain::ARM_LINUX_EMULATOR;
            Process::new(emulator).args(["-L", root]).args([&path]).args(arguments)
        }
    };
    let output = process.limit(60).output().map_err(|error| Verdict::failed(error.to_string()))?;
    let triple = match place.triple {
        Some(triple) => triple.to_owned(),
        None => toolchain::host_triple().map_err(Verdict::failed)?,
    };
    Ok((output, triple))
}

/// Node with a WASI module; arguments may follow.
pub fn wasi(workspace: &Workspace, module: &std::path::Path) -> Process {
    Process::new("node")
        .args(["--no-warnings"])
        .args([workspace.root.join("xtask/hosts/wasi.mjs")])
        .args([module])
        .limit(120)
}

fn build(workspace: &Workspace, place: &Place) -> Result<PathBuf, Verdict> {
    let mut process = Process::cargo(&["build", "--release", "--message-format=json-render-diagnostics"]);
    process = process.args(place.binary).dir(&workspace.root.join(place.dir));
    if let Some(triple) = place.triple {
        process =
            process.args(["--target", triple]).target_dir(&workspace.target.join("firmware")).without("RUSTFLAGS");
    }
    if let Host::QemuUser = place.host {
        process = toolchain::for_arm_linux(process);
    }
    let output = process.output().map_err(|error| Verdict::failed(error.to_string()))?;
    if !output.success() {
        return Err(Verdict::failed(output.complaint()));
    }
    executable(&output.stdout).ok_or_else(|| Verdict::failed(format!("{}: no binary was built", place.dir)))
}

/// The last binary that cargo's messages name.
fn executable(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back()
}

/// Shows how a run ended, and takes its transcript where it ended well.
fn judge(place: &'static str, triple: &str, output: &Output) -> (Verdict, Option<Transcript>) {
    let lines: Vec<String> = output.stdout.lines().map(|line| line.trim_end().to_owned()).collect();
    let note = format!("target {triple}, {}, {} lines", output.ending(), lines.len());
    if !output.success() || lines.is_empty() {
        return (Verdict::failed(format!("{note}\n{}", output.complaint())), None);
    }
    (Verdict::passed(note), Some(Transcript { place, lines }))
}

/// Compares all transcripts with the first one.
///
/// # Errors
///
/// The first line that differs and where.
pub fn agree(transcripts: &[Transcript]) -> Result<usize, String> {
    let Some((first, others)) = transcripts.split_first() else { return Ok(0) };
    for other in others {
        let longest = first.lines.len().max(other.lines.len());
        for line in 0..longest {
            let (left, right) = (first.lines.get(line), other.lines.get(line));
            if left != right {
                let shown = |line: Option<&String>| line.map_or("(no such line)", String::as_str).to_owned();
                return Err(format!(
                    "line {} differs\n  {}: {}\n  {}: {}",
                    line + 1,
                    first.place,
                    shown(left),
                    other.place,
                    shown(right)
                ));
            }
        }
    }
    Ok(first.lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript(place: &'static str, text: &str) -> Transcript {
        Transcript { place, lines: text.lines().map(str::to_owned).collect() }
    }

    #[test]
    fn gate_finds_a_planted_difference() {
        let a = transcript("here", "sum 1\nwakes 2\n");
        assert_eq!(agree(&[transcript("there", "sum 1\nwakes 2\n"), transcript("here", "sum 1\nwakes 2\n")]), Ok(2));
        let error = agree(&[a, transcript("there", "sum 1\nwakes 3\n")]).expect_err("they differ");
        assert_eq!(error, "line 2 differs\n  here: wakes 2\n  there: wakes 3");
        let error = agree(&[transcript("here", "sum 1\n"), transcript("there", "sum 1\nmore\n")]).expect_err("longer");
        assert!(error.contains("line 2 differs") && error.contains("(no such line)"), "{error}");
    }

    #[test]
    fn gate_finds_a_place_that_fails_or_is_silent() {
        let run = |command: &str| judge("x", "y", &Process::new("sh").args(["-c", command]).output().expect("sh"));
        assert!(matches!(run("echo a; exit 1"), (Verdict::Failed(..), None)));
        assert!(matches!(run("true"), (Verdict::Failed(..), None)));
        let (verdict, transcript) = run("echo a");
        assert_eq!(verdict, Verdict::passed("target y, exit status 0, 1 lines"));
        assert_eq!(transcript.expect("lines").lines, ["a"]);
    }

    #[test]
    fn the_binary_is_the_one_that_cargo_names() {
        let messages =
            "{\"reason\":\"compiler-artifact\",\"executable\":null}\nnoise\n{\"executable\":\"/t/app\"}\n{}\n";
        assert_eq!(executable(messages), Some(PathBuf::from("/t/app")));
    }
}
