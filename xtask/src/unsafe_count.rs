//! `unsafe`: how many lines of a crate lie inside unsafe blocks and functions, against a committed number.
//!
//! A line counts where code of it (not a comment, not blank, not in a test) stands between the braces of an unsafe block
//! or of an unsafe function's body. A block on one line is one line; nested blocks count once. The number in
//! `unsafe-budget.toml` may fall but not rise; whoever needs more argues for it in the commit that raises it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::modules;
use crate::report::Verdict;
use crate::source;
use crate::workspace::Workspace;

/// The lines of one file that count.
fn lines(text: &str) -> BTreeSet<usize> {
    let code = source::without_tests(&source::code(text));
    let bytes = code.as_bytes();
    let mut found = BTreeSet::new();
    for (at, word) in source::words(&code) {
        if word != "unsafe" {
            continue;
        }
        let Some(open) = body(&code, at + word.len()) else { continue };
        let close = source::matching(bytes, open).unwrap_or(bytes.len());
        let mut line = source::line_of(&code, open);
        for &byte in &bytes[open + 1..close] {
            match byte {
                b'\n' => line += 1,
                b' ' | b'\t' | b'\r' => {}
                _ => {
                    found.insert(line);
                }
            }
        }
    }
    found
}

/// The brace that opens what the `unsafe` before `at` makes unsafe; `None` for traits, impls, foreign blocks and types.
fn body(code: &str, at: usize) -> Option<usize> {
    let bytes = code.as_bytes();
    let first = at + bytes[at..].iter().position(|byte| !byte.is_ascii_whitespace())?;
    if bytes[first] == b'{' {
        return Some(first);
    }
    let mut words = source::words(&code[at..]).map(|(place, word)| (at + place, word));
    let (mut place, mut word) = words.next()?;
    if place != first {
        return None;
    }
    if word == "extern" {
        (place, word) = words.next()?;
    }
    if word != "fn" {
        return None;
    }
    // A type `unsafe fn(..)` has no name, an item has one.
    let after = place + 2;
    let next = after + bytes[after..].iter().position(|byte| !byte.is_ascii_whitespace())?;
    if !source::is_word(bytes[next]) {
        return None;
    }
    let mut at = next;
    while at < bytes.len() {
        match bytes[at] {
            b'{' => return Some(at),
            b';' => return None,
            b'(' | b'[' => at = source::matching(bytes, at)? + 1,
            _ => at += 1,
        }
    }
    None
}

/// Counts the sources of the crate in `folder`: the number and the files that have some.
fn count(folder: &Path) -> (usize, Vec<(String, usize)>) {
    let mut per_file = Vec::new();
    for path in modules::without_tests(&folder.join("lib.rs")) {
        let found = lines(&fs::read_to_string(&path).unwrap_or_default()).len();
        if found > 0 {
            per_file.push((path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned(), found));
        }
    }
    (per_file.iter().map(|file| file.1).sum(), per_file)
}

/// The lines `folder = number` of the budget.
fn budget(text: &str) -> Vec<(String, usize)> {
    text.lines()
        .filter_map(|line| {
            let (name, number) = line.split('#').next()?.split_once('=')?;
            Some((name.trim().trim_matches('"').to_owned(), number.trim().parse().ok()?))
        })
        .collect()
}

fn judge(folder: &str, limit: usize, found: usize, files: &[(String, usize)]) -> Verdict {
    if found > limit {
        let rows: String = files.iter().map(|(file, lines)| format!("{lines:>6}  {file}\n")).collect();
        return Verdict::failed(format!("{rows}{folder}: {found} unsafe lines, the budget is {limit}"));
    }
    let note = format!("{found} of {limit} lines");
    Verdict::passed(if found < limit { format!("{note}; lower the budget to {found}") } else { note })
}

/// Checks every crate that the budget names.
pub fn check(workspace: &Workspace) -> Vec<(String, Verdict)> {
    let path = workspace.root.join("xtask/unsafe-budget.toml");
    let limits = budget(&fs::read_to_string(&path).unwrap_or_default());
    if !limits.iter().any(|limit| limit.0 == "core") {
        return vec![("unsafe lines".to_owned(), Verdict::failed(format!("{}: no number for core", path.display())))];
    }
    limits
        .into_iter()
        .map(|(folder, limit)| {
            let (found, files) = count(&workspace.root.join(&folder).join("src"));
            (format!("unsafe lines of {folder}"), judge(&folder, limit, found, &files))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_inside_blocks_and_bodies_count_once() {
        let text = "\
fn a() { unsafe { b() } }
// unsafe { in a comment }
unsafe fn b<T>(x: [u8; 2]) -> u8
where
    T: Copy,
{
    // SAFETY: a comment is no line
    unsafe { c() };

    d()
}
unsafe impl Send for X {}
unsafe trait Y { unsafe fn z(&self); unsafe fn w(&self) { v() } }
type F = unsafe fn(*const ()) -> u8;
static V: V = V::new(|x| unsafe { x() }, \"unsafe { }\");
#[cfg(test)]
mod tests { fn t() { unsafe { b() } } }
unsafe extern \"C\" fn e() {
    f()
}
";
        let found: Vec<usize> = lines(text).into_iter().collect();
        assert_eq!(found, [1, 8, 10, 13, 15, 19]);
    }

    #[test]
    fn gate_finds_a_planted_violation() {
        assert!(matches!(judge("core", 3, 4, &[]), Verdict::Failed(..)));
        assert!(matches!(judge("core", 4, 4, &[]), Verdict::Passed(..)));
    }

    #[test]
    fn budget_lines_are_read() {
        assert_eq!(budget("# numbers\ncore = 400 # the issue's\n"), [("core".to_owned(), 400)]);
    }
}
