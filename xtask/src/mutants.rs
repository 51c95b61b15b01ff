//! `mutants`: every test that names the change it must catch is seen to catch it.
//!
//! Just above a test stands one line, or several:
//!
//! ```text
//! // Mutant: <path from the root> :: <text found once in that file> => <replacement>
//! ```
//!
//! The tree is copied into a scratch folder below the target folder, the change is applied there, and that one test is
//! built and run; it must fail. A change that does not compile proves nothing and is a failure, and so is a test that did
//! not run. `\n` in a text is a line break. A text may itself hold ` => `: the longest text that stands in the file once
//! is meant. Builds have folders of their own: cargo cannot tell the copy's packages from the originals. That the test passes without the change is shown by the other parts.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::loom;
use crate::modules;
use crate::process::{Output, Process};
use crate::report::{Report, Verdict};
use crate::source::{self, words};
use crate::workspace::{Package, Workspace, files};

pub const MARK: &str = "// Mutant:";

/// One change and the test that must catch it.
#[derive(Debug, PartialEq, Eq, Clone)]
struct Mutant {
    /// Where the comment stands.
    at: String,
    /// The function that is the test.
    test: String,
    /// How the test is compiled.
    build: Build,
    /// The file that is changed, from the root.
    file: String,
    /// Text and replacement, not yet told apart.
    change: String,
}

/// The configuration in which a test exists.
#[derive(Debug, PartialEq, Eq, Clone, Copy, PartialOrd, Ord)]
enum Build {
    Host,
    Unicore,
    Loom,
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let change: String = self.change.chars().take(90).collect();
        write!(f, "{} catches {}: {change}", self.test, self.file)
    }
}

/// Runs the part: all mutants whose test's name or file contains `filter`.
pub fn run(workspace: &Workspace, report: &mut Report, filter: &str) {
    report.part("mutants", |report| {
        let packages = workspace.packages().unwrap_or_default();
        let contexts: BTreeMap<PathBuf, String> =
            packages.iter().flat_map(|package| modules::contexts(&package.dir.join("src/lib.rs"))).collect();
        let mut found = Vec::new();
        for path in files(&workspace.root, ".rs") {
            if path.starts_with(workspace.root.join("xtask")) {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            let context = contexts.get(&path).map(String::as_str).unwrap_or_default();
            match mutants(&workspace.relative(&path), context, &text) {
                Ok(mutants) => found.extend(mutants),
                Err(error) => drop(report.step("mutant comments", || Verdict::failed(error))),
            }
        }
        found.retain(|mutant| mutant.test.contains(filter) || mutant.at.contains(filter));
        if found.is_empty() {
            report.step("mutants", || Verdict::failed("not one mutant was found"));
            return;
        }
        let tree = workspace.target.join("mutants/tree");
        if let Err(error) = copy(&workspace.root, &tree) {
            report.step("mutants: copy of the tree", || Verdict::failed(error));
            return;
        }
        // What shares a build stands together, so that one package is compiled anew for each and not several.
        found.sort_by_key(|mutant| (mutant.build, mutant.at.clone()));
        for mutant in &found {
            report.step(&mutant.to_string(), || {
                judge(workspace, &tree, &packages, mutant).unwrap_or_else(|error| {
                    Verdict::failed(format!("{}: {error}\n{}: {}", mutant.at, mutant.file, mutant.change))
                })
            });
        }
    });
}

/// The mutants that a file names; `context` is what [`modules::contexts`] says of it.
fn mutants(place: &str, context: &str, text: &str) -> Result<Vec<Mutant>, String> {
    let code = source::code(text);
    let mut found = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let Some(rest) = line.trim().strip_prefix(MARK) else { continue };
        let at = format!("{place}:{}", source::line_of(text, start));
        let (file, change) = rest.split_once(" :: ").ok_or_else(|| format!("{at}: no ` :: ` in a mutant"))?;
        if !change.contains(" => ") {
            return Err(format!("{at}: no ` => ` in a mutant"));
        }
        let test = test_after(&code, offset).ok_or_else(|| format!("{at}: no #[test] follows a mutant"))?;
        found.push(Mutant {
            at,
            test,
            build: build_of(place, context, &code, start),
            file: file.trim().to_owned(),
            change: change.trim().to_owned(),
        });
    }
    Ok(found)
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
    let around = around.replace("not(loom)", "").replace("not(zokio_unicore)", "");
    if around.contains("loom") {
        Build::Loom
    } else if around.contains("unicore") {
        Build::Unicore
    } else {
        Build::Host
    }
}

