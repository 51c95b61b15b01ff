//! `bench calibrate`: what things cost on this machine, measured, in a file that other programs can read.
//!
//! There is no figure of speed in the sources and none is estimated: who wants to know what a spawn or a message costs where
//! the program will run asks there. The file says of which commit, compiler and machine it is, and of each workload of the
//! benches the least, the median and the most of its samples, in nanoseconds of the wall and of the CPU.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::ledger;
use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::toolchain;
use crate::workspace::Workspace;

/// Whose figures they are: the server tier.
const RIVAL: &str = "zokio-mt";

/// A figure: its least, median and most.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

/// By workload and metric.
type Figures = BTreeMap<(String, String), Spread>;

/// Measures, and writes the file.
pub fn run(workspace: &Workspace, report: &mut Report, file: Option<&str>) {
    let file = file.map_or_else(|| workspace.target.join("calibration.toml"), PathBuf::from);
    report.part("calibrate", |report| {
        let mut figures = Figures::new();
        for program in ["zokio-benches", "primitives"] {
            let measured = report.step(program, || {
                let process = Process::cargo(&["run", "--release", "--quiet", "-p", "zokio-benches", "--bin", program]);
                let process = process.args(["--", "--quick", "--rival", RIVAL]);
                let before = figures.len();
                match process.limit(3600).dir(&workspace.root).output() {
                    Ok(output) if output.success() => figures.extend(output.stdout.lines().filter_map(figure)),
                    Ok(output) => return Verdict::failed(output.complaint()),
                    Err(error) => return Verdict::failed(error.to_string()),
                }
                match figures.len() - before {
                    0 => Verdict::failed("there is no figure in what it printed"),
                    count => Verdict::Passed(count, String::new()),
                }
            });
            if !measured {
                return;
            }
        }
        report.step(&format!("{}", file.display()), || {
            let text = ledger::commit(workspace).map(|commit| text(&head(&commit), &figures));
            match text.and_then(|text| fs::write(&file, text).map_err(|error| error.to_string())) {
                Ok(()) => Verdict::passed(""),
                Err(error) => Verdict::failed(error),
            }
        });
    });
}

/// A line of the table that the benches print: workload, metric, rival, median, least, most, ratio.
fn figure(line: &str) -> Option<((String, String), Spread)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let &[workload, metric, rival, median, least, most, _] = words.as_slice() else { return None };
    if rival != RIVAL {
        return None;
    }
    let spread = Spread { least: least.parse().ok()?, median: median.parse().ok()?, most: most.parse().ok()? };
    Some(((workload.to_owned(), metric.to_owned()), spread))
}

/// What the figures hold for.
fn head(commit: &str) -> Vec<(&'static str, String)> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let compiler = Process::new("rustc").args(["--version"]).limit(60).read().unwrap_or_default();
    vec![
        ("commit", commit.to_owned()),
        ("compiler", compiler.trim().to_owned()),
        ("target", toolchain::host_triple().unwrap_or_default()),
        ("cpu", cpu.map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned())),
        ("cpus", std::thread::available_parallelism().map_or(0, usize::from).to_string()),
        ("runtime", format!("{RIVAL}, two workers")),
    ]
}

fn text(head: &[(&str, String)], figures: &Figures) -> String {
    let mut text = String::from("# Written by `cargo xtask bench calibrate`. Nanoseconds for one operation.\n");
    for (name, value) in head {
        // A number, or a string without what would end it.
        let value = value.replace(['"', '\\'], "'");
        let quote = if value.parse::<u64>().is_ok() && *name == "cpus" { "" } else { "\"" };
        let _ = writeln!(text, "{name} = {quote}{value}{quote}");
    }
    let mut last = "";
    for ((workload, metric), Spread { least, median, most }) in figures {
        if workload != last {
            let _ = writeln!(text, "\n[{workload}]");
            last = workload;
        }
        let _ = writeln!(text, "{metric} = {{ least = {least:.1}, median = {median:.1}, most = {most:.1} }}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_table_become_tables_of_the_file() {
        let table = "workload metric rival median least most to tokio-mt\n\
                     yield_many ns_per_op tokio-mt 60.0 50.0 70.0 1.00\n\
                     yield_many ns_per_op zokio-mt 30.5 20.0 40.0 0.50\n\
                     yield_many cpu_ns_per_op zokio-mt 31.0 21.0 41.0 -";
        let figures: Figures = table.lines().filter_map(figure).collect();
        let head = [("cpu", "a \"b\"".to_owned()), ("cpus", "2".to_owned())];
        let text = text(&head, &figures);
        assert!(text.contains("cpu = \"a 'b'\"\ncpus = 2\n"), "{text}");
        let expected = "\n[yield_many]\ncpu_ns_per_op = { least = 21.0, median = 31.0, most = 41.0 }\n\
                        ns_per_op = { least = 20.0, median = 30.5, most = 40.0 }\n";
        assert!(text.ends_with(expected), "{text}");
    }
}
