//! Shares that fall short of what they shall be: what is reached is a floor, below which a run fails.
//!
//! `xtask/floors.txt` holds them. A gate says loudly how far it is from its aim, and asks for a higher floor when it has come
//! closer. Where there is no floor, the aim is the gate.

use std::fs;

use crate::report::Verdict;
use crate::workspace::Workspace;

/// The floor of a share; none: it must be reached.
pub fn floor(workspace: &Workspace, name: &str) -> Option<f64> {
    floor_in(&fs::read_to_string(workspace.root.join("xtask/floors.txt")).unwrap_or_default(), name)
}

fn floor_in(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
    line.and_then(|number| number.trim().parse().ok())
}

/// Holds a share against its aim, or its floor. `passed` and `missed` are counts; `findings` says what is missing.
pub fn judge(
    percent: f64,
    aim: f64,
    floor: Option<f64>,
    (passed, missed): (usize, usize),
    note: String,
    findings: impl FnOnce() -> Vec<String>,
) -> Verdict {
    if percent >= aim {
        return Verdict::Passed(passed, note);
    }
    match floor {
        Some(floor) if percent >= floor => {
            for finding in findings() {
                println!("   {finding}");
            }
            let higher = if percent >= floor + 1.0 { "; raise the floor in xtask/floors.txt" } else { "" };
            Verdict::Passed(passed, format!("{note}: SHORT OF {aim} %, above the floor of {floor} %{higher}"))
        }
        _ => {
            let mut findings = findings();
            let wanted = floor.map_or(format!("at least {aim} % must be"), |floor| format!("it was {floor} % before"));
            findings.push(format!("{note}; {wanted}"));
            Verdict::Failed(passed, missed, findings.join("\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gate_finds_a_share_below_its_floor_or_its_aim() {
        let judge = |percent, floor| judge(percent, 95.0, floor, (1, 1), "n".into(), Vec::new);
        assert!(matches!(judge(95.0, None), Verdict::Passed(..)));
        assert!(matches!(judge(94.0, None), Verdict::Failed(..)));
        assert!(
            matches!(judge(50.0, Some(42.0)), Verdict::Passed(1, note) if note.contains("SHORT OF 95 %") && note.contains("raise"))
        );
        assert!(matches!(judge(41.0, Some(42.0)), Verdict::Failed(..)));
    }

    #[test]
    fn floors_are_found_by_name() {
        assert_eq!(floor_in("# text\norderings zokio-core = 42.5\n", "orderings zokio-core"), Some(42.5));
        assert_eq!(floor_in("orderings zokio-core = 42\n", "coverage zokio-core"), None);
    }
}