/// Applies a change to a file's text.
fn apply(change: &str, text: &str) -> Result<String, String> {
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

fn judge(workspace: &Workspace, tree: &Path, packages: &[Package], mutant: &Mutant) -> Result<Verdict, String> {
    let path = tree.join(&mutant.file);
    let text = fs::read_to_string(workspace.root.join(&mutant.file)).map_err(|error| error.to_string())?;
    let changed = apply(&mutant.change, &text)?;
    fs::write(&path, changed).map_err(|error| error.to_string())?;
    let verdict = build_and_run(workspace, tree, packages, mutant);
    fs::write(&path, text).map_err(|error| error.to_string())?;
    verdict
}

fn build_and_run(workspace: &Workspace, tree: &Path, packages: &[Package], mutant: &Mutant) -> Result<Verdict, String> {
    let file = mutant.at.split(':').next().unwrap_or_default();
    let source = workspace.root.join(file);
    let package = packages
        .iter()
        .filter(|package| source.starts_with(&package.dir))
        .max_by_key(|package| package.dir.components().count())
        .ok_or("the test is in no package")?;
    let inside = source.strip_prefix(&package.dir).map_err(|error| error.to_string())?;
    let binary = binary_of(inside)?;
    let process = match mutant.build {
        Build::Loom => loom::command(package).target_dir(&workspace.target.join("mutants/loom")),
        Build::Host | Build::Unicore => {
            let flags = if mutant.build == Build::Unicore { "--cfg zokio_unicore" } else { "" };
            Process::cargo(&["test", "-p", &package.name, "--features", &package.test_features()])
                .args(&binary)
                .rustflags(flags)
                .target_dir(&workspace.target.join("mutants/build"))
        }
    };
    let built = process.args(["--no-run"]).dir(tree).limit(900).output()?;
    if !built.success() {
        return Ok(Verdict::failed(format!("{}: the changed tree does not compile\n{}", mutant.at, built.complaint())));
    }
    let executable = executable(&built.text).ok_or_else(|| format!("no test binary in\n{}", built.text))?;
    let dir = tree.join(package.dir.strip_prefix(&workspace.root).map_err(|error| error.to_string())?);
    let run = Process::new(&tree.join(executable).to_string_lossy())
        .args([&mutant.test])
        .env("LOOM_MAX_PREEMPTIONS", "2")
        .env("RUST_BACKTRACE", "0")
        .limit(if mutant.build == Build::Loom { 300 } else { 60 })
        .dir(&dir)
        .output()?;
    Ok(caught(mutant, &run))
}

/// Whether the run shows the test failing.
fn caught(mutant: &Mutant, run: &Output) -> Verdict {
    let test = &mutant.test;
    let ran = run.text.lines().any(|line| line.starts_with("running ") && !line.starts_with("running 0 "));
    if !ran {
        return Verdict::failed(format!("{}: {test} did not run\n{}", mutant.at, run.complaint()));
    }
    if run.timed_out() {
        return match mutant.build {
            Build::Loom => Verdict::failed(format!("{}: {test} did not end\n{}", mutant.at, run.complaint())),
            _ => Verdict::passed("caught: it never ended"),
        };
    }
    let named = run
        .text
        .lines()
        .any(|line| line.contains(&format!("{test} ... FAILED")) || line.contains(&format!("{test} stdout ----")));
    let aborted = run.status.is_some_and(|status| status.code().is_none());
    if run.success() || !(named || aborted) {
        return Verdict::failed(format!("{}: {test} passes with the change\n{}", mutant.at, run.complaint()));
    }
    Verdict::passed(if aborted { "caught: aborted" } else { "caught" })
}

/// The arguments that choose the binary a test file belongs to.
fn binary_of(inside: &Path) -> Result<Vec<String>, String> {
    let parts: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    match parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["src", ..] => Ok(vec!["--lib".to_owned()]),
        ["tests", name, ..] => Ok(vec!["--test".to_owned(), name.trim_end_matches(".rs").to_owned()]),
        _ => Err(format!("{}: a mutant's test belongs into src or tests", inside.display())),
    }
}

