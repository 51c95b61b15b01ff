//! One mutant: the comment that names a change and the test which must catch it, read and applied.
//!
//! Just above a test stands one line, or several:
//!
//! ```text
//! // Mutant: <path from the root> :: <text found once in that file> => <replacement>
//! ```
//!
//! `\n` in a text is a line break. A text may itself hold ` => `: the longest text that stands in the file once is meant.

use std::fmt;
use std::path::Path;

use crate::modules;
use crate::source::{self, words};

pub const MARK: &str = "// Mutant:";

/// One change and the test that must catch it.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Mutant {
    /// Where the comment stands.
    pub at: String,
    /// The function that is the test.
    pub test: String,
    /// How the test is compiled.
    pub build: Build,
    /// The file that is changed, from the root.
    pub file: String,
    /// Text and replacement, not yet told apart.
    pub change: String,
}

/// The configuration in which a test exists.
#[derive(Debug, PartialEq, Eq, Clone, Copy, PartialOrd, Ord)]
pub enum Build {
    Host,
    /// Without features: the test's file says so by its name.
    WithoutStd,
    Unicore,
    Loom,
    Shuttle,
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let change: String = self.change.chars().take(90).collect();
        write!(f, "{} catches {}: {change}", self.test, self.file)
    }
}

/// The mutants that a file names, and what is wrong with other comments of this kind; `context` is what
/// [`modules::contexts`] says of the file.
pub fn mutants(place: &str, context: &str, text: &str) -> (Vec<Mutant>, Vec<String>) {
    let code = source::code(text);
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        // The blank at the end belongs to ` => ` where nothing is put in the place of the text.
        let line = format!("{} ", line.trim());
        let Some(rest) = line.strip_prefix(MARK) else { continue };
        let at = format!("{place}:{}", source::line_of(text, start));
        let Some((file, change)) = rest.split_once(" :: ").filter(|(_, change)| change.contains(" => ")) else {
            wrong.push(format!("{at}: no ` :: ` and ` => ` in a mutant"));
            continue;
        };
        let Some(test) = test_after(&code, offset) else {
            wrong.push(format!("{at}: no #[test] follows a mutant"));
            continue;
        };
        let build = build_of(place, context, &code, start);
        found.push(Mutant { at, test, build, file: file.trim().to_owned(), change: change.to_owned() });
    }
    (found, wrong)
}

/// The name of the test that begins at or after `at`; only attributes may stand before it.
fn test_after(code: &str, at: usize) -> Option<String> {
    let rest = &code[at..];
    let (place, _) = words(rest).find(|word| word.1 == "fn")?;
    if !rest[..place].contains("#[test]") || rest[..place].contains('}') {
        return None;
    }
    words(&rest[place..]).nth(1).map(|word| word.1.to_owned())
}

/// How the test at a place is compiled: by the path of its file, the attributes around that, and the modules within.
fn build_of(place: &str, context: &str, code: &str, at: usize) -> Build {
    let (names, attributes) = modules::around(code, at);
    let around = format!("{place} {context} {} {attributes}", names.join(" "));
    let around = without_refusals(&around);
    if around.contains("shuttle") {
        Build::Shuttle
    } else if around.contains("loom") {
        Build::Loom
    } else if around.contains("unicore") {
        Build::Unicore
    } else if around.contains("without_std") {
        Build::WithoutStd
    } else {
        Build::Host
    }
}

/// A text without what stands in `not(...)`.
fn without_refusals(text: &str) -> String {
    let mut rest = text.to_owned();
    while let Some(at) = rest.find("not(") {
        let end = source::matching(rest.as_bytes(), at + 3).unwrap_or(rest.len() - 1);
        rest.replace_range(at..=end, "");
    }
    rest
}

