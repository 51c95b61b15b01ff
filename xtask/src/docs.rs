//! `docs`: rustdoc without a warning, and a README whose code compiles.

use std::fs;

use crate::auto_traits;
use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::workspace::{Workspace, files};

/// How many cases there must be that do not compile, and say why.
const AT_LEAST: usize = 40;

/// Runs the part. `write`: the table of `Send` and `Sync` is written anew.
pub fn run(workspace: &Workspace, report: &mut Report, write: bool) {
    report.part("docs", |report| {
        for (name, features) in [("default features", None), ("all features", Some("--all-features"))] {
            report.step(&format!("rustdoc: workspace, {name}"), || {
                let process = Process::cargo(&["doc", "--quiet", "--workspace", "--no-deps"]).args(features);
                Verdict::of_command(
                    process
                        .env("RUSTDOCFLAGS", "-D warnings")
                        .target_dir(&workspace.target.join("docs"))
                        .dir(&workspace.root)
                        .output(),
                )
            });
        }
        report.step("Send and Sync of every public type", || {
            auto_traits::check(workspace, &workspace.target.join("docs/doc"), write)
        });
        report.step("cases that must not compile", || {
            let mut counts = (0, 0);
            for path in files(&workspace.root, ".rs") {
                let place = workspace.relative(&path);
                let (examples, errors) = failing(&place, &fs::read_to_string(&path).unwrap_or_default());
                counts = (counts.0 + examples, counts.1 + errors);
            }
            let note = format!("{} examples, {} messages of macros", counts.0, counts.1);
            let few = (counts.0 + counts.1 < AT_LEAST).then(|| format!("{note}; there must be {AT_LEAST}"));
            Verdict::of_findings(counts.0 + counts.1, note, few.into_iter().collect())
        });
        report.step("README: every Rust block is compiled", || {
            let read = |path: &str| fs::read_to_string(workspace.root.join(path)).unwrap_or_default();
            let blocks = blocks(&read("README.md"));
            Verdict::of_findings(blocks.len(), "", uncompiled(&blocks, &read("src/lib.rs"), read))
        });
    });
}

/// How many examples of a file must not compile, and how many messages of macros it expects. They are run by the doc tests
/// and by `core/macros/tests/ui.rs`.
fn failing(place: &str, text: &str) -> (usize, usize) {
    let lines = |wanted: &str| text.lines().filter(|line| line.contains(wanted)).count();
    let documented = |line: &str| line.trim_start().starts_with("///") || line.trim_start().starts_with("//!");
    let examples = text.lines().filter(|line| documented(line) && line.contains("```compile_fail")).count();
    if place.starts_with("xtask/") {
        (0, 0)
    } else if place.contains("tests/ui/") {
        (0, lines("//~"))
    } else {
        (examples, 0)
    }
}

/// A fenced block of Rust.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    line: usize,
    /// The words after the fence: `rust`, `rust,ignore` ...
    info: String,
    /// The file named in the line before the fence, in `<!-- from: path -->`.
    from: Option<String>,
    text: String,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut before = "";
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            let from = before.trim().strip_prefix("<!-- from: ").and_then(|rest| rest.strip_suffix(" -->"));
            let body: Vec<&str> =
                lines.by_ref().map(|line| line.1).take_while(|line| !line.starts_with("```")).collect();
            let block = Block {
                line: number + 1,
                info: info.trim().to_owned(),
                from: from.map(str::to_owned),
                text: body.join("\n"),
            };
            if block.info.split(',').any(|word| word.trim() == "rust") {
                found.push(block);
            }
        }
        if !line.trim().is_empty() {
            before = line;
        }
    }
    found
}

/// Blocks that nothing compiles. A block is compiled as a doc test of the facade, or stands word for word in a file that is.
fn uncompiled(blocks: &[Block], facade: &str, read: impl Fn(&str) -> String) -> Vec<String> {
    let mut findings = Vec::new();
    let included = facade.contains("include_str!(\"../README.md\")");
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for block in blocks {
        let ignored = block.info.split(',').any(|word| word.trim() == "ignore");
        match &block.from {
            Some(path) if !squeeze(&read(path)).contains(&squeeze(&block.text)) => {
                findings.push(format!("README.md:{}: this block does not stand in {path} as it says", block.line));
            }
            Some(_) => {}
            None if ignored => findings.push(format!(
                "README.md:{}: an ignored block; name the file it stands in: <!-- from: path -->",
                block.line
            )),
            None if !included => {
                findings.push(format!("README.md:{}: src/lib.rs does not include the README as a doc test", block.line))
            }
            None => {}
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# A\n```rust\nfn a() {}\n```\n<!-- from: examples/b.rs -->\n```rust,ignore\nfn b() {}\n```\n```sh\nls\n```\n";

    #[test]
    fn cases_that_must_not_compile_are_counted() {
        let text = "/// ```compile_fail,E0277\n/// x\n/// ```\n// ```compile_fail\nfn f() {} //~ 1 no\n";
        assert_eq!(failing("core/src/a.rs", text), (1, 0));
        assert_eq!(failing("core/macros/tests/ui/a.rs", text), (0, 1));
        assert_eq!(failing("xtask/src/a.rs", text), (0, 0));
    }

    #[test]
    fn blocks_are_found_with_their_files() {
        let found = blocks(TEXT);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].line, found[0].from.as_deref()), (2, None));
        assert_eq!((found[1].line, found[1].from.as_deref()), (6, Some("examples/b.rs")));
    }

    #[test]
    fn gate_finds_a_planted_violation() {
        let found = blocks(TEXT);
        let facade = "#[cfg(doctest)] #[doc = include_str!(\"../README.md\")] struct Readme;";
        assert!(uncompiled(&found, facade, |_| "use x;\nfn b() {}\n".to_owned()).is_empty());
        assert_eq!(uncompiled(&found, facade, |_| "fn c() {}".to_owned()).len(), 1);
        assert_eq!(uncompiled(&found, "", |_| "fn b() {}".to_owned()).len(), 1);
        assert_eq!(uncompiled(&blocks("```rust,ignore\n```\n"), facade, |_| String::new()).len(), 1);
    }
}