/// The test binary that `cargo test --no-run` names.
pub fn executable(text: &str) -> Option<PathBuf> {
    let line = text.lines().find(|line| line.trim_start().starts_with("Executable "))?;
    let (_, path) = line.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    Some(PathBuf::from(path))
}

/// Makes `to` a copy of the tree, without touching files that are the same already.
fn copy(root: &Path, to: &Path) -> Result<(), String> {
    let error = |error: std::io::Error| format!("{}: {error}", to.display());
    fs::create_dir_all(to).map_err(error)?;
    let ours = files(root, "");
    for stale in files(to, "") {
        if !stale.strip_prefix(to).is_ok_and(|place| root.join(place).exists()) {
            fs::remove_file(stale).map_err(error)?;
        }
    }
    for path in ours {
        let Ok(place) = path.strip_prefix(root) else { continue };
        let copy = to.join(place);
        let text = fs::read(&path).map_err(error)?;
        if fs::read(&copy).is_ok_and(|there| there == text) {
            continue;
        }
        if let Some(parent) = copy.parent() {
            fs::create_dir_all(parent).map_err(error)?;
        }
        fs::write(&copy, text).map_err(error)?;
    }
    Ok(())
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
        let found = mutants("core/src/a.rs", "", TEXT).expect("well formed");
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
        let build = |place, context| mutants(place, context, TEXT).expect("well formed")[0].build;
        assert_eq!(build("core/src/x/tests/loom.rs", ""), Build::Loom);
        assert_eq!(build("core/src/x/models.rs", "#[cfg(all(test,loom))]"), Build::Loom);
        assert_eq!(build("core/src/x/models.rs", "#[cfg(all(test,zokio_unicore))]"), Build::Unicore);
    }

    #[test]
    fn a_change_is_applied_where_its_text_stands_once() {
        let found = mutants("core/src/a.rs", "", TEXT).expect("well formed");
        let changed = apply(&found[0].change, TEXT).expect("once");
        assert!(changed.contains("match a { Some(b) if c => drop(b), None => {} }"), "{changed}");
        assert!(apply(&found[1].change, TEXT).expect("once").contains("fn f() {\n    fence();"));
        assert!(apply("#[test] => #[cfg(x)]", TEXT).is_err());
        assert!(apply("nowhere => here", TEXT).is_err());
    }

    #[test]
    fn a_mutant_without_test_or_arrow_is_refused() {
        assert!(mutants("a.rs", "", "// Mutant: a.rs :: x => y\nfn f() {}\n#[test]\nfn t() {}").is_err());
        assert!(mutants("a.rs", "", "// Mutant: a.rs :: x\n#[test]\nfn t() {}").is_err());
    }

    fn ran(text: &str, command: &str) -> Output {
        let mut output = Process::new("sh").args(["-c", command]).output().expect("sh");
        output.text = text.to_owned();
        output
    }

    #[test]
    fn gate_finds_a_test_that_catches_nothing() {
        let mutant = mutants("core/src/a.rs", "", TEXT).expect("well formed").remove(0);
        let passed = ran("running 1 test\ntest a::failure_034_wakes ... ok\n", "true");
        assert!(matches!(caught(&mutant, &passed), Verdict::Failed(..)));
        let absent = ran("running 0 tests\n", "true");
        assert!(matches!(caught(&mutant, &absent), Verdict::Failed(..)));
        let other = ran("running 2 tests\ntest a::other ... FAILED\n", "exit 101");
        assert!(matches!(caught(&mutant, &other), Verdict::Failed(..)));
        let failed = ran("running 1 test\ntest a::failure_034_wakes ... FAILED\n", "exit 101");
        assert!(matches!(caught(&mutant, &failed), Verdict::Passed(..)));
    }

    #[test]
    fn binaries_are_chosen_by_the_place_of_the_test() {
        assert_eq!(binary_of(Path::new("src/a.rs")).as_deref(), Ok(["--lib".to_owned()].as_slice()));
        assert_eq!(
            binary_of(Path::new("tests/park/os.rs")).as_deref(),
            Ok(["--test".to_owned(), "park".to_owned()].as_slice())
        );
        let text = "   Compiling x\n  Executable unittests src/lib.rs (/t/deps/zokio_core-1f)\n";
        assert_eq!(executable(text), Some(PathBuf::from("/t/deps/zokio_core-1f")));
    }
}
