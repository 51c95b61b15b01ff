//! `kills`: which models count. A model counts if there is a change that it sees and no other model of its package does.
//!
//! The changes are those that models name (see [`crate::mutants`]) and the weakenings of orderings (see
//! [`crate::orderings`]). One that a model names is built once and run under all models of its package, those that name it
//! first and their neighbours next, until two have failed: then it tells none of them apart. A model that does not end with
//! a change has not seen it, but nor can another be said to be the only one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::models;
use crate::mutants::{self, Built, Change};
use crate::orderings;
use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::workspace::Workspace;

/// How many models must count.
const AT_LEAST: usize = 80;

/// A model has so many seconds with a change; without one the slowest takes three, optimized.
const LIMIT: u64 = 120;

/// Who saw a change.
struct Seen {
    package: String,
    change: String,
    /// The models: one, or the first two.
    by: Vec<String>,
}

/// Runs the part on the changes that files whose path contains `filter` name, and says how many models count. Without a
/// filter there must be enough.
pub fn run(workspace: &Workspace, report: &mut Report, filter: &str) -> String {
    let mut told = String::new();
    report.part("kills", |report| {
        let mut seen = Vec::new();
        report.step("each change under every model of its package", || {
            let all =
                mutants::of_models(workspace, filter, |tree, change, built| see(workspace, tree, &change, &built));
            let all = match all {
                Ok(all) => all,
                Err(error) => return Verdict::failed(error),
            };
            let (mut changes, mut errors) = (all.len(), Vec::new());
            for one in all {
                match one {
                    Ok(one) => seen.push(one),
                    Err(error) => errors.push(error),
                }
            }
            changes -= errors.len();
            Verdict::of_findings(changes, "", errors)
        });
        if filter.is_empty() {
            report.step("each ordering weakened, under the models that reach it", || {
                match orderings::seen_by(workspace) {
                    Ok(weakened) => {
                        let count = weakened.len();
                        seen.extend(weakened.into_iter().map(|(package, change, by)| Seen { package, change, by }));
                        Verdict::Passed(count, String::new())
                    }
                    Err(error) => Verdict::failed(error),
                }
            });
        }
        report.step("models that count", || {
            let (count, by) = counting(&seen);
            for (model, change) in &by {
                println!("   {model}: {change}");
            }
            for one in seen.iter().filter(|one| one.by.len() > 1) {
                println!("   seen by two: {}: {}", one.by.join(" and "), one.change);
            }
            told = format!("{count} models count, by {} changes", seen.len());
            let few = filter.is_empty() && count < AT_LEAST;
            let finding = few.then(|| format!("{told}; there must be {AT_LEAST} models"));
            Verdict::of_findings(count, &told, finding.into_iter().collect())
        });
    });
    told
}

/// How many models are alone with a change, and with which.
fn counting(seen: &[Seen]) -> (usize, BTreeMap<String, String>) {
    let mut by = BTreeMap::new();
    for one in seen {
        if let [model] = one.by.as_slice() {
            by.entry(format!("{} {model}", one.package)).or_insert_with(|| one.change.clone());
        }
    }
    (by.len(), by)
}

/// Runs the models with a change until two have seen it.
fn see(workspace: &Workspace, tree: &Path, change: &Change, built: &Built) -> Result<Seen, String> {
    let first = change.mutants.first().ok_or("nothing is changed")?;
    let at = |error: &dyn std::fmt::Display| format!("{}: {error}", first.at);
    let program = tree.join(built.program.as_ref().map_err(|error| at(error))?);
    let inside = change.package.dir.strip_prefix(&workspace.root).map_err(|error| at(&error))?;
    let dir = tree.join(inside);
    let listed =
        Process::new(&program.to_string_lossy()).args(["--list"]).limit(60).read().map_err(|error| at(&error))?;
    let names: BTreeSet<String> = change.mutants.iter().map(|mutant| mutant.test.clone()).collect();
    let is_named = |path: &str| names.contains(path.rsplit("::").next().unwrap_or(path));
    let mut paths = models::names(&listed);
    let near = paths.iter().find(|path| is_named(path)).cloned().unwrap_or_default();
    let shared = |path: &str| near.bytes().zip(path.bytes()).take_while(|(one, other)| one == other).count();
    paths.sort_by_key(|path| (!is_named(path), usize::MAX - shared(path)));
    let mut by = Vec::new();
    for path in paths {
        let process = Process::new(&program.to_string_lossy()).args(["--exact", &path]);
        let process = process.env("LOOM_MAX_PREEMPTIONS", "2").env("RUST_BACKTRACE", "0").limit(LIMIT).dir(&dir);
        let run = process.output().map_err(|error| at(&error))?;
        if run.timed_out() {
            by.push(format!("{path} (which did not end)"));
        } else if !run.success() {
            by.push(path);
        }
        if by.len() == 2 {
            break;
        }
    }
    // One that goes on for ever is not known to have seen anything.
    if by.len() == 1 && by[0].ends_with(')') {
        by.clear();
    }
    let word = if by.len() == 1 { "ALONE" } else { "seen" };
    println!("   {word}: {}: {first}: {}", first.at, by.join(" and "));
    Ok(Seen { package: change.package.name.clone(), change: format!("{}: {first}", first.at), by })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(by: &[&str]) -> Seen {
        let by = by.iter().map(|&model| model.to_owned()).collect();
        Seen { package: "p".into(), change: "c".into(), by }
    }

    #[test]
    fn a_model_counts_once_and_only_where_it_is_alone() {
        assert_eq!(counting(&[]).0, 0);
        assert_eq!(counting(&[seen(&[]), seen(&["a", "b"])]).0, 0);
        assert_eq!(counting(&[seen(&["a"]), seen(&["a"]), seen(&["b"]), seen(&["a", "b"])]).0, 2);
    }
}