/// Applies a change to a file's text.
pub fn apply(change: &str, text: &str) -> Result<String, String> {
    // The comment quotes the text; only the rest of the file counts.
    let clean: String = text.split_inclusive('\n').filter(|line| !line.trim().starts_with(MARK)).collect();
    let splits: Vec<usize> = change.match_indices(" => ").map(|found| found.0).collect();
    for &split in splits.iter().rev() {
        let from = change[..split].trim().replace("\\n", "\n");
        let to = change[split + 4..].trim().replace("\\n", "\n");
        if clean.matches(&from).count() == 1 {
            return Ok(clean.replace(&from, &to));
        }
    }
    let first = splits.first().map_or(change, |&split| &change[..split]);
    let count = clean.matches(first.trim()).count();
    Err(format!("the text to change must stand in the file once; `{}` stands there {count} times", first.trim()))
}

/// The arguments that choose the binary a test file belongs to.
pub fn binary_of(inside: &Path) -> Result<Vec<String>, String> {
    let parts: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    match parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["src", ..] => Ok(vec!["--lib".to_owned()]),
        ["tests", name, ..] => Ok(vec!["--test".to_owned(), name.trim_end_matches(".rs").to_owned()]),
        _ => Err(format!("{}: a mutant's test belongs into src or tests", inside.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r##"
fn f() { match a { Some(b) if c => b.wake(), None => {} } }
#[cfg(all(test, not(loom)))]
mod tests {
    // Mutant: core/src/a.rs :: Some(b) if c => b.wake(), => Some(b) if c => drop(b),
    #[test]
    fn failure_034_wakes() {}
}
#[cfg(all(test, loom))]
mod model {
    // Mutant: core/src/a.rs :: fn f() { => fn f() {\n    fence();
    // Mutant: core/src/b.rs :: x => y
    #[test]
    #[should_panic(expected = "fn g")]
    fn races() {}
}
"##;

    #[test]
    fn mutants_are_read_with_their_tests_and_builds() {
        let found = mutants("core/src/a.rs", "", TEXT).0;
        let rows: Vec<_> =
            found.iter().map(|mutant| (mutant.test.as_str(), mutant.build, mutant.file.as_str())).collect();
        assert_eq!(
            rows,
            [
                ("failure_034_wakes", Build::Host, "core/src/a.rs"),
                ("races", Build::Loom, "core/src/a.rs"),
                ("races", Build::Loom, "core/src/b.rs"),
            ]
        );
        let build = |place, context| mutants(place, context, TEXT).0[0].build;
        assert_eq!(build("core/src/x/tests/loom.rs", ""), Build::Loom);
        assert_eq!(build("core/src/x/models.rs", "#[cfg(all(test,loom))]"), Build::Loom);
        assert_eq!(build("core/src/x/models.rs", "#[cfg(all(test,zokio_unicore))]"), Build::Unicore);
        assert_eq!(build("core/src/x/soak.rs", "#[cfg(not(any(loom,miri)))]"), Build::Host);
        assert_eq!(build("executor-local/tests/without_std.rs", "#![cfg(not(loom))]"), Build::WithoutStd);
    }

    #[test]
    fn a_change_is_applied_where_its_text_stands_once() {
        let found = mutants("core/src/a.rs", "", TEXT).0;
        let changed = apply(&found[0].change, TEXT).expect("once");
        assert!(changed.contains("match a { Some(b) if c => drop(b), None => {} }"), "{changed}");
        assert!(apply(&found[1].change, TEXT).expect("once").contains("fn f() {\n    fence();"));
        assert!(apply("#[test] => #[cfg(x)]", TEXT).is_err());
        assert!(apply("nowhere => here", TEXT).is_err());
    }

    #[test]
    fn a_mutant_without_test_or_arrow_is_refused() {
        let removed = mutants("a.rs", "", "// Mutant: a.rs :: g(); =>\n#[test]\nfn t() {}").0;
        assert_eq!(apply(&removed[0].change, "f(); g();").as_deref(), Ok("f(); "));
        assert_eq!(mutants("a.rs", "", "// Mutant: a.rs :: x => y\nfn f() {}\n#[test]\nfn t() {}").1.len(), 1);
        assert_eq!(mutants("a.rs", "", "// Mutant: a.rs :: x\n#[test]\nfn t() {}").1.len(), 1);
    }
}
