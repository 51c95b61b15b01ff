//! `coverage`: which lines of core are run by its own tests and by those of the executors and the facade above it, both
//! back ends taken together, and by the portable ones. Doc tests do not count.
//!
//! The compiler's own instrumentation and the toolchain's own tools. Tests, and files that only tests have, do not count. A
//! line counts when the compiler made code of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::floors;
use crate::modules;
use crate::mutants;
use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::source;
use crate::test;
use crate::toolchain;
use crate::workspace::Workspace;

/// Of the lines of core so many percent must run.
const AT_LEAST: f64 = 95.0;

/// How many files are listed, the worst first.
const LISTED: usize = 12;

/// Packages, features and flags of the builds whose lines are added up.
const BUILDS: &[(&[&str], &str, &str)] = &[
    (
        &["zokio-core", "zokio-executor-local", "zokio-executor-mt", "zokio-portable-tests", "zokio"],
        "zokio-core/std,zokio-core/heapless,zokio-core/futures-core,zokio-executor-local/std,zokio/hyper",
        "",
    ),
    (&["zokio-core", "zokio-executor-local"], test::UNICORE, "--cfg zokio_unicore"),
];

/// How often each line of each file ran.
type Lines = BTreeMap<PathBuf, BTreeMap<usize, u64>>;

/// Runs the part.
pub fn run(workspace: &Workspace, report: &mut Report) {
    report.part("coverage", |report| {
        report.step("lines of core", || {
            let tools = match toolchain::llvm_tools() {
                Ok(tools) => tools,
                Err(skip) => return skip,
            };
            let mut lines = Lines::new();
            for (packages, features, flags) in BUILDS {
                match measure(workspace, &tools, packages, features, flags) {
                    Ok(text) => add(&mut lines, &text),
                    Err(error) => return Verdict::failed(error),
                }
            }
            judge(workspace, &lines)
        });
    });
}

/// Runs the tests of some packages, and says which lines of core ran, in the format of lcov.
fn measure(
    workspace: &Workspace,
    tools: &Path,
    packages: &[&str],
    features: &str,
    flags: &str,
) -> Result<String, String> {
    let folder = workspace.target.join("coverage");
    let raw = folder.join("raw");
    let _ = fs::remove_dir_all(&raw);
    fs::create_dir_all(&raw).map_err(|error| error.to_string())?;
    let tests = || {
        Process::cargo(&["test", "--lib", "--tests", "--features", features])
            .args(packages.iter().flat_map(|package| ["-p", package]))
            .rustflags(format!("-Cinstrument-coverage {flags}").trim())
            .env("LLVM_PROFILE_FILE", raw.join("%p-%m.profraw"))
            // The map of lines needs neither.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_INCREMENTAL", "0")
            .target_dir(&folder)
            .dir(&workspace.root)
            .limit(1500)
    };
    let ran = tests().output()?;
    if !ran.success() {
        return Err(ran.complaint());
    }
    let built = tests().args(["--no-run"]).output()?;
    let objects: Vec<PathBuf> =
        built.text.lines().filter_map(mutants::executable).map(|path| workspace.root.join(path)).collect();
    let profile = folder.join("core.profdata");
    let tool = |name: &str| Process::new(&tools.join(name).to_string_lossy()).limit(300);
    // What the compiler wrote while it ran macros of this build is no test.
    let files: Vec<PathBuf> = fs::read_dir(&raw).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    tool("llvm-profdata")
        .args(["merge", "-sparse", "--failure-mode=all", "-o"])
        .args([&profile])
        .args(&files)
        .read()?;
    let (first, rest) = objects.split_first().ok_or("no test program was built")?;
    tool("llvm-cov")
        .args(["export", "--format=lcov", "-instr-profile"])
        .args([&profile])
        .args([first])
        .args(rest.iter().flat_map(|object| [Path::new("-object"), object]))
        .args(["-sources"])
        .args([workspace.root.join("core/src")])
        .dir(&workspace.root)
        .read()
}

/// Adds what a file in the format of lcov says.
fn add(lines: &mut Lines, text: &str) {
    let mut file = PathBuf::new();
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            file = PathBuf::from(path);
        } else if let Some((number, count)) = line.strip_prefix("DA:").and_then(|rest| rest.split_once(','))
            && let (Ok(number), Ok(count)) = (number.parse(), count.parse::<u64>())
        {
            let sum = lines.entry(file.clone()).or_default().entry(number).or_default();
            // Threads that count at the same time can leave a difference of two counters below zero, which is shown as huge.
            *sum = sum.saturating_add(count);
        }
    }
}

