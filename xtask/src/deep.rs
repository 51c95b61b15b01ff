//! `deep`: hours instead of minutes, in parts that stay done.
//!
//! [`crate::jobs`] says which parts there are and what each must measure; [`crate::ledger`] what came of each, on which
//! commit, and for which sources that holds. A run takes the parts that are not done yet, those that never ran first and the
//! shortest of them first, and writes down each as soon as it is over: to `docs/deep-state.txt`, where the last run of a part
//! counts, and to `docs/deep-log.md`, which keeps all of them. So a run can be ended at any time, by Ctrl-C too, and the next
//! one goes on; only what was under way is lost, seldom more than ten minutes. At the end it says what is missing, and fails
//! while something is.
//!
//! First it holds the programs of stale fuzzing against those that were run ([`crate::same`]): what was seen of one that is still the
//! same stands, by the commit on which it was seen.
//!
//! As many parts run side by side as there are cores, each in a process of its own that keeps to one. None of them measures
//! time, and each has its own folder of builds or waits for the other's, so they may. What a part prints goes to a file below
//! the target folder.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::jobs::{self, Job};
use crate::ledger::{self, Ledger, Line, Standing};
use crate::process::{self, Process};
use crate::report::{Report, Verdict, seconds};
use crate::same;
use crate::workers;
use crate::workspace::Workspace;

const LOG: &str = "docs/deep-log.md";

/// How long one part may take, where the machine does other things besides.
const LIMIT: u64 = 48 * 3600;

/// What the line begins with by which a part that has a process of its own tells what it came to.
const RESULT: &str = "deep: ";

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What the names of the parts must contain.
    words: Vec<String>,
    /// Only to say how they stand.
    status: bool,
    /// Also what is done.
    again: bool,
    /// No part begins after so many.
    minutes: Option<u64>,
    /// The one part that this process is for.
    part: Option<String>,
}

impl Wanted {
    /// Reads the arguments of the command.
    ///
    /// # Errors
    ///
    /// Says which argument is none.
    pub fn of(arguments: &[&str]) -> Result<Self, String> {
        let mut wanted = Self::default();
        let mut rest = arguments.iter();
        while let Some(&argument) = rest.next() {
            match argument {
                "status" => wanted.status = true,
                "--again" => wanted.again = true,
                "--minutes" => {
                    let minutes = rest.next().and_then(|minutes| minutes.parse().ok());
                    wanted.minutes = Some(minutes.ok_or("deep: --minutes N")?);
                }
                "--part" => wanted.part = Some((*rest.next().ok_or("deep: --part NAME")?).to_owned()),
                word if word.starts_with('-') => return Err(format!("deep: there is no `{word}`")),
                word => wanted.words.push(word.to_owned()),
            }
        }
        Ok(wanted)
    }
}

/// A part, what stands of it in the ledger, and what it will cost.
struct Planned {
    job: Job,
    sources: String,
    standing: Standing,
    seconds: u64,
}

