//! What passed, what failed, what was skipped and how to make it run: the closing lines of every command.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::process::{Error, Output};

/// What one step came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All of so many checks or tests are well; the note is shown beside them.
    Passed(usize, String),
    /// So many passed and at least one did not, for the reason told.
    Failed(usize, usize, String),
    /// It could not be done here; the line makes it possible.
    Skipped {
        /// What is not there.
        why: String,
        /// The line that installs it.
        install: String,
    },
}

impl Verdict {
    /// One check that is well.
    pub fn passed(note: impl Into<String>) -> Self {
        Self::Passed(1, note.into())
    }

    /// One check that is not.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::Failed(0, 1, reason.into())
    }

    /// A command that is right when it exits with 0.
    pub fn of_command(output: Result<Output, Error>) -> Self {
        match output {
            Ok(output) if output.success() => Self::passed(""),
            Ok(output) => Self::failed(output.complaint()),
            Err(error) => Self::failed(error.to_string()),
        }
    }

    /// A `cargo test`, counted by its own closing lines.
    pub fn of_tests(output: Result<Output, Error>) -> Self {
        let output = match output {
            Ok(output) => output,
            Err(error) => return Self::failed(error.to_string()),
        };
        let count = Count::of(&output.text);
        if output.success() && count.failed == 0 {
            let note = match count.ignored {
                0 => String::new(),
                ignored => format!("{ignored} left to `deep`"),
            };
            Self::Passed(count.passed, note)
        } else {
            let reason = output.complaint_of(&telling(&output.text));
            Self::Failed(count.passed, count.failed.max(1), reason)
        }
    }

    /// A list of findings: none is well.
    pub fn of_findings(checked: usize, note: impl Into<String>, findings: Vec<String>) -> Self {
        if findings.is_empty() {
            Self::Passed(checked, note.into())
        } else {
            Self::Failed(0, findings.len(), findings.join("\n"))
        }
    }
}

/// What a `cargo test` printed, without the lines of what went well: of several thousand, the few that failed are to be
/// seen, and in whatever is kept of a log.
fn telling(text: &str) -> String {
    const STEPS: [&str; 8] =
        ["Compiling ", "Checking ", "Downloading ", "Downloaded ", "Locking ", "Adding ", "Running ", "Doc-tests "];
    let well = |line: &&str| {
        let line = line.trim();
        let test = line.starts_with("test ") && (line.ends_with("... ok") || line.contains("... ignored"));
        test || line.is_empty()
            || line.starts_with("test result: ok.")
            || line.starts_with("running ")
            || STEPS.iter().any(|step| line.starts_with(step))
    };
    let mut told = String::new();
    for line in text.lines().filter(|line| !well(line)) {
        told.push_str(line);
        told.push('\n');
    }
    told
}

/// The numbers of a `cargo test`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that did not.
    pub failed: usize,
    /// Tests marked `#[ignore]`.
    pub ignored: usize,
}

impl Count {
    /// Adds up the lines `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
    pub fn of(text: &str) -> Self {
        let mut count = Self::default();
        for line in text.lines() {
            let Some(at) = line.find("test result: ") else { continue };
            for piece in line[at..].split(['.', ';']) {
                let mut words = piece.split_whitespace();
                let (Some(number), Some(name)) = (words.next(), words.next()) else { continue };
                let Ok(number) = number.parse::<usize>() else { continue };
                match name {
                    "passed" => count.passed += number,
                    "failed" => count.failed += number,
                    "ignored" => count.ignored += number,
                    _ => {}
                }
            }
        }
        count
    }
}

/// Collects verdicts and prints them.
pub struct Report {
    passed: usize,
    failures: Vec<(String, usize)>,
    skips: Vec<(String, String, String)>,
    parts: Vec<(String, Duration)>,
    started: Instant,
    skip_is_failure: bool,
}

impl Report {
    /// An empty report. With `CI` in the environment a skip is a failure.
    pub fn new() -> Self {
        Self::with(std::env::var_os("CI").is_some_and(|value| !value.is_empty()))
    }

    fn with(skip_is_failure: bool) -> Self {
        Self {
            passed: 0,
            failures: Vec::new(),
            skips: Vec::new(),
            parts: Vec::new(),
            started: Instant::now(),
            skip_is_failure,
        }
    }

    /// Runs a part of several steps and keeps its time.
    pub fn part(&mut self, name: &str, body: impl FnOnce(&mut Self)) {
        println!("== {name}");
        let started = Instant::now();
        body(self);
        let elapsed = started.elapsed();
        println!("   {name} took {}", seconds(elapsed));
        self.parts.push((name.to_owned(), elapsed));
    }

    /// Runs one step and shows its verdict. Returns whether nothing failed.
    pub fn step(&mut self, name: &str, body: impl FnOnce() -> Verdict) -> bool {
        print!("   {name} ... ");
        let _ = io::stdout().flush();
        let started = Instant::now();
        let verdict = body();
        self.add(name, verdict, started.elapsed())
    }

