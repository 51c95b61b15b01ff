//! Which public types are `Send` and `Sync`, under which conditions: a committed table, held against what rustdoc says.
//!
//! rustdoc knows it of every public type, whether it was written or follows from the fields. The table is
//! `xtask/send-sync.txt`; a type that is not in it, or is there as it no longer is, fails. `cargo xtask docs --write` writes
//! the table anew: read the difference, for each line is a promise.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::report::Verdict;
use crate::workspace::{Workspace, files};

const TABLE: &str = "xtask/send-sync.txt";

/// Crates whose public types are in the table, as rustdoc names their folders.
const CRATES: &[&str] = &["zokio_core", "zokio_executor_local", "zokio"];

/// There are more types than this: a table that is nearly empty must not look like a proof.
const AT_LEAST: usize = 100;

/// Holds the table against the documentation in `doc`, or writes it.
pub fn check(workspace: &Workspace, doc: &Path, write: bool) -> Verdict {
    let found = table(doc);
    let path = workspace.root.join(TABLE);
    if write {
        let text: String = found.iter().map(|(name, traits)| format!("{name}: {traits}\n")).collect();
        if let Err(error) = fs::write(&path, text) {
            return Verdict::failed(error.to_string());
        }
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let findings = differences(&committed, &found);
    if found.len() < AT_LEAST {
        return Verdict::failed(format!("only {} public types were found in {}", found.len(), doc.display()));
    }
    Verdict::of_findings(found.len(), format!("{} public types in {TABLE}", found.len()), findings)
}

/// Each public type with its traits.
fn table(doc: &Path) -> BTreeMap<String, String> {
    let mut table = BTreeMap::new();
    for name in CRATES {
        let folder = doc.join(name);
        for page in files(&folder, ".html") {
            let file = page.file_name().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
            let Some(kind) = ["struct.", "enum.", "union."].iter().find(|kind| file.starts_with(**kind)) else {
                continue;
            };
            let inside = page.strip_prefix(doc).unwrap_or(&page).with_file_name("");
            let path = inside.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("::");
            let name = format!("{path}::{}", file[kind.len()..].trim_end_matches(".html"));
            let text = fs::read_to_string(&page).unwrap_or_default();
            if text.contains("http-equiv=\"refresh\"") {
                continue; // where it is defined; it is public where it is exported
            }
            table.insert(name, traits(&text));
        }
    }
    table
}

/// `Send where T: Send; !Sync` of a page.
fn traits(page: &str) -> String {
    let mut found = Vec::new();
    for name in ["Send", "Sync"] {
        for section in page.split("<section id=\"impl-").skip(1) {
            if !section.starts_with(&format!("{name}-for-")) && !section.starts_with(&format!("!{name}-for-")) {
                continue;
            }
            let Some(header) =
                section.split_once("<h3 class=\"code-header\">").and_then(|rest| rest.1.split_once("</h3>"))
            else {
                continue;
            };
            let text = plain(header.0);
            let sign = if text.contains(&format!("!{name}")) { "!" } else { "" };
            let condition =
                text.split_once(" where ").map(|(_, rest)| format!(" where {}", rest.trim_end_matches(',')));
            // What is written may bound the parameters where they are declared.
            let declared = text.split_once(&format!("{name} for")).map_or("", |text| text.0);
            let declared =
                declared.trim().trim_start_matches("unsafe ").trim_start_matches("impl").trim_end_matches('!').trim();
            let declared = if declared.contains(':') { format!(" for {declared}") } else { String::new() };
            found.push(format!("{sign}{name}{declared}{}", condition.unwrap_or_default()));
        }
    }
    found.join("; ")
}

/// HTML without its tags.
fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for letter in html.chars() {
        match letter {
            '<' => {
                inside = true;
                text.push(' ');
            }
            '>' => inside = false,
            _ if !inside => text.push(letter),
            _ => {}
        }
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("&#39;", "'");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let gaps = [" ,", " >", " :", "< ", " <", "! ", "? "];
    gaps.iter().fold(text, |text, gap| text.replace(gap, gap.trim()))
}

/// What is not the same.
fn differences(committed: &str, found: &BTreeMap<String, String>) -> Vec<String> {
    let known: BTreeMap<&str, &str> = committed.lines().filter_map(|line| line.split_once(": ")).collect();
    let mut findings = Vec::new();
    for (name, traits) in found {
        match known.get(name.as_str()) {
            None => findings.push(format!("{name} is not in {TABLE}: it is `{traits}`")),
            Some(known) if known != traits => {
                findings.push(format!("{name} is `{traits}`, in {TABLE} it is `{known}`"))
            }
            Some(_) => {}
        }
    }
    for name in known.keys().filter(|name| !found.contains_key(**name)) {
        findings.push(format!("{name} of {TABLE} is no public type"));
    }
    if !findings.is_empty() {
        findings.push("`cargo xtask docs --write` writes the table anew".to_owned());
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<section id=\"impl-Send-for-Lock%3CL%3E\" class=\"impl\"><a></a><h3 class=\"code-header\">impl&lt;L, T&gt; \
        <a class=\"trait\">Send</a> for <a>Lock</a>&lt;L, T&gt;<div class=\"where\">where\n    L: <a>Send</a>,\n    T: <a>Send</a>,</div></h3>\
        </section><section id=\"impl-Sync-for-Lock\" class=\"impl\"><h3 class=\"code-header\">impl&lt;L&gt; !<a>Sync</a> for <a>Lock</a></h3></section>";

    #[test]
    fn pages_of_rustdoc_are_read() {
        assert_eq!(traits(PAGE), "Send where L: Send, T: Send; !Sync");
    }

    #[test]
    fn gate_finds_a_type_that_is_new_or_changed_or_gone() {
        let found = BTreeMap::from([
            ("a::A".to_owned(), "Send; Sync".to_owned()),
            ("a::B".to_owned(), "!Send; Sync".to_owned()),
        ]);
        assert!(differences("a::A: Send; Sync\na::B: !Send; Sync\n", &found).is_empty());
        assert_eq!(differences("a::A: Send; Sync\n", &found).len(), 2);
        assert_eq!(differences("a::A: Send; Sync\na::B: Send; Sync\n", &found).len(), 2);
        assert_eq!(differences("a::A: Send; Sync\na::B: !Send; Sync\na::C: Send\n", &found).len(), 2);
    }
}