/// What counts of one file: how many of its lines there are, and those that never ran.
struct Missed {
    file: String,
    lines: usize,
    missed: Vec<usize>,
}

fn judge(workspace: &Workspace, lines: &Lines) -> Verdict {
    let core = workspace.root.join("core/src");
    let mut files = Vec::new();
    for path in modules::without_tests(&core.join("lib.rs")) {
        let relative = workspace.relative(&path);
        let found = lines.iter().find(|(there, _)| **there == path || there.ends_with(&relative));
        let Some((_, found)) = found else { continue };
        let text = fs::read_to_string(&path).unwrap_or_default();
        files.push(missed(relative, &text, found));
    }
    let all: usize = files.iter().map(|file| file.lines).sum();
    let gone: usize = files.iter().map(|file| file.missed.len()).sum();
    files.sort_by_key(|file| std::cmp::Reverse(file.missed.len()));
    for file in files.iter().filter(|file| !file.missed.is_empty()).take(LISTED) {
        println!(
            "   {:>4} of {:>4} lines never run: {}: {}",
            file.missed.len(),
            file.lines,
            file.file,
            ranges(&file.missed)
        );
    }
    share(files.len(), all, gone, floors::floor(workspace, "coverage zokio-core"))
}

/// The lines of a file that count and never ran. Tests do not count.
fn missed(file: String, text: &str, found: &BTreeMap<usize, u64>) -> Missed {
    let code = source::without_tests(&source::code(text));
    let counts: Vec<bool> = code.lines().map(|line| line.bytes().any(source::is_word)).collect();
    let counted = |line: usize| counts.get(line.wrapping_sub(1)).copied().unwrap_or(false);
    let lines = found.keys().filter(|&&line| counted(line)).count();
    let missed = found.iter().filter(|&(&line, &count)| count == 0 && counted(line)).map(|(&line, _)| line).collect();
    Missed { file, lines, missed }
}

fn share(files: usize, all: usize, gone: usize, floor: Option<f64>) -> Verdict {
    if all == 0 {
        return Verdict::failed("not one line was measured");
    }
    let percent = 100.0 * (all - gone) as f64 / all as f64;
    let note = format!("{percent:.1} % of {all} lines in {files} files");
    floors::judge(percent, AT_LEAST, floor, (1, 1), note, Vec::new)
}

/// `1 2 3 7` as `1-3 7`.
fn ranges(lines: &[usize]) -> String {
    let mut shown: Vec<(usize, usize)> = Vec::new();
    for &line in lines {
        match shown.last_mut() {
            Some(last) if last.1 + 1 == line => last.1 = line,
            _ => shown.push((line, line)),
        }
    }
    let text = |&(from, to): &(usize, usize)| if from == to { from.to_string() } else { format!("{from}-{to}") };
    shown.iter().map(text).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "fn a() {\n    b();\n}\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";

    #[test]
    fn tests_and_lone_braces_do_not_count() {
        let mut lines = Lines::new();
        add(&mut lines, "SF:/x/a.rs\nDA:1,3\nDA:2,0\nDA:3,3\nDA:6,0\nend_of_record\nSF:/x/a.rs\nDA:1,1\nDA:2,0\n");
        let found = &lines[Path::new("/x/a.rs")];
        assert_eq!(found[&1], 4, "builds are added up");
        add(&mut lines, "SF:/x/a.rs\nDA:1,18446744073709551615\n");
        let found = &lines[Path::new("/x/a.rs")];
        assert_eq!(found[&1], u64::MAX, "a count that has gone below zero is no overflow");
        let file = missed("a.rs".into(), TEXT, found);
        assert_eq!((file.lines, file.missed), (2, vec![2]));
        assert_eq!(ranges(&[1, 2, 3, 7]), "1-3 7");
    }

    #[test]
    fn gate_finds_lines_that_never_run() {
        assert!(matches!(share(1, 100, 5, None), Verdict::Passed(..)));
        assert!(matches!(share(1, 100, 6, None), Verdict::Failed(..)));
        assert!(matches!(share(0, 0, 0, None), Verdict::Failed(..)));
    }
}