/// Runs the parts that are wanted and not done.
pub fn run(workspace: &Workspace, report: &mut Report, wanted: &Wanted) {
    if let Some(part) = &wanted.part {
        match jobs::all(workspace).map(|jobs| jobs.into_iter().find(|job| job.name == *part)) {
            Ok(Some(job)) => alone(workspace, report, &job),
            Ok(None) => drop(report.step("deep", || Verdict::failed(format!("there is no part `{part}`")))),
            Err(error) => drop(report.step("deep", || Verdict::failed(error))),
        }
        return;
    }
    let planned = plan(workspace, wanted).and_then(|planned| {
        if wanted.status || wanted.again || !keep_same(workspace, report, &planned) {
            return Ok(planned);
        }
        plan(workspace, wanted)
    });
    let planned = match planned {
        Ok(planned) => planned,
        Err(error) => {
            report.step("deep", || Verdict::failed(error));
            return;
        }
    };
    report.part("deep", |report| {
        if planned.is_empty() {
            report.step("parts", || Verdict::failed("no part is called so"));
            return;
        }
        let left = |planned: &&Planned| wanted.again || planned.standing != Standing::Done;
        let mut left: Vec<&Planned> = planned.iter().filter(left).collect();
        left.sort_by_key(|planned| (planned.standing != Standing::Never, planned.seconds));
        let cost: u64 = left.iter().map(|planned| planned.seconds).sum();
        println!(
            "   {} of {} parts to do, about {} of one core",
            left.len(),
            planned.len(),
            seconds(Duration::from_secs(cost))
        );
        if wanted.status {
            say_sources(&planned);
        } else {
            // Only where all parts are planned is what is not among them a part no more.
            if wanted.words.is_empty() {
                let is_part = |name: &str| planned.iter().any(|planned| planned.job.name == name);
                if let Err(error) = Ledger::keep_only(workspace, is_part) {
                    report.step("the ledger", || Verdict::failed(error));
                }
            }
            if !left.is_empty() {
                side_by_side(workspace, report, &left, wanted.minutes);
            }
        }
        report.step("every part is done", || missing(workspace, &planned));
    });
}

fn plan(workspace: &Workspace, wanted: &Wanted) -> Result<Vec<Planned>, String> {
    let ledger = Ledger::read(workspace);
    let mut jobs = jobs::all(workspace)?;
    jobs.retain(|job| wanted.words.iter().all(|word| job.name.contains(word)));
    let mut hashes: Vec<(Vec<String>, String)> = Vec::new();
    let planned = jobs.into_iter().map(|job| {
        let sources = match hashes.iter().find(|known| known.0 == job.paths) {
            Some(known) => known.1.clone(),
            None => {
                let hash = ledger::sources(workspace, &job.paths)?;
                hashes.push((job.paths.clone(), hash.clone()));
                hash
            }
        };
        let sources = with_marks(workspace, &job, sources)?;
        let changed = |commit: &str| ledger::changed(workspace, commit, &job.paths);
        let standing = ledger.standing(&job.name, &sources, changed);
        let seconds = ledger.line(&job.name).map_or(job.guess, |line| line.seconds);
        Ok(Planned { job, sources, standing, seconds })
    });
    planned.collect()
}

/// The hash of the sources of a part, and that of the changes which it applies.
fn with_marks(workspace: &Workspace, job: &Job, sources: String) -> Result<String, String> {
    match job.marked().as_slice() {
        [] => Ok(sources),
        marked => Ok(format!("{sources}.{}", ledger::marks(workspace, marked)?)),
    }
}

/// Writes down for the sources as they are what was seen of programs that have not changed with them. Answers whether there
/// is any.
fn keep_same(workspace: &Workspace, report: &mut Report, planned: &[Planned]) -> bool {
    let ledger = Ledger::read(workspace);
    // By their sources, so that one commit stands for all on which these are the same.
    let mut stale: BTreeMap<&str, Vec<(&Planned, &Line)>> = BTreeMap::new();
    for planned in planned {
        let line = ledger.line(&planned.job.name).filter(|line| line.passed);
        if let (Standing::Stale(Some(_)), Some(line), Some(_)) = (planned.standing, line, planned.job.program()) {
            stale.entry(&line.sources).or_default().push((planned, line));
        }
    }
    let mut kept = 0;
    for parts in stale.into_values() {
        let commit = &parts[0].1.commit;
        report.step(&format!("programs that are as they were on {commit}"), || {
            let mut targets: Vec<&str> = parts.iter().filter_map(|part| part.0.job.program()).collect();
            targets.dedup();
            let same = match same::since(workspace, commit, &targets) {
                Ok(same) => same,
                Err(error) => return Verdict::failed(error),
            };
            let entry =
                format!("- {} the same programs as on {commit}: fuzz {}\n", time(&date(now())), same.join(", "));
            let written = if same.is_empty() { Ok(()) } else { log(workspace).and_then(|_| append(workspace, &entry)) };
            if let Err(error) = written {
                return Verdict::failed(error);
            }
            let is_same = |job: &Job| job.program().is_some_and(|target| same.iter().any(|same| same == target));
            for (planned, line) in parts.iter().filter(|part| is_same(&part.0.job)) {
                let line = Line { sources: planned.sources.clone(), ..(*line).clone() };
                if let Err(error) = Ledger::write(workspace, &planned.job.name, line) {
                    return Verdict::failed(error);
                }
                kept += 1;
            }
            Verdict::Passed(targets.len(), format!("{} of {} are: {}", same.len(), targets.len(), same.join(", ")))
        });
    }
    kept > 0
}

