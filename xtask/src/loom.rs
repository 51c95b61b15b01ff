//! `loom`: the models of every lock-free protocol, explored and counted.
//!
//! A package has models when it depends on loom under `cfg(loom)`. Models are the tests whose path contains `loom` or `models`. Each runs
//! in a process of its own, so that what loom says of its executions is said of this model. A package that says it has
//! models and has none fails, and so does a model that names no change which makes it fail.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::models::{self, Suite};
use crate::modules;
use crate::process::Process;
use crate::report::{Report, Verdict, seconds};
use crate::source::{self, words};
use crate::workers;
use crate::workspace::{Package, Workspace, files};

/// The flag under which models are compiled.
pub const FLAGS: &str = "--cfg loom";

/// How many models there must be.
const AT_LEAST: usize = 80;

/// Runs the part. `preemptions` bounds the involuntary switches of an execution.
pub fn run(workspace: &Workspace, report: &mut Report, preemptions: u32) {
    report.part("loom", |report| {
        some(workspace, report, preemptions, "");
    });
}

/// Runs the models of the packages whose name contains `filter`; without one it sees to it that there are enough. Says how
/// many there were.
pub fn some(workspace: &Workspace, report: &mut Report, preemptions: u32, filter: &str) -> String {
    let suites = match models::suites(workspace, |package| package.contains(filter)) {
        Ok(suites) => suites,
        Err(error) => {
            report.step("models", || Verdict::failed(error));
            return String::new();
        }
    };
    let (mut models, mut executions) = (0, 0);
    for suite in &suites {
        report.step(&format!("models of {}, {preemptions} preemptions", suite.package), || {
            let explored = explore(suite, preemptions);
            models += explored.iter().filter(|model| model.failure.is_none()).count();
            executions += explored.iter().map(|model| model.executions).sum::<u64>();
            verdict(&explored)
        });
    }
    let note = format!("{models} models, {executions} executions");
    if !filter.is_empty() {
        return note;
    }
    let told = note.clone();
    report.step("models in all", || {
        let few = (models < AT_LEAST).then(|| format!("{note}; there must be {AT_LEAST} models"));
        Verdict::of_findings(1, note, few.into_iter().collect())
    });
    report.step("each model names the change that makes it fail", || {
        let packages = workspace.packages().unwrap_or_default();
        let (mut count, mut findings) = (0, Vec::new());
        for package in packages.iter().filter(|package| has_models(package)) {
            let contexts = modules::contexts(&package.dir.join("src/lib.rs"));
            for path in files(&package.dir.join("src"), ".rs") {
                let text = fs::read_to_string(&path).unwrap_or_default();
                let context = contexts.get(&path).map(String::as_str).unwrap_or_default();
                let (some, without) = unnamed(&workspace.relative(&path), context, &text);
                count += some;
                findings.extend(without);
            }
        }
        Verdict::of_findings(1, format!("{count} models in the sources"), findings)
    });
    told
}

/// What became of a model.
struct Explored {
    name: String,
    /// How many orders of its steps were run.
    executions: u64,
    elapsed: Duration,
    failure: Option<String>,
}

fn explore(suite: &Suite, preemptions: u32) -> Vec<Explored> {
    let limit = if preemptions > 2 { 4 * 3600 } else { 300 };
    workers::each(&suite.names, |name| {
        let started = Instant::now();
        let output = suite.model(name, preemptions).env("LOOM_LOG", "loom::model=info").limit(limit).output();
        let elapsed = started.elapsed();
        let (executions, failure) = match output {
            Ok(output) => match executions(&output.text) {
                0 | 1 if output.success() => (0, Some(format!("{name} explored nothing\n{}", output.complaint()))),
                executions => (executions, (!output.success()).then(|| output.complaint())),
            },
            Err(error) => (0, Some(error.to_string())),
        };
        Explored { name: name.clone(), executions, elapsed, failure }
    })
}

/// Prints a line for each model, and judges them all.
fn verdict(explored: &[Explored]) -> Verdict {
    for model in explored {
        println!("   {:>9} executions, {:>6}: {}", model.executions, seconds(model.elapsed), model.name);
    }
    let failures: Vec<&str> = explored.iter().filter_map(|model| model.failure.as_deref()).collect();
    if failures.is_empty() {
        let sum: u64 = explored.iter().map(|model| model.executions).sum();
        Verdict::Passed(explored.len(), format!("{sum} executions"))
    } else {
        Verdict::Failed(explored.len() - failures.len(), failures.len(), failures.join("\n"))
    }
}

