//! `deep`: hours instead of minutes. Soaks, models with one more preemption, Miri with many seeds; the outcome is
//! appended to `docs/deep-log.md` with the commit it was seen on.

use std::fmt::Write as _;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::process::Process;
use crate::report::{Report, Verdict, seconds};
use crate::workspace::Workspace;
use crate::{loom, miri};

const HEADING: &str =
    "# Deep runs\n\nWritten by `cargo xtask deep`: what was run on which commit, for how long, and what it found.\n";

/// Runs the part and writes the log. `seeds` is for Miri.
pub fn run(workspace: &Workspace, report: &mut Report, seeds: u32) {
    report.part("soak", |report| {
        report.step("tests marked #[ignore], release", || {
            let process = Process::cargo(&["test", "--release", "--workspace", "--no-fail-fast", "--lib", "--tests"]);
            Verdict::of_tests(process.args(["--", "--ignored"]).limit(4 * 3600).dir(&workspace.root).output())
        });
    });
    loom::run(workspace, report, 3);
    miri::run(workspace, report, seeds);
    let entry = entry(&commit(workspace), now(), seeds, report);
    report.step("the log", || match append(workspace, &entry) {
        Ok(()) => Verdict::passed("docs/deep-log.md"),
        Err(error) => Verdict::failed(error),
    });
}

fn commit(workspace: &Workspace) -> String {
    let git = |arguments: &[&str]| Process::new("git").args(arguments).dir(&workspace.root).limit(60).read();
    let Ok(commit) = git(&["rev-parse", "HEAD"]) else { return "not a git checkout".to_owned() };
    let changed = git(&["status", "--porcelain"]).is_ok_and(|text| !text.trim().is_empty());
    format!("{}{}", commit.trim(), if changed { " with uncommitted changes" } else { "" })
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The section of one run.
fn entry(commit: &str, now: u64, seeds: u32, report: &Report) -> String {
    let mut text = String::new();
    let (passed, failed, skipped) = report.counts();
    let _ = writeln!(text, "\n## {}\n\ncommit {commit}; Miri seeds 0..{seeds}; loom preemptions 3\n", date(now));
    for (name, elapsed) in report.parts() {
        let _ = writeln!(text, "- {name}: {}", seconds(*elapsed));
    }
    let _ = writeln!(text, "- {passed} passed, {failed} failed, {skipped} skipped");
    let findings: Vec<&str> = report.failures().collect();
    let _ = writeln!(text, "- findings: {}", if findings.is_empty() { "none".to_owned() } else { findings.join(", ") });
    text
}

fn append(workspace: &Workspace, entry: &str) -> Result<(), String> {
    let path = workspace.root.join("docs/deep-log.md");
    let mut text = fs::read_to_string(&path).unwrap_or_else(|_| HEADING.to_owned());
    text.push_str(entry);
    fs::create_dir_all(workspace.root.join("docs"))
        .and_then(|()| fs::write(&path, text))
        .map_err(|error| error.to_string())
}

/// Seconds since 1970 as a date and time in UTC.
fn date(now: u64) -> String {
    let (mut days, rest) = (now / 86_400, now % 86_400);
    let leap = |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 0;
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    format!("{year}-{:02}-{:02} {:02}:{:02} UTC", month + 1, days + 1, rest / 3600, rest / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01 00:00 UTC");
        assert_eq!(date(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(date(1_735_689_599), "2024-12-31 23:59 UTC");
    }

    #[test]
    fn an_entry_names_commit_seeds_counts_and_findings() {
        let mut report = Report::new();
        report.step("models", || Verdict::failed("a lost wake-up"));
        let entry = entry("abc", 0, 64, &report);
        assert!(entry.contains("commit abc; Miri seeds 0..64"), "{entry}");
        assert!(entry.contains("- 0 passed, 1 failed, 0 skipped") && entry.contains("findings: models"), "{entry}");
    }
}
