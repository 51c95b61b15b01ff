//! `chip`: instructions per operation on a Cortex-M3, of both back ends, beside what others need and beside the bar.
//!
//! The images are `benches/firmware`, which says how it counts, and `benches/firmware-embassy`, the same workloads on
//! embassy. One boot per workload. The figures of our own are held against `benches/chip.toml`: they may fall, and rise
//! only with an argument in the commit that raises them.

use std::fs;
use std::path::Path;

use crate::elf::Elf;
use crate::firmware::{self, BackEnd, Image};
use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::toolchain;
use crate::workspace::Workspace;

/// A workload: its name on the command line, what it is, whether embassy has it, and the bar.
const WORKLOADS: &[(&str, &str, bool, Option<u32>)] = &[
    ("ping_pong", "ping-pong round, Signal", true, Some(175)),
    ("ping_pong_local", "  the same, no lock", true, Some(155)),
    ("ping_pong_notify", "ping-pong round, Notify", false, None),
    ("ping_pong_notify_local", "  the same, no lock", false, None),
    ("yield", "yield_now", true, Some(55)),
    ("spawn", "spawn, run, complete, and a yield of the spawner", true, Some(130)),
    ("spawn_detached", "  the same, a task without place for an output", false, None),
    ("spawn_join", "spawn, await the output", false, Some(205)),
    ("channel", "channel message, capacity 8", true, Some(92)),
    ("channel_local", "  the same, no lock", true, Some(80)),
    ("timers_1", "expiry, poll, re-arm: N = 1", true, Some(140)),
    ("timers_8", "  N = 8", true, Some(240)),
    ("timers_64", "  N = 64", true, Some(280)),
    ("timers_256", "  N = 256", true, Some(300)),
    ("spread_1", "  delays spread over 1..2N: N = 1", true, Some(150)),
    ("spread_8", "  N = 8", true, Some(250)),
    ("spread_64", "  N = 64", true, Some(350)),
    ("spread_256", "  N = 256", true, Some(420)),
];

/// Loops of a known number of instructions, and how much more than that a reading may show.
const CHECKS: &[(&str, u64)] = &[("loop_short", 2_000), ("loop_long", 2_000_000)];
const COST_OF_READING: u64 = 8;

/// A column of the table.
struct Column {
    name: &'static str,
    dir: &'static str,
    package: &'static str,
    triple: &'static str,
    /// How tasks exclude interrupts.
    back_end: BackEnd,
}

const OWN: &str = "zokio-bench-chip";
const fn own(name: &'static str, triple: &'static str, back_end: BackEnd) -> Column {
    Column { name, dir: "benches/firmware", package: OWN, triple, back_end }
}

const COLUMNS: [Column; 4] = [
    own("unicore", "thumbv7m-none-eabi", BackEnd::Own),
    own("thumbv6m", "thumbv6m-none-eabi", BackEnd::Own),
    own("lock-free", "thumbv7m-none-eabi", BackEnd::LockFree),
    Column {
        name: "embassy",
        dir: "benches/firmware-embassy",
        package: "zokio-bench-embassy",
        triple: "thumbv7m-none-eabi",
        back_end: BackEnd::Own,
    },
];

/// Runs the part.
pub fn run(workspace: &Workspace, report: &mut Report) {
    report.part("chip", |report| {
        blinky(workspace, report);
        steps(workspace, report);
    });
}

/// Runs the steps.
pub fn steps(workspace: &Workspace, report: &mut Report) {
    let held = fs::read_to_string(workspace.root.join("benches/chip.toml")).unwrap_or_default();
    let mut columns = Vec::new();
    for column in &COLUMNS {
        report.step(&format!("chip: {}", column.name), || match figures(workspace, column) {
            Ok(figures) => {
                let measured = figures.iter().flatten().count();
                let findings = if column.package == OWN { risen(&held, column.name, &figures) } else { Vec::new() };
                columns.push(figures);
                Verdict::of_findings(measured, String::new(), findings)
            }
            Err(verdict) => verdict,
        });
    }
    if columns.len() == COLUMNS.len() {
        println!("\n{}", table(&columns));
    }
}

/// The bars of the two blinking pins of `benches/firmware-size`, vectors left out: flash, RAM, and of a further distinct task
/// both again.
const BLINKY: [(&str, u32); 4] = [("flash", 1_360), ("ram", 116), ("task_flash", 150), ("task_ram", 48)];

/// Weighs two, three and four blinking pins.
pub fn blinky(workspace: &Workspace, report: &mut Report) {
    report.step("chip: two blinking pins", || match weights(workspace) {
        Ok(weights) => {
            let held = fs::read_to_string(workspace.root.join("benches/chip.toml")).unwrap_or_default();
            let mut note = String::new();
            let mut findings = Vec::new();
            for ((name, bar), weight) in BLINKY.into_iter().zip(weights) {
                note.push_str(&format!("{name} {weight} B (bar {bar}) "));
                match limit(&held, "blinky", name) {
                    Some(limit) if weight <= limit => {}
                    limit => findings.push(format!("blinky, {name}: {weight} B, and benches/chip.toml says {limit:?}")),
                }
            }
            Verdict::of_findings(BLINKY.len(), note, findings)
        }
        Err(verdict) => verdict,
    });
}