/// Which files the parts depend on.
fn say_sources(planned: &[Planned]) {
    let mut said: Vec<&str> = Vec::new();
    for Planned { job, sources, .. } in planned {
        let sources = sources.split('.').next().unwrap_or_default();
        if !said.contains(&sources) {
            println!("   sources {sources}: {}", job.paths.join(" "));
            said.push(sources);
        }
    }
}

/// What is not done by now, by what the ledger says.
fn missing(workspace: &Workspace, planned: &[Planned]) -> Verdict {
    let ledger = Ledger::read(workspace);
    let (mut done, mut findings) = (0, Vec::new());
    for Planned { job, sources, .. } in planned {
        let changed = |commit: &str| ledger::changed(workspace, commit, &job.paths);
        match ledger.standing(&job.name, sources, changed) {
            Standing::Done => done += 1,
            standing => {
                let line = ledger.line(&job.name).map(|line| format!("; {} on {}", line.note, line.commit));
                findings.push(format!("{}: {standing}{}", job.name, line.unwrap_or_default()));
            }
        }
    }
    match findings.len() {
        0 => Verdict::Passed(done, String::new()),
        missing => {
            findings.push(format!("{done} parts are done, {missing} are missing"));
            Verdict::Failed(done, missing, findings.join("\n"))
        }
    }
}

fn side_by_side(workspace: &Workspace, report: &mut Report, left: &[&Planned], minutes: Option<u64>) {
    let begun = Instant::now();
    let folder = workspace.target.join("deep");
    let ready = fs::create_dir_all(&folder).map_err(|error| error.to_string());
    let ready = ready.and_then(|()| std::env::current_exe().map_err(|error| error.to_string()));
    let (program, commit) = match ready.and_then(|program| Ok((program, log(workspace)?))) {
        Ok(ready) => ready,
        Err(error) => {
            report.step("parts", || Verdict::failed(error));
            return;
        }
    };
    let ran = workers::each_numbered(left, |planned, worker| {
        let name = &planned.job.name;
        if minutes.is_some_and(|minutes| begun.elapsed() >= Duration::from_secs(minutes * 60)) {
            return Ok(());
        }
        let started = Instant::now();
        let place = folder.join(format!("{}.log", name.replace([' ', '/', ':'], "-")));
        let output = Process::new(&program.to_string_lossy())
            .args(["deep", "--part", name])
            .env(workers::CORES, "1")
            .env(workers::SLOT, worker.to_string())
            .dir(&workspace.root)
            .limit(LIMIT)
            .output()
            .map_err(|error| error.to_string())?;
        // Only for who wants to read it; the log has what counts.
        let _ = fs::write(&place, &output.text);
        let told = output.text.lines().rev().find_map(|line| line.strip_prefix(RESULT)?.split_once(' '));
        let (cost, note) = told.unwrap_or(("0", "it did not come to its end"));
        let passed = output.success() && told.is_some();
        println!("   {:>8} {name}: {}{note}", seconds(started.elapsed()), if passed { "" } else { "FAILED: " });
        if told.is_none() {
            return Err(format!("{name}: {}; see {}", output.ending(), place.display()));
        }
        // Somebody may have changed the sources meanwhile.
        let there = ledger::sources(workspace, &planned.job.paths)?;
        if with_marks(workspace, &planned.job, there)? != planned.sources {
            return Err(format!("{name}: the sources changed meanwhile"));
        }
        let line = Line {
            passed,
            commit: commit.clone(),
            sources: planned.sources.clone(),
            when: date(now()),
            seconds: cost.parse().unwrap_or(0),
            note: note.to_owned(),
        };
        write_down(workspace, name, line)
    });
    let findings: Vec<String> = ran.into_iter().filter_map(Result::err).collect();
    if !findings.is_empty() {
        report.step("parts that came to no end", || Verdict::failed(findings.join("\n")));
    }
}

