//! What the parts of `deep` came to: `docs/deep-state.txt`, a line a part.
//!
//! A part belongs to the sources it was made from: all files that git knows in the folders of the package it tests and of
//! those of this project that this one depends on, but for what is not compiled for it, and the tables of the root manifest that hold
//! for every package. Their names and contents have one hash ([`sources`]), of Rust without its comments; a part that applies changes
//! has a second one, of those that its tests name ([`marks`]). `deep status` says the first, and which paths they are, on whatever
//! commit is checked out. A part is done while that hash is the one it was seen with; a commit that changes other files, or what
//! is said about the code, leaves it done. So does one after which the program of fuzzing is the same ([`crate::same`]): then the
//! line has the hash of now, with the commit on which it was run. That is written beside it, so that a reader can see what has
//! changed since.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs;

use crate::mutant;
use crate::process::Process;
use crate::source;
use crate::workspace::Workspace;

const PATH: &str = "docs/deep-state.txt";

const HEADING: &str = "\
# What each part of `cargo xtask deep` came to, the last time it was run to its end; written by that command.
# `cargo xtask deep status` says which of them hold for the sources as they are.
# part | outcome | commit | hash of its sources | when it ended | seconds of a core | what came of it
";

/// The last run of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whether nothing was found.
    pub passed: bool,
    /// The commit that was checked out.
    pub commit: String,
    /// The hash of the sources it depends on.
    pub sources: String,
    /// When it ended.
    pub when: String,
    /// What it cost, in seconds of a core.
    pub seconds: u64,
    /// Counts, or findings.
    pub note: String,
}

/// How a part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It passed with these sources.
    Done,
    /// It was run on other sources; so many files have changed, where git can tell.
    Stale(Option<usize>),
    /// It found something.
    Failed,
    Never,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Stale(Some(count)) => write!(f, "stale, {count} files changed since"),
            Self::Stale(None) => f.write_str("stale, on a commit that is not here"),
            Self::Failed => f.write_str("FAILED"),
            Self::Never => f.write_str("never run"),
        }
    }
}

/// Parts by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ledger(BTreeMap<String, Line>);

impl Ledger {
    /// What is written; nothing, where there is no such file.
    pub fn read(workspace: &Workspace) -> Self {
        Self::of(&fs::read_to_string(workspace.root.join(PATH)).unwrap_or_default())
    }

    fn of(text: &str) -> Self {
        let line = |line: &str| {
            let mut words = line.splitn(7, " | ").map(str::to_owned);
            let name = words.next().filter(|name| !name.starts_with('#'))?;
            let (outcome, commit, sources, when) = (words.next()?, words.next()?, words.next()?, words.next()?);
            let seconds = words.next()?.parse().ok()?;
            let note = words.next()?;
            Some((name, Line { passed: outcome == "passed", commit, sources, when, seconds, note }))
        };
        Self(text.lines().filter_map(line).collect())
    }

    fn text(&self) -> String {
        let mut text = HEADING.to_owned();
        for (name, line) in &self.0 {
            let Line { commit, sources, when, seconds, note, .. } = line;
            let outcome = if line.passed { "passed" } else { "FAILED" };
            text.push_str(&format!("{name} | {outcome} | {commit} | {sources} | {when} | {seconds} | {note}\n"));
        }
        text
    }