    fn add(&mut self, name: &str, verdict: Verdict, elapsed: Duration) -> bool {
        let time = seconds(elapsed);
        match verdict {
            Verdict::Passed(count, note) => {
                self.passed += count;
                let note = if note.is_empty() { note } else { format!(", {note}") };
                println!("{count} passed{note} ({time})");
                true
            }
            Verdict::Failed(passed, failed, reason) => {
                self.passed += passed;
                println!("FAILED ({time})\n{reason}\n   FAILED: {name}");
                self.failures.push((name.to_owned(), failed));
                false
            }
            Verdict::Skipped { why, install } => {
                println!("SKIPPED: {why}\n      to run it: {install}");
                self.skips.push((name.to_owned(), why, install));
                true
            }
        }
    }

    /// The closing lines: times, what failed, what was skipped and the counts.
    fn closing(&self) -> String {
        let mut text = String::new();
        let failed: usize = self.failures.iter().map(|failure| failure.1).sum();
        for (name, elapsed) in &self.parts {
            let _ = writeln!(text, "{:>9}  {name}", seconds(*elapsed));
        }
        for (name, why, install) in &self.skips {
            let _ = writeln!(text, "SKIPPED {name}: {why}; to run it: {install}");
        }
        for (name, _) in &self.failures {
            let _ = writeln!(text, "FAILED {name}");
        }
        if self.skip_is_failure && !self.skips.is_empty() {
            let _ = writeln!(text, "a skip is a failure because CI is set");
        }
        let _ = write!(text, "{} passed, {failed} failed, {} skipped", self.passed, self.skips.len());
        text
    }

    fn success(&self) -> bool {
        self.failures.is_empty() && (self.skips.is_empty() || !self.skip_is_failure)
    }

    /// Counts so far: passed, failed, skipped.
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.passed, self.failures.iter().map(|failure| failure.1).sum(), self.skips.len())
    }

    /// The names of what failed so far.
    pub fn failures(&self) -> impl Iterator<Item = &str> {
        self.failures.iter().map(|failure| failure.0.as_str())
    }

    /// Prints the closing lines and says how the command ends.
    pub fn finish(self) -> ExitCode {
        println!("\n{:>9}  in all\n{}", seconds(self.started.elapsed()), self.closing());
        if self.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// A duration as a person reads it.
pub fn seconds(elapsed: Duration) -> String {
    let all = elapsed.as_secs();
    if all >= 60 { format!("{}m {:02}s", all / 60, all % 60) } else { format!("{:.1}s", elapsed.as_secs_f64()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skip() -> Verdict {
        Verdict::Skipped { why: "no qemu".to_owned(), install: "apt-get install qemu-system-arm".to_owned() }
    }

    #[test]
    fn closing_line_is_plain_and_counts_tests() {
        let mut report = Report::with(false);
        report.step("host", || Verdict::Passed(12, String::new()));
        report.step("firmware", skip);
        let closing = report.closing();
        assert!(closing.ends_with("\n12 passed, 0 failed, 1 skipped"), "{closing}");
        assert!(closing.contains("apt-get install qemu-system-arm"), "{closing}");
        assert!(report.success());
    }

    #[test]
    fn a_skip_is_a_failure_in_ci() {
        let mut report = Report::with(true);
        report.step("firmware", skip);
        assert!(!report.success());
        assert!(report.closing().ends_with("0 passed, 0 failed, 1 skipped"));
    }

    #[test]
    fn a_failure_fails_the_report() {
        let mut report = Report::with(false);
        assert!(!report.step("host", || Verdict::Failed(3, 2, "two are wrong".to_owned())));
        assert!(!report.success());
        assert!(report.closing().ends_with("FAILED host\n3 passed, 2 failed, 0 skipped"));
    }

    #[test]
    fn what_went_well_is_not_told_of_a_failed_run() {
        let text = "   Compiling zokio v0.1.0\n     Running unittests src/lib.rs\n\nrunning 3 tests\ntest a ... ok\n\
                    test b ... FAILED\ntest c ... ignored\n\nfailures:\n\n---- b stdout ----\nthread 'b' panicked\n\
                    test result: FAILED. 1 passed; 1 failed; 1 ignored\ntest result: ok. 3 passed; 0 failed\n";
        let told = "test b ... FAILED\nfailures:\n---- b stdout ----\nthread 'b' panicked\n\
                    test result: FAILED. 1 passed; 1 failed; 1 ignored\n";
        assert_eq!(telling(text), told);
    }

    #[test]
    fn test_results_of_several_binaries_are_added() {
        let text = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                    noise\ntest result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured\n";
        assert_eq!(Count::of(text), Count { passed: 4, failed: 2, ignored: 1 });
    }
}
