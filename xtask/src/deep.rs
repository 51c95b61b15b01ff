//! `deep`: hours instead of minutes. Soaks, models with one more preemption, every ordering weakened, Miri with many seeds,
//! an hour of fuzzing for each target. Each part can be run by itself, and cut to what a machine has time for; the outcome
//! of each is appended to `docs/deep-log.md` with the commit it was seen on.

use std::fs;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::process::Process;
use crate::report::{Report, Verdict, seconds};
use crate::workspace::Workspace;
use crate::{fuzz, loom, miri, orderings};

const HEADING: &str =
    "# Deep runs\n\nWritten by `cargo xtask deep`: what was run on which commit, for how long, and what it found.\n";

/// The parts, in the order in which they run; what each may be cut to, after `=`.
const PARTS: [(&str, &str); 5] = [
    ("soak", "nothing"),
    ("loom", "a package"),
    ("orderings", "a file"),
    ("miri", "seeds of the tests with threads"),
    ("fuzz", "seconds a target"),
];

/// Whether there are such parts.
///
/// # Errors
///
/// Says what there is.
pub fn check(parts: &[&str]) -> Result<(), String> {
    for part in parts {
        let (name, cut) = part.split_once('=').unwrap_or((part, ""));
        let known = PARTS.iter().any(|part| part.0 == name);
        let number = !["miri", "fuzz"].contains(&name) || cut.is_empty() || cut.parse::<u32>().is_ok_and(|n| n > 0);
        if !known || !number {
            let there: Vec<String> = PARTS.iter().map(|(name, cut)| format!("{name}[={cut}]")).collect();
            return Err(format!("deep: `{part}` is none of {}", there.join(" ")));
        }
    }
    Ok(())
}

/// Runs the parts that are named, or all, and after each writes the log: what was done stays done if the rest is not.
pub fn run(workspace: &Workspace, report: &mut Report, parts: &[&str]) {
    for (name, _) in PARTS {
        let found = parts.iter().find_map(|part| {
            let (there, cut) = part.split_once('=').unwrap_or((part, ""));
            (there == name).then_some(cut)
        });
        let cut = match found {
            Some(cut) => cut,
            None if parts.is_empty() => "",
            None => continue,
        };
        let started = Instant::now();
        let (before, failures) = (report.counts(), report.failures().count());
        let what = part(workspace, report, name, cut);
        let after = report.counts();
        let counts = (after.0 - before.0, after.1 - before.1, after.2 - before.2);
        let findings: Vec<&str> = report.failures().skip(failures).collect();
        let entry = entry(&commit(workspace), now(), &what, started.elapsed(), counts, &findings);
        report.step("the log", || match append(workspace, &entry) {
            Ok(()) => Verdict::passed("docs/deep-log.md"),
            Err(error) => Verdict::failed(error),
        });
    }
}

/// Runs one part, and says what it was.
fn part(workspace: &Workspace, report: &mut Report, name: &str, cut: &str) -> String {
    match name {
        "soak" => {
            report.part("soak", |report| {
                report.step("tests marked #[ignore], release", || {
                    let arguments = ["test", "--release", "--workspace", "--no-fail-fast", "--lib", "--tests"];
                    let process = Process::cargo(&arguments).args(["--", "--ignored"]).limit(4 * 3600);
                    Verdict::of_tests(process.dir(&workspace.root).output())
                });
            });
            "soak: tests marked #[ignore], release".to_owned()
        }
        "loom" => {
            let mut sum = String::new();
            report.part("loom", |report| sum = loom::some(workspace, report, 3, cut));
            format!("loom: 3 preemptions, {}; {sum}", if cut.is_empty() { "every package" } else { cut })
        }
        "orderings" => {
            orderings::run(workspace, report, if cut.is_empty() { ".rs" } else { cut });
            format!("orderings: {}", if cut.is_empty() { "every package" } else { cut })
        }
        "miri" => {
            let mut seeds = miri::DEEP;
            if let Ok(threads) = cut.parse() {
                seeds.threads = threads;
                seeds.all = seeds.all.min(threads / 16).max(1);
            }
            miri::run(workspace, report, seeds);
            format!("miri: seeds 0..{} for tests with threads, 0..{} for all", seeds.threads, seeds.all)
        }
        _ => {
            let seconds = cut.parse().unwrap_or(3600);
            let inputs = fuzz::run(workspace, report, "", seconds);
            format!("fuzz: {seconds} s a target; {inputs}")
        }
    }
}

fn commit(workspace: &Workspace) -> String {
    let git = |arguments: &[&str]| Process::new("git").args(arguments).dir(&workspace.root).limit(60).read();
    let Ok(commit) = git(&["rev-parse", "HEAD"]) else { return "not a git checkout".to_owned() };
    let changed =
        git(&["status", "--porcelain", "--", ".", ":!docs/deep-log.md"]).is_ok_and(|text| !text.trim().is_empty());
    format!("{}{}", commit.trim(), if changed { " with uncommitted changes" } else { "" })
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The section of one part.
fn entry(
    commit: &str,
    now: u64,
    what: &str,
    elapsed: Duration,
    (passed, failed, skipped): (usize, usize, usize),
    findings: &[&str],
) -> String {
    let findings = if findings.is_empty() { "none".to_owned() } else { findings.join(", ") };
    format!(
        "\n## {}, {what}\n\ncommit {commit}\n\n- took {}\n- {passed} passed, {failed} failed, {skipped} skipped\n- findings: {findings}\n",
        date(now),
        seconds(elapsed)
    )
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
        let entry = entry("abc", 0, "miri: seeds 0..64", Duration::from_secs(61), (3, 1, 0), &["a lost wake-up"]);
        assert!(entry.contains("1970-01-01 00:00 UTC, miri: seeds 0..64\n\ncommit abc"), "{entry}");
        assert!(entry.contains("- 3 passed, 1 failed, 0 skipped\n- findings: a lost wake-up"), "{entry}");
        assert!(entry.contains("took 1m 01s"), "{entry}");
    }

    #[test]
    fn parts_are_known_by_name_and_cut_by_numbers() {
        assert!(check(&["soak", "loom=zokio-core", "miri=64", "fuzz=600"]).is_ok());
        assert!(check(&["mirror"]).is_err());
        assert!(check(&["miri=many"]).is_err());
        assert!(check(&["fuzz=0"]).is_err());
    }
}