    /// Writes down what a part came to.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub fn write(workspace: &Workspace, name: &str, line: Line) -> Result<(), String> {
        // Read anew: somebody may have brought the lines of another machine.
        let mut ledger = Self::read(workspace);
        ledger.0.insert(name.to_owned(), line);
        ledger.save(workspace)
    }

    /// Forgets parts that there are no more, since a line that nothing can run again says nothing of the sources as they are.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub fn keep_only(workspace: &Workspace, is_part: impl Fn(&str) -> bool) -> Result<(), String> {
        let mut ledger = Self::read(workspace);
        ledger.retain(is_part);
        ledger.save(workspace)
    }

    fn retain(&mut self, is_part: impl Fn(&str) -> bool) {
        self.0.retain(|name, _| is_part(name));
    }

    fn save(&self, workspace: &Workspace) -> Result<(), String> {
        fs::write(workspace.root.join(PATH), self.text()).map_err(|error| format!("{PATH}: {error}"))
    }

    /// The last run of a part.
    pub fn line(&self, name: &str) -> Option<&Line> {
        self.0.get(name)
    }

    /// How a part stands whose sources have this hash now.
    pub fn standing(&self, name: &str, now: &str, changed: impl FnOnce(&str) -> Option<usize>) -> Standing {
        match self.line(name) {
            None => Standing::Never,
            Some(line) if line.sources != now => Standing::Stale(changed(&line.commit)),
            Some(line) if line.passed => Standing::Done,
            Some(_) => Standing::Failed,
        }
    }
}

fn git(workspace: &Workspace, arguments: &[&str], paths: &[String]) -> Result<String, String> {
    let process = Process::new("git").args(arguments).args(["--"]).args(paths);
    process.dir(&workspace.root).limit(60).read()
}

/// The commit that is checked out.
///
/// # Errors
///
/// Where this is no git checkout.
pub fn commit(workspace: &Workspace) -> Result<String, String> {
    let text = Process::new("git").args(["rev-parse", "HEAD"]).dir(&workspace.root).limit(60).read()?;
    Ok(text.trim().to_owned())
}

/// The hash of what is checked out below these paths, which are git's, so that some may say what is not meant.
///
/// # Errors
///
/// Where something below them is not committed: nobody could tell what was seen to pass.
pub fn sources(workspace: &Workspace, paths: &[String]) -> Result<String, String> {
    let changed = git(workspace, &["status", "--porcelain"], &[paths, &["Cargo.toml".to_owned()]].concat())?;
    if !changed.trim().is_empty() {
        return Err(format!("not committed:\n{changed}"));
    }
    let read = |path: &str| {
        let bytes = fs::read(workspace.root.join(path)).map_err(|error| format!("{path}: {error}"))?;
        Ok::<_, String>(String::from_utf8_lossy(&bytes).into_owned())
    };
    let mut text = for_all(&read("Cargo.toml")?);
    for path in git(workspace, &["ls-files"], paths)?.lines() {
        let file = read(path)?;
        let file = if path.ends_with(".rs") { compiled(&file) } else { file };
        let _ = write!(text, "{path}\n{file}\n");
    }
    hash(workspace, &text)
}

/// The hash of the changes that tests below these paths name.
///
/// # Errors
///
/// Where a file cannot be read.
pub fn marks(workspace: &Workspace, paths: &[String]) -> Result<String, String> {
    let mut text = String::new();
    for path in git(workspace, &["ls-files"], paths)?.lines().filter(|path| path.ends_with(".rs")) {
        let file = fs::read_to_string(workspace.root.join(path)).map_err(|error| format!("{path}: {error}"))?;
        let _ = writeln!(text, "{path}\n{}", named(&file));
    }
    hash(workspace, &text)
}

/// The lines of a file of Rust that name changes.
fn named(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| line.starts_with(mutant::MARK)).collect::<Vec<_>>().join("\n")
}

/// By git, which has a hash function that stays.
fn hash(workspace: &Workspace, text: &str) -> Result<String, String> {
    let folder = workspace.target.join("deep");
    let place = folder.join(format!("sources-{}-{:?}.txt", std::process::id(), std::thread::current().id()));
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    fs::write(&place, text).map_err(|error| format!("{}: {error}", place.display()))?;
    let hash = git(workspace, &["hash-object", "--no-filters"], &[place.to_string_lossy().into_owned()]);
    let _ = fs::remove_file(&place);
    Ok(hash?.trim().chars().take(12).collect())
}

