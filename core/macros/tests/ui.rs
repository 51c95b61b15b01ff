//! What the attributes say about ill-formed functions, and where their messages point.
//!
//! The files in `ui/` are compiled in one run of the compiler each. A comment `//~ 12 text` says that an error whose
//! message contains `text` is reported for that line at column 12; `//~^ 12 text` is about the line above, and so on.
//! Every error must be expected, and every expected error must come. Those of `one_thread` are of a build without
//! `rt-multi-thread`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Packages, how they depend on the attributes, and their cases.
const PACKAGES: [(&str, &str, &[&str]); 2] =
    [("ui", "", &["options", "pools", "types"]), ("ui-one-thread", ", default-features = false", &["one_thread"])];

/// (line, column, message).
type Error = (usize, usize, String);

#[test]
fn ill_formed_functions_get_clear_messages_at_the_right_place() {
    for (name, features, cases) in PACKAGES {
        check(name, features, cases);
    }
}

fn check(name: &str, features: &str, cases: &[&str]) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&package).unwrap();
    let mut manifest = format!(
        "[package]\nname = \"ui\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         zokio-macros = {{ path = {here:?}{features} }}\n"
    );
    for case in cases {
        let path = here.join("tests/ui").join(case).with_extension("rs");
        manifest += &format!("[[bin]]\nname = \"{case}\"\npath = {path:?}\n");
    }
    std::fs::write(package.join("Cargo.toml"), manifest).unwrap();

    let output = Command::new(env!("CARGO"))
        .args(["check", "--bins", "--offline", "--keep-going", "--quiet", "--message-format=short", "--color=never"])
        .arg("--target-dir")
        .arg(package.join("target"))
        .current_dir(&package)
        .output()
        .unwrap();
    assert!(!output.status.success(), "everything compiled");
    let said = String::from_utf8_lossy(&output.stderr);

    for case in cases {
        let source = std::fs::read_to_string(here.join("tests/ui").join(case).with_extension("rs")).unwrap();
        let mut found: BTreeSet<Error> = said.lines().filter_map(|line| error(case, line)).collect();
        assert!(!found.is_empty(), "{case}: no error was found in:\n{said}");
        for expected in expectations(&source) {
            let met =
                found.iter().find(|e| (e.0, e.1) == (expected.0, expected.1) && e.2.contains(&expected.2)).cloned();
            match met {
                Some(met) => found.remove(&met),
                None => panic!("{case}: expected {expected:?}, which is not in:\n{said}"),
            };
        }
        assert!(found.is_empty(), "{case}: not expected: {found:#?}");
    }
}

/// Reads `.../case.rs:12:5: error[E0000]: message`.
fn error(case: &str, line: &str) -> Option<Error> {
    let (_, rest) = line.split_once(&format!("{case}.rs:"))?;
    let mut parts = rest.splitn(4, ':');
    let at = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next()?.trim().starts_with("error").then_some(())?;
    Some((at.0, at.1, parts.next()?.trim().to_owned()))
}

/// Reads the comments.
fn expectations(source: &str) -> Vec<Error> {
    let mut expected = Vec::new();
    for (number, line) in (1..).zip(source.lines()) {
        let Some((_, comment)) = line.split_once("//~") else { continue };
        let text = comment.trim_start_matches('^');
        let (column, message) = text.trim().split_once(' ').expect("//~ column message");
        expected.push((number - (comment.len() - text.len()), column.parse().unwrap(), message.to_owned()));
    }
    assert!(!expected.is_empty());
    expected
}