/// Begins what the log tells of the commit that is checked out, unless it was the last one. Answers which that is.
fn log(workspace: &Workspace) -> Result<String, String> {
    let commit = ledger::commit(workspace)?;
    let log = fs::read_to_string(workspace.root.join(LOG)).unwrap_or_default();
    let heading = format!(", commit {commit}");
    if !log.lines().rfind(|line| line.starts_with("## ")).is_some_and(|line| line.ends_with(&heading)) {
        append(workspace, &format!("\n## {}{heading}\n\n", date(now())))?;
    }
    Ok(commit)
}

/// Writes a part to the log and to the ledger.
fn write_down(workspace: &Workspace, name: &str, line: Line) -> Result<(), String> {
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    append(workspace, &entry(name, &line))?;
    Ledger::write(workspace, name, line)
}

/// Runs one part in this process, and says what it came to.
fn alone(workspace: &Workspace, report: &mut Report, job: &Job) {
    let started = Instant::now();
    let what = job.run(workspace, report);
    let (passed, failed, skipped) = report.counts();
    let cost = process::children().unwrap_or(started.elapsed()).as_secs();
    let mut note = format!("{passed} passed");
    if !what.is_empty() {
        let _ = write!(note, ", {what}");
    }
    if failed + skipped > 0 {
        let findings: Vec<&str> = report.failures().collect();
        let _ = write!(note, ", {failed} failed, {skipped} skipped: {}", findings.join(", "));
    }
    if skipped > 0 || passed == 0 {
        // What was not run is not done.
        report.step(&job.name, || Verdict::failed("not all of it was run"));
    }
    println!("{RESULT}{cost} {}", note.replace('\n', " "));
}

/// The line of one part in the log.
fn entry(name: &str, line: &Line) -> String {
    let outcome = if line.passed { "passed" } else { "FAILED" };
    format!("- {} {outcome}: {name}: {}; {} s of a core\n", time(&line.when), line.note, line.seconds)
}

/// The time of a date and time.
fn time(when: &str) -> &str {
    when.split_once(' ').map_or("", |(_, time)| time.trim_end_matches(" UTC"))
}

/// Puts text to the end in one write.
fn append(workspace: &Workspace, text: &str) -> Result<(), String> {
    let file = fs::OpenOptions::new().append(true).open(workspace.root.join(LOG));
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| format!("{LOG}: {error}"))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
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
    fn an_entry_names_part_outcome_counts_and_cost() {
        let line = Line {
            passed: false,
            commit: "c".into(),
            sources: "s".into(),
            when: date(3_600),
            seconds: 61,
            note: "3 passed, 1 failed, 0 skipped: a lost wake-up".into(),
        };
        assert_eq!(
            entry("miri x", &line),
            "- 01:00 FAILED: miri x: 3 passed, 1 failed, 0 skipped: a lost wake-up; 61 s of a core\n"
        );
    }

    #[test]
    fn arguments_are_words_and_what_is_known() {
        let wanted = Wanted::of(&["miri", "--minutes", "90", "i686", "--again"]).expect("known");
        assert_eq!((wanted.words.len(), wanted.minutes, wanted.again, wanted.status), (2, Some(90), true, false));
        assert!(Wanted::of(&["status"]).expect("known").status);
        assert!(Wanted::of(&["--minutes", "many"]).is_err());
        assert!(Wanted::of(&["--minutes"]).is_err());
        assert!(Wanted::of(&["--hours", "1"]).is_err());
    }
}