/// What of a file of Rust is compiled.
fn compiled(text: &str) -> String {
    let code = source::without_comments(text);
    code.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The tables of the root manifest that hold for every package. The rest is the facade's.
fn for_all(manifest: &str) -> String {
    let mut all = false;
    let mut text = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            let tables = ["[profile", "[patch", "[workspace.package", "[workspace.lints"];
            all = tables.iter().any(|table| line.starts_with(table));
        }
        if all {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

/// How many files below these paths are not as they were at a commit.
pub fn changed(workspace: &Workspace, commit: &str, paths: &[String]) -> Option<usize> {
    git(workspace, &["diff", "--name-only", commit], paths).ok().map(|text| text.lines().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(passed: bool, sources: &str) -> Line {
        Line {
            passed,
            commit: "c0ffee".into(),
            sources: sources.into(),
            when: "2026-01-01 00:00 UTC".into(),
            seconds: 61,
            note: "3 passed | x".into(),
        }
    }

    #[test]
    fn lines_are_read_as_they_were_written() {
        let ledger = Ledger([("b".to_owned(), line(true, "1")), ("a, seeds 0..4".to_owned(), line(false, "2"))].into());
        assert_eq!(Ledger::of(&ledger.text()), ledger);
        assert!(ledger.text().lines().any(|line| line.starts_with("a, seeds 0..4 | FAILED | c0ffee | 2 | ")));
    }

    #[test]
    fn parts_that_there_are_no_more_are_forgotten() {
        let mut ledger = Ledger([("a".to_owned(), line(true, "1")), ("b".to_owned(), line(false, "1"))].into());
        ledger.retain(|name| name == "a");
        assert_eq!(ledger.standing("a", "1", |_| None), Standing::Done);
        assert_eq!(ledger.standing("b", "1", |_| None), Standing::Never);
    }

    #[test]
    fn a_part_is_done_only_where_it_passed_with_these_sources() {
        let ledger = Ledger([("a".to_owned(), line(true, "1")), ("b".to_owned(), line(false, "1"))].into());
        assert_eq!(ledger.standing("a", "1", |_| None), Standing::Done);
        assert_eq!(ledger.standing("a", "2", |commit| (commit == "c0ffee").then_some(7)), Standing::Stale(Some(7)));
        assert_eq!(ledger.standing("b", "1", |_| None), Standing::Failed);
        assert_eq!(ledger.standing("c", "1", |_| None), Standing::Never);
    }

    #[test]
    fn the_hash_of_sources_is_that_of_names_and_contents() {
        let workspace = Workspace::find().expect("workspace");
        let hash = |path: &str| sources(&workspace, &[path.to_owned()]);
        // On a tree with changes that are not committed it says so.
        if let (Ok(one), Ok(other)) = (hash("LICENSE-MIT"), hash("LICENSE-APACHE")) {
            assert_ne!(one, other);
            assert_eq!(hash("LICENSE-MIT"), Ok(one));
        }
        assert_eq!(changed(&workspace, "no-such-commit", &[]), None);
    }

    #[test]
    fn what_is_said_about_code_does_not_count() {
        let seen = compiled("/// One.\nfn a() {} // two\n\n// Mutant: a :: b => c\n#[test]\nfn b() {}\n");
        assert_eq!(seen, "fn a() {}\n#[test]\nfn b() {}");
    }

    #[test]
    fn of_the_changes_that_tests_name_their_lines_count() {
        let seen = named(
            "/// One.\nfn a() {} // two\n\n  // Mutant: a :: b => c\n#[test]\nfn b() {}\n// Mutant: d :: e => f\n",
        );
        assert_eq!(seen, "// Mutant: a :: b => c\n// Mutant: d :: e => f");
        let workspace = Workspace::find().expect("workspace");
        let hash = |path: &str| marks(&workspace, &[path.to_owned()]).expect("a hash");
        assert_eq!(hash("LICENSE-MIT"), hash("LICENSE-APACHE"), "no Rust");
    }

    #[test]
    fn of_the_root_manifest_what_holds_for_all_counts() {
        let manifest =
            "[package]\nname = \"a\"\n[workspace.lints.rust]\nb = 1\n[features]\nc = []\n[profile.release]\nd = 2\n";
        assert_eq!(for_all(manifest), "[workspace.lints.rust]\nb = 1\n[profile.release]\nd = 2\n");
    }
}
