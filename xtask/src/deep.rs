//! `deep`: hours instead of minutes. Soaks, models with one more preemption, every ordering weakened, Miri with many seeds,
//! an hour of fuzzing for each target. Each part can be run by itself, and cut to what a machine has time for; the outcome
//! of each is appended to `docs/deep-log.md` with the commit it was seen on, also where it failed.
//!
//! Several parts are run side by side, as many at a time as there are cores, each by a process of its own that keeps to one
//! core; each fuzz target is a part then. None of them measures time, and each has its own folder of builds or waits for
//! the other's, so they may. What a part prints goes to a file below the target folder.

use std::fs;
use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::process::Process;
use crate::report::{Report, Verdict, seconds};
use crate::workers;
use crate::workspace::Workspace;
use crate::{fuzz, loom, miri, mutants, orderings, shuttle};

const HEADING: &str =
    "# Deep runs\n\nWritten by `cargo xtask deep`: what was run on which commit, for how long, and what it found.\n";

/// The parts, in the order in which they run; what each may be cut to, after `=`.
const PARTS: [(&str, &str); 7] = [
    ("soak", "nothing"),
    ("mutants", "a file or a test"),
    ("loom", "a package"),
    ("orderings", "a file"),
    ("shuttle", "schedules of a test"),
    ("miri", "seeds of the tests with threads"),
    ("fuzz", "seconds a target, or a target:seconds"),
];

/// How long one part may take: Miri with many seeds on one core takes longest.
const LIMIT: u64 = 48 * 3600;

/// Whether there are such parts.
///
/// # Errors
///
/// Says what there is.
pub fn check(parts: &[&str]) -> Result<(), String> {
    for part in parts {
        let (name, cut) = part.split_once('=').unwrap_or((part, ""));
        let known = PARTS.iter().any(|part| part.0 == name);
        let number = if name == "fuzz" { fuzz_cut(cut).1 } else { cut };
        let number = !["miri", "fuzz", "shuttle"].contains(&name)
            || cut.is_empty()
            || number.parse::<u32>().is_ok_and(|n| n > 0);
        if !known || !number {
            let there: Vec<String> = PARTS.iter().map(|(name, cut)| format!("{name}[={cut}]")).collect();
            return Err(format!("deep: `{part}` is none of {}", there.join(" ")));
        }
    }
    Ok(())
}

/// A target, or every one, and its seconds.
fn fuzz_cut(cut: &str) -> (&str, &str) {
    cut.split_once(':').unwrap_or(("", cut))
}

/// Runs the parts that are named, or all. Each writes the log when it is over: what was done stays done if the rest is not.
pub fn run(workspace: &Workspace, report: &mut Report, parts: &[&str]) {
    match parts {
        [one] => alone(workspace, report, one),
        some => side_by_side(workspace, report, &jobs(some, &fuzz::targets(workspace))),
    }
}

/// The parts that are wanted, each fuzz target by itself; the longest first.
fn jobs(parts: &[&str], targets: &[String]) -> Vec<String> {
    let mut jobs = Vec::new();
    for name in ["miri", "fuzz", "mutants", "shuttle", "loom", "orderings", "soak"] {
        let of = |part: &&&str| part.split_once('=').map_or(**part, |part| part.0) == name;
        let wanted: Vec<&str> = if parts.is_empty() { vec![name] } else { parts.iter().filter(of).copied().collect() };
        for part in wanted {
            let cut = part.split_once('=').map_or("", |part| part.1);
            if name == "fuzz" && !cut.contains(':') {
                let seconds = if cut.is_empty() { "3600" } else { cut };
                jobs.extend(targets.iter().map(|target| format!("fuzz={target}:{seconds}")));
            } else {
                jobs.push(part.to_owned());
            }
        }
    }
    jobs
}

fn side_by_side(workspace: &Workspace, report: &mut Report, jobs: &[String]) {
    report.part("deep", |report| {
        let folder = workspace.target.join("deep");
        let started = fs::create_dir_all(&folder)
            .map_err(|error| error.to_string())
            .and_then(|()| std::env::current_exe().map_err(|error| error.to_string()));
        let program = match started {
            Ok(program) => program,
            Err(error) => {
                report.step("parts", || Verdict::failed(error));
                return;
            }
        };
        let ran = workers::each(jobs, |job| {
            let started = Instant::now();
            let place = folder.join(format!("{}.log", job.replace(['=', ':', '/'], "-")));
            let process = Process::new(&program.to_string_lossy()).args(["deep", job]).env(workers::CORES, "1");
            let output = process.dir(&workspace.root).limit(LIMIT).output();
            if let Ok(output) = &output {
                // Only for who wants to read it; the log has what counts.
                let _ = fs::write(&place, &output.text);
            }
            let verdict = match output {
                Ok(output) if output.success() => Verdict::passed(output.text.lines().last().unwrap_or_default()),
                Ok(output) => Verdict::failed(format!("{}; see {}", output.ending(), place.display())),
                Err(error) => Verdict::failed(error.to_string()),
            };
            println!(
                "   {:>8} {job}: {}",
                seconds(started.elapsed()),
                if verdict.is_passed() { "passed" } else { "FAILED" }
            );
            verdict
        });
        for (job, verdict) in jobs.iter().zip(ran) {
            report.step(job, || verdict);
        }
    });
}

