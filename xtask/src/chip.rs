//! `bench chip`: instructions per operation on a Cortex-M3, of both back ends, beside what others need.
//!
//! The image is `benches/firmware`, which says how it counts. One boot per workload.

use std::path::Path;

use crate::firmware::{self, BackEnd, Image};
use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::toolchain;
use crate::workspace::Workspace;

/// A workload: its name on the command line, what it is, and embassy-executor 0.10's figure where there is one. The
/// figures are quoted, from a run with the same method and not by this program: embassy on its own executor, with an
/// ISR-safe signal, and its integrated timer queue.
const WORKLOADS: &[(&str, &str, Option<u32>)] = &[
    ("ping_pong", "ping-pong round, signal of a WaitCell", Some(230)),
    ("ping_pong_local", "  the same, no lock", Some(191)),
    ("ping_pong_notify", "ping-pong round, Notify", None),
    ("ping_pong_notify_local", "  the same, no lock", None),
    ("yield", "yield_now", Some(74)),
    ("spawn", "spawn, run, complete, and a yield of the spawner", Some(138)),
    ("spawn_detached", "  the same, a task without place for an output", None),
    ("spawn_join", "spawn, await the output", None),
    ("channel", "channel message, capacity 8", Some(107)),
    ("channel_local", "  the same, no lock", Some(88)),
    ("timers_1", "expiry, poll, re-arm: N = 1", Some(279)),
    ("timers_8", "  N = 8", Some(545)),
    ("timers_64", "  N = 64", Some(2_673)),
    ("timers_256", "  N = 256", Some(9_969)),
    ("spread_1", "  delays spread over 1..2N: N = 1", Some(293)),
    ("spread_8", "  N = 8", Some(484)),
    ("spread_64", "  N = 64", Some(2_214)),
    ("spread_256", "  N = 256", Some(8_167)),
];

/// Loops of a known number of instructions, and how much more than that a reading may show.
const CHECKS: &[(&str, u64)] = &[("loop_short", 2_000), ("loop_long", 2_000_000)];
const COST_OF_READING: u64 = 8;

const BACK_ENDS: [(&str, BackEnd); 2] = [("unicore", BackEnd::Own), ("lock-free", BackEnd::LockFree)];

/// Runs the steps.
pub fn steps(workspace: &Workspace, report: &mut Report) {
    let mut columns = Vec::new();
    for (name, back_end) in BACK_ENDS {
        report.step(&format!("chip: {name}"), || match column(workspace, back_end) {
            Ok(column) => {
                columns.push(column);
                Verdict::Passed(WORKLOADS.len(), String::new())
            }
            Err(verdict) => verdict,
        });
    }
    if let [unicore, lock_free] = &columns[..] {
        println!("\n{}", table(unicore, lock_free));
    }
}

/// The figures of one back end, in the order of the workloads.
fn column(workspace: &Workspace, back_end: BackEnd) -> Result<Vec<f64>, Verdict> {
    toolchain::qemu_arm()?;
    let name = "zokio-bench-chip".to_owned();
    let dir = workspace.root.join("benches/firmware");
    let image = Image { dir, package: name.clone(), binary: name, triple: "thumbv7m-none-eabi".to_owned() };
    let image = firmware::build(workspace, &image, back_end)?;
    for &(workload, expected) in CHECKS {
        let (instructions, _) = measure(&image, workload).map_err(Verdict::failed)?;
        if !(expected..=expected + COST_OF_READING).contains(&instructions) {
            let what =
                format!("{workload}: {expected} instructions read as {instructions}: the emulator counts otherwise");
            return Err(Verdict::failed(what));
        }
    }
    let figures = WORKLOADS.iter().map(|&(workload, ..)| {
        measure(&image, workload).map(|(instructions, operations)| instructions as f64 / f64::from(operations))
    });
    figures.collect::<Result<_, _>>().map_err(Verdict::failed)
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

fn table(unicore: &[f64], lock_free: &[f64]) -> String {
    let mut text =
        format!("{:50} {:>9} {:>9} {:>16}\n", "instructions per", "unicore", "lock-free", "embassy (quoted)");
    for (&(_, what, quoted), (unicore, lock_free)) in WORKLOADS.iter().zip(unicore.iter().zip(lock_free)) {
        let quoted = quoted.map_or_else(|| "-".to_owned(), |figure| figure.to_string());
        text.push_str(&format!("{what:50} {unicore:>9.0} {lock_free:>9.0} {quoted:>16}\n"));
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
        let figures = vec![10.4; WORKLOADS.len()];
        let text = table(&figures, &figures);
        assert_eq!(text.lines().count(), 1 + WORKLOADS.len());
        assert!(text.contains("230"), "{text}");
    }
}
