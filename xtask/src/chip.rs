//! `bench chip`: instructions per operation on a Cortex-M3, of both back ends, beside what others need.
//!
//! The images are `benches/firmware`, which says how it counts, and `benches/firmware-embassy`, the same workloads on
//! embassy. One boot per workload.

use std::path::Path;

use crate::firmware::{self, BackEnd, Image};
use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::toolchain;
use crate::workspace::Workspace;

/// A workload: its name on the command line, what it is, and whether embassy has it.
const WORKLOADS: &[(&str, &str, bool)] = &[
    ("ping_pong", "ping-pong round, Signal", true),
    ("ping_pong_local", "  the same, no lock", true),
    ("ping_pong_notify", "ping-pong round, Notify", false),
    ("ping_pong_notify_local", "  the same, no lock", false),
    ("yield", "yield_now", true),
    ("spawn", "spawn, run, complete, and a yield of the spawner", true),
    ("spawn_detached", "  the same, a task without place for an output", false),
    ("spawn_join", "spawn, await the output", false),
    ("channel", "channel message, capacity 8", true),
    ("channel_local", "  the same, no lock", true),
    ("timers_1", "expiry, poll, re-arm: N = 1", true),
    ("timers_8", "  N = 8", true),
    ("timers_64", "  N = 64", true),
    ("timers_256", "  N = 256", true),
    ("spread_1", "  delays spread over 1..2N: N = 1", true),
    ("spread_8", "  N = 8", true),
    ("spread_64", "  N = 64", true),
    ("spread_256", "  N = 256", true),
];

/// Loops of a known number of instructions, and how much more than that a reading may show.
const CHECKS: &[(&str, u64)] = &[("loop_short", 2_000), ("loop_long", 2_000_000)];
const COST_OF_READING: u64 = 8;

/// A column of the table: its name, the folder and the name of its package, how tasks exclude interrupts.
const COLUMNS: [(&str, &str, &str, BackEnd); 3] = [
    ("unicore", "benches/firmware", OWN, BackEnd::Own),
    ("lock-free", "benches/firmware", OWN, BackEnd::LockFree),
    ("embassy", "benches/firmware-embassy", "zokio-bench-embassy", BackEnd::Own),
];
const OWN: &str = "zokio-bench-chip";

/// Runs the steps.
pub fn steps(workspace: &Workspace, report: &mut Report) {
    let mut columns = Vec::new();
    for (name, dir, package, back_end) in COLUMNS {
        report.step(&format!("chip: {name}"), || match column(workspace, dir, package, back_end) {
            Ok(column) => {
                let measured = column.iter().flatten().count();
                columns.push(column);
                Verdict::Passed(measured, String::new())
            }
            Err(verdict) => verdict,
        });
    }
    if columns.len() == COLUMNS.len() {
        println!("\n{}", table(&columns));
    }
}

/// The figures of one image, in the order of the workloads; `None` where it has no such workload.
fn column(workspace: &Workspace, dir: &str, package: &str, back_end: BackEnd) -> Result<Vec<Option<f64>>, Verdict> {
    toolchain::qemu_arm()?;
    let dir = workspace.root.join(dir);
    let image =
        Image { dir, package: package.to_owned(), binary: package.to_owned(), triple: "thumbv7m-none-eabi".to_owned() };
    let image = firmware::build(workspace, &image, back_end)?;
    if package == OWN {
        for &(workload, expected) in CHECKS {
            let (instructions, _) = measure(&image, workload).map_err(Verdict::failed)?;
            if !(expected..=expected + COST_OF_READING).contains(&instructions) {
                let what = format!(
                    "{workload}: {expected} instructions read as {instructions}: the emulator counts otherwise"
                );
                return Err(Verdict::failed(what));
            }
        }
    }
    let figures = WORKLOADS.iter().map(|&(workload, _, rival)| {
        if package != OWN && !rival {
            return Ok(None);
        }
        let (instructions, operations) = measure(&image, workload)?;
        Ok(Some(instructions as f64 / f64::from(operations)))
    });
    figures.collect::<Result<_, String>>().map_err(Verdict::failed)
}

/// Boots the image once: instructions, and the operations they were for.
fn measure(image: &Path, workload: &str) -> Result<(u64, u32), String> {
    let semihosting = format!("enable=on,target=native,arg=bench,arg={workload}");
    let text = Process::new("qemu-system-arm")
        .args(["-M", "mps2-an385", "-nographic", "-monitor", "none", "-serial", "none"])
        .args(["-icount", "shift=6,align=off,sleep=off", "-semihosting-config", &semihosting, "-kernel"])
        .args([image])
        .limit(120)
        .read()?;
    reading(&text, workload).ok_or_else(|| format!("{workload} answered: {text}"))
}

/// The line `WORKLOAD INSTRUCTIONS OPERATIONS`.
fn reading(text: &str, workload: &str) -> Option<(u64, u32)> {
    let mut words = text.lines().find(|line| line.split(' ').next() == Some(workload))?.split(' ').skip(1);
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok().filter(|&operations| operations > 0)?))
}

fn table(columns: &[Vec<Option<f64>>]) -> String {
    let mut text = format!("{:50}", "instructions per");
    for (name, ..) in COLUMNS {
        text.push_str(&format!(" {name:>9}"));
    }
    for (row, (_, what, _)) in WORKLOADS.iter().enumerate() {
        text.push_str(&format!("\n{what:50}"));
        for column in columns {
            let figure = column[row].map_or_else(|| "-".to_owned(), |figure| format!("{figure:.0}"));
            text.push_str(&format!(" {figure:>9}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_the_line_of_its_workload() {
        assert_eq!(reading("yield 97718 1000\n", "yield"), Some((97_718, 1000)));
        assert_eq!(reading("yield_more 97718 1000\n", "yield"), None);
        assert_eq!(reading("yield 97718 0\n", "yield"), None);
        assert_eq!(reading("fault\n", "yield"), None);
    }

    #[test]
    fn the_table_has_a_line_for_each_workload() {
        let columns = COLUMNS.map(|_| vec![Some(10.4); WORKLOADS.len()]);
        let text = table(&columns);
        assert_eq!(text.lines().count(), 1 + WORKLOADS.len());
        assert!(text.lines().all(|line| line.len() == text.lines().next().map_or(0, str::len)), "{text}");
    }
}