/// Runs one part with all cores, and writes the log.
fn alone(workspace: &Workspace, report: &mut Report, wanted: &str) {
    let (name, cut) = wanted.split_once('=').unwrap_or((wanted, ""));
    let started = Instant::now();
    let what = part(workspace, report, name, cut);
    let findings: Vec<&str> = report.failures().collect();
    let entry = entry(&commit(workspace), now(), &what, started.elapsed(), report.counts(), &findings);
    report.step("the log", || match append(workspace, &entry) {
        Ok(()) => Verdict::passed("docs/deep-log.md"),
        Err(error) => Verdict::failed(error),
    });
}

/// Runs one part, and says what it was.
fn part(workspace: &Workspace, report: &mut Report, name: &str, cut: &str) -> String {
    match name {
        "soak" => {
            report.part("soak", |report| {
                report.step("tests marked #[ignore] that are called soaks, release", || {
                    // Others are marked so because they fail on purpose.
                    let arguments = ["test", "--release", "--workspace", "--no-fail-fast", "--lib", "--tests"];
                    let process = Process::cargo(&arguments).args(["--", "--ignored", "soak"]).limit(4 * 3600);
                    Verdict::of_tests(process.dir(&workspace.root).output())
                });
            });
            "soak: tests marked #[ignore], release".to_owned()
        }
        "mutants" => {
            mutants::run(workspace, report, if cut.is_empty() { &[] } else { std::slice::from_ref(&cut) });
            format!("mutants: {}", if cut.is_empty() { "all" } else { cut })
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
        "shuttle" => {
            let schedules = cut.parse().unwrap_or(shuttle::DEEP);
            let sum = shuttle::run(workspace, report, schedules);
            format!("shuttle: {schedules} schedules a test; {sum}")
        }
        "miri" => {
            let mut seeds = miri::DEEP;
            if let Ok(threads) = cut.parse() {
                seeds.threads = threads;
                seeds.all = seeds.all.min(threads / 16).max(1);
            }
            miri::run(workspace, report, seeds, &[]);
            format!("miri: seeds 0..{} for tests with threads, 0..{} for all", seeds.threads, seeds.all)
        }
        _ => {
            let (target, seconds) = fuzz_cut(cut);
            let seconds = seconds.parse().unwrap_or(3600);
            let inputs = fuzz::run(workspace, report, target, seconds);
            format!("fuzz: {}, {seconds} s a target; {inputs}", if target.is_empty() { "every target" } else { target })
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

/// Puts an entry to the end in one write: other parts may do so at the same time.
fn append(workspace: &Workspace, entry: &str) -> Result<(), String> {
    let path = workspace.root.join("docs/deep-log.md");
    let text = if path.exists() { entry.to_owned() } else { format!("{HEADING}{entry}") };
    let file = fs::create_dir_all(workspace.root.join("docs"))
        .and_then(|()| fs::OpenOptions::new().create(true).append(true).open(&path));
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| error.to_string())
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
        assert!(check(&["fuzz=timers:60", "mutants=permits"]).is_ok());
    }

    #[test]
    fn each_fuzz_target_is_a_part_and_the_longest_come_first() {
        let targets = ["list".to_owned(), "timers".to_owned()];
        assert_eq!(jobs(&["soak", "fuzz=5", "miri=64"], &targets), ["miri=64", "fuzz=list:5", "fuzz=timers:5", "soak"]);
        assert_eq!(jobs(&["fuzz=list:7", "loom"], &targets), ["fuzz=list:7", "loom"]);
        let all = jobs(&[], &targets);
        for (name, _) in PARTS {
            assert!(all.iter().any(|job| job.starts_with(name)), "{name}");
        }
        assert!(check(&all.iter().map(String::as_str).collect::<Vec<_>>()).is_ok());
    }
}
