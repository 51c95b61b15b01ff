//! The table names every public method of core that waits: they are read from its source.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::rigs::all;

/// The places whose public functions are looked at.
const PLACES: &[&str] = &["sync", "time", "task"];

/// Modules of `sync` whose names are a part of the path under which their types are reached.
const MODULES: &[&str] = &["broadcast", "mpmc", "mpsc", "oneshot", "pipe", "priority", "watch"];

/// Files that are not public: what the others are made of.
const INNER: &[&str] = &[
    "sync/blocking.rs",
    "sync/broadcast/ring.rs",
    "sync/channel/flow.rs",
    "sync/pipe/flow.rs",
    "sync/permits.rs",
    "sync/waiters.rs",
];

/// Futures that are kept and waited for later: they are in the table themselves, and who makes them waits for nothing.
const HANDLES: &[&str] = &["AbortOnDropHandle", "JoinHandle", "Receiver", "ScopedJoinHandle"];

/// What wraps a future of the caller's loses what that loses; two wait for nobody.
const WRAPPERS: &[&str] = &[
    "LocalKey::scope",
    "Sleep::tells",
    "TaskTracker::track_future",
    "cooperative",
    "consume_budget",
    "named",
    "unconstrained",
];

/// The methods of one file's text that wait, as they are called. `futures`: the types that are futures.
fn waiting(text: &str, module: &str, futures: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    let mut owner = String::new();
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with("impl") {
            owner = self_type(line);
        } else if *line == "}" {
            owner.clear();
        }
        let Some(rest) = line.trim_start().strip_prefix("pub ") else { continue };
        let rest = rest.strip_prefix("const ").unwrap_or(rest);
        let is_async = rest.starts_with("async fn ");
        let Some(signature) = rest.strip_prefix("async ").unwrap_or(rest).strip_prefix("fn ") else { continue };
        let name: String = signature.chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect();
        let whole =
            lines[at..].iter().take_while(|line| !line.trim().is_empty()).copied().collect::<Vec<_>>().join(" ");
        let answer = whole.split('{').next().and_then(|whole| whole.split_once("-> ")).map_or("", |(_, answer)| answer);
        let named: String = answer.chars().take_while(|&c| c.is_alphanumeric()).collect();
        if is_async || answer.starts_with("impl Future") || futures.contains(&named) {
            found.push(if owner.is_empty() { name } else { format!("{module}{owner}::{name}") });
        }
    }
    found
}

/// The name of the type that an `impl` is of.
fn self_type(line: &str) -> String {
    let after = match line.strip_prefix("impl<") {
        Some(rest) => {
            let mut depth = 1;
            let end = rest.char_indices().find(|&(_, c)| {
                depth += i32::from(c == '<') - i32::from(c == '>');
                depth == 0
            });
            end.map_or("", |(end, _)| &rest[end + 1..])
        }
        None => &line["impl".len()..],
    };
    let after = after.rsplit_once(" for ").map_or(after, |(_, after)| after);
    let name: String = after.trim_start().chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect();
    name.strip_suffix("Of").map_or(name.clone(), str::to_owned)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if entry.is_dir() && name != "tests" {
            files(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") && name != "tests" && name != "models" {
            found.push(entry);
        }
    }
}

#[test]
fn every_method_that_waits_is_in_the_table() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("core/src");
    let mut paths = Vec::new();
    PLACES.iter().for_each(|place| files(&core.join(place), &mut paths));
    let texts: Vec<(String, String)> = paths
        .iter()
        .map(|path| (path.strip_prefix(&core).unwrap().display().to_string(), fs::read_to_string(path).unwrap()))
        .filter(|(path, _)| !INNER.contains(&path.as_str()))
        .collect();
    let futures: BTreeSet<String> = texts
        .iter()
        .flat_map(|(_, text)| text.lines().filter(|line| line.starts_with("impl") && line.contains(" Future for ")))
        .map(self_type)
        .filter(|name| !HANDLES.contains(&name.as_str()))
        .collect();
    let mut found = BTreeSet::new();
    for (path, text) in &texts {
        let module = path.strip_prefix("sync/").and_then(|rest| {
            MODULES.iter().find(|module| rest.strip_prefix(**module).is_some_and(|rest| rest.starts_with(['/', '.'])))
        });
        // Types that are reached by themselves: `Watch`, `Broadcast`, `Oneshot`, `PriorityChannel`.
        let fixed = path.ends_with("cell.rs") || path.ends_with("fixed.rs");
        let module = module.filter(|_| !fixed).map_or(String::new(), |module| format!("{module}::"));
        found.extend(waiting(text, &module, &futures));
    }
    let table: BTreeSet<String> = all().iter().map(|rig| rig.name.to_owned()).collect();
    let missing: Vec<&String> =
        found.iter().filter(|name| !table.contains(*name) && !WRAPPERS.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "they wait, and tests/waiting/rigs has nothing for them: {missing:#?}");
    let idle: Vec<_> = WRAPPERS.iter().filter(|name| !found.contains(**name)).collect();
    assert!(idle.is_empty(), "no longer there: {idle:?}");
    // So that a reader of another spelling is noticed.
    assert!(found.len() >= 60, "{} were found: {found:#?}", found.len());
}

#[test]
fn a_method_that_waits_is_found_however_it_is_written() {
    let text = "impl<T, L: RawLock> ThingOf<T, L> {\n    pub async fn a(&self) {}\n\n    pub fn b(\n        &self,\n    ) -> impl \
                Future<Output = ()> {\n    }\n\n    pub fn c(&self) -> Wait<'_> {}\n\n    pub fn d(&self) -> usize {}\n}\npub \
                async fn e() {}\n";
    let futures = BTreeSet::from([self_type("impl<L: RawLock> Future for Wait<'_, L> {")]);
    assert_eq!(waiting(text, "m::", &futures), ["m::Thing::a", "m::Thing::b", "m::Thing::c", "e"]);
}