/// The sum of loom's lines `Completed in N iterations`.
fn executions(text: &str) -> u64 {
    let counts = text.split("Completed in ").skip(1);
    counts.filter_map(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).sum()
}

/// How many models a file has, and the places of those that name no change.
fn unnamed(place: &str, context: &str, text: &str) -> (usize, Vec<String>) {
    let code = source::code(text);
    let (mut count, mut findings) = (0, Vec::new());
    for (at, _) in code.match_indices("#[test]") {
        let (names, attributes) = modules::around(&code, at);
        let around = format!("{context}{attributes}").replace("not(loom)", "");
        let path = format!("{place}/{}", names.join("/"));
        if !(around.contains("loom") || place.ends_with("/loom.rs"))
            || !models::FILTERS.iter().any(|filter| path.contains(filter))
        {
            continue;
        }
        count += 1;
        // The comments and attributes that stand right above, also of a test that is indented.
        let above = text[..at].trim_end_matches(' ').lines().rev().take_while(|line| {
            let line = line.trim();
            line.starts_with("//") || line.starts_with("#[")
        });
        if !above.into_iter().any(|line| line.trim().starts_with(mutants_mark())) {
            let name = words(&code[at..]).skip_while(|word| word.1 != "fn").nth(1).map_or("?", |word| word.1);
            findings.push(format!(
                "{place}:{}: {name} has no line `{} ...`",
                source::line_of(text, at),
                mutants_mark()
            ));
        }
    }
    (count, findings)
}

fn mutants_mark() -> &'static str {
    crate::mutant::MARK
}

/// Where models are built.
pub fn target_dir(workspace: &Workspace) -> PathBuf {
    workspace.target.join("loom")
}

/// Whether a package has models.
pub fn has_models(package: &Package) -> bool {
    package
        .dependencies
        .iter()
        .any(|dependency| dependency.name == "loom" && dependency.platform.as_deref() == Some("cfg(loom)"))
}

/// The features under which a package's models are compiled.
pub fn features(package: &Package) -> Vec<&'static str> {
    let mut wanted = vec!["std", "heapless", "os", "net"];
    wanted.retain(|wanted| package.features.iter().any(|feature| feature == wanted));
    wanted
}

/// `cargo test` of a package's models, without a filter.
pub fn command(package: &Package) -> Process {
    let features = features(package).join(",");
    Process::cargo(&["test", "--release", "-p", &package.name, "--features", &features, "--lib"])
        .rustflags(FLAGS)
        .env("LOOM_MAX_PREEMPTIONS", "2")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gate_finds_that_a_model_modelled_nothing() {
        assert_eq!(executions("INFO loom::model: Completed in 3 iterations\nok\n Completed in 4 iterations"), 7);
        assert_eq!(executions("test result: ok"), 0);
        let model = |failure| Explored { name: "m".into(), executions: 1, elapsed: Duration::ZERO, failure };
        assert!(matches!(verdict(&[model(None)]), Verdict::Passed(1, _)));
        assert!(matches!(verdict(&[model(None), model(Some("why".into()))]), Verdict::Failed(1, 1, _)));
    }

    #[test]
    fn gate_finds_a_model_that_names_no_change() {
        let text =
            "/// Races.\n// Mutant: a :: b => c\n#[test]\nfn named() {}\n\n/// Races.\n#[test]\nfn planted() {}\n";
        let (count, findings) = unnamed("core/src/a/models.rs", "#[cfg(all(test,loom))]", text);
        assert_eq!(count, 2);
        assert!(matches!(findings.as_slice(), [one] if one.contains("planted") && one.contains(":7:")), "{findings:?}");
        assert_eq!(unnamed("core/src/a/tests.rs", "#[cfg(all(test,not(loom)))]", text).0, 0);
        let inside =
            format!("#[cfg(all(test, loom))]\nmod models {{\n    {}\n}}\n", text.trim_end().replace('\n', "\n    "));
        let (count, findings) = unnamed("core/src/a.rs", "", &inside);
        assert_eq!(count, 2);
        assert!(matches!(findings.as_slice(), [one] if one.contains("planted") && one.contains(":9:")), "{findings:?}");
    }

    #[test]
    fn core_and_the_work_stealing_executor_have_models() {
        let packages = Workspace::find().and_then(|workspace| workspace.packages()).expect("packages");
        let names: Vec<&str> =
            packages.iter().filter(|package| has_models(package)).map(|package| package.name.as_str()).collect();
        assert!(names.contains(&"zokio-core") && names.contains(&"zokio-executor-mt"), "{names:?}");
        let core = packages.iter().find(|package| package.name == "zokio-core").expect("core");
        assert_eq!(features(core), ["std", "heapless"]);
    }
}