/// Flash and RAM of two pins, and the most that one more adds.
fn weights(workspace: &Workspace) -> Result<[u32; 4], Verdict> {
    const TRIPLE: &str = "thumbv7m-none-eabi";
    toolchain::target(TRIPLE)?;
    let target = workspace.target.join("firmware");
    let mut images = Vec::new();
    for feature in ["", "third", "fourth"] {
        let process = Process::cargo(&["build", "--release", "--quiet", "--features", feature])
            .dir(&workspace.root.join("benches/firmware-size"))
            .target_dir(&target)
            .without("RUSTFLAGS");
        match process.output() {
            Ok(output) if output.success() => {}
            Ok(output) => return Err(Verdict::failed(output.complaint())),
            Err(error) => return Err(Verdict::failed(error.to_string())),
        }
        let bytes = fs::read(target.join(TRIPLE).join("release/zokio-bench-size"));
        let elf =
            bytes.map_err(|error| error.to_string()).and_then(|bytes| Elf::read(&bytes)).map_err(Verdict::failed)?;
        let sum = |names: [&str; 2]| -> u32 {
            let named = elf.sections.iter().filter(|section| names.contains(&section.name.as_str()));
            named.map(|section| u32::try_from(section.size).unwrap_or(u32::MAX)).sum()
        };
        images.push((sum([".text", ".rodata"]), sum([".data", ".bss"])));
    }
    let most = |part: fn(&(u32, u32)) -> u32| {
        let steps = images.windows(2).map(|pair| part(&pair[1]).saturating_sub(part(&pair[0])));
        steps.max().unwrap_or_default()
    };
    Ok([images[0].0, images[0].1, most(|image| image.0), most(|image| image.1)])
}

/// Instructions that a change elsewhere may move, by where the compiler puts what.
const SLACK: u32 = 2;

/// What costs more than the committed file says, or is not in it.
fn risen(held: &str, section: &str, figures: &[Option<f64>]) -> Vec<String> {
    let rows = WORKLOADS.iter().zip(figures).filter_map(|(&(workload, ..), figure)| Some((workload, (*figure)?)));
    rows.filter_map(|(workload, figure)| match limit(held, section, workload) {
        Some(limit) if figure.round() <= f64::from(limit + SLACK) => None,
        Some(limit) => {
            Some(format!("{section}, {workload}: {figure:.0} instructions, and benches/chip.toml says {limit}"))
        }
        None => Some(format!("{section}, {workload}: {figure:.0} instructions, and benches/chip.toml says nothing")),
    })
    .collect()
}

/// The number that a file of sections and `name = number` lines has for a name.
pub fn limit(held: &str, section: &str, name: &str) -> Option<u32> {
    let mut lines = held.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.find(|line| line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) == Some(section))?;
    lines
        .take_while(|line| !line.starts_with('['))
        .find_map(|line| line.split_once('=').filter(|(key, _)| key.trim() == name)?.1.trim().parse().ok())
}

/// The figures of one image, in the order of the workloads; `None` where it has no such workload.
fn figures(workspace: &Workspace, column: &Column) -> Result<Vec<Option<f64>>, Verdict> {
    toolchain::qemu_arm()?;
    let image = Image {
        dir: workspace.root.join(column.dir),
        package: column.package.to_owned(),
        binary: column.package.to_owned(),
        triple: column.triple.to_owned(),
    };
    let image = firmware::build(workspace, &image, column.back_end)?;
    if column.package == OWN {
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
    let figures = WORKLOADS.iter().map(|&(workload, _, rival, _)| {
        if column.package != OWN && !rival {
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
    for column in &COLUMNS {
        text.push_str(&format!(" {:>9}", column.name));
    }
    text.push_str("   bar");
    for (row, (_, what, _, bar)) in WORKLOADS.iter().enumerate() {
        text.push_str(&format!("\n{what:50}"));
        for column in columns {
            let figure = column[row].map_or_else(|| "-".to_owned(), |figure| format!("{figure:.0}"));
            text.push_str(&format!(" {figure:>9}"));
        }
        let bar = bar.map_or_else(|| "-".to_owned(), |bar| bar.to_string());
        text.push_str(&format!(" {bar:>5}"));
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
        let columns = vec![vec![Some(10.4); WORKLOADS.len()]; COLUMNS.len()];
        let text = table(&columns);
        assert_eq!(text.lines().count(), 1 + WORKLOADS.len());
        assert!(text.lines().all(|line| line.len() == text.lines().next().map_or(0, str::len)), "{text}");
    }

    #[test]
    fn what_rises_is_found() {
        let held = "[unicore]\nyield = 55\n[thumbv6m]\nyield = 60\n";
        assert_eq!(limit(held, "unicore", "yield"), Some(55));
        assert_eq!(limit(held, "thumbv6m", "yield"), Some(60));
        assert_eq!(limit(held, "unicore", "spawn"), None);
        assert_eq!(limit(held, "none", "yield"), None);
        let mut figures = vec![None; WORKLOADS.len()];
        let place = WORKLOADS.iter().position(|row| row.0 == "yield").expect("there");
        figures[place] = Some(55.4);
        assert!(risen(held, "unicore", &figures).is_empty());
        figures[place] = Some(58.0);
        assert_eq!(risen(held, "unicore", &figures).len(), 1);
        assert_eq!(risen("", "unicore", &figures).len(), 1);
    }
}
