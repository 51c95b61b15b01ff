//! `loom`: the models of every lock-free protocol, explored.
//!
//! A package has models when it depends on loom under `cfg(loom)`. Models are the tests whose path contains `loom` or `models`. A
//! package that says it has models and runs none fails: a filter that matches nothing must not look like a proof.

use std::path::PathBuf;

use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::workspace::{Package, Workspace};

/// The flag under which models are compiled.
pub const FLAGS: &str = "--cfg loom";

/// What the path of a model contains: one of these.
const FILTERS: [&str; 2] = ["loom", "models"];

/// Runs the part. `preemptions` bounds the involuntary switches of an execution.
pub fn run(workspace: &Workspace, report: &mut Report, preemptions: u32) {
    report.part("loom", |report| {
        let packages = match workspace.packages() {
            Ok(packages) => packages,
            Err(error) => {
                report.step("loom", || Verdict::failed(error));
                return;
            }
        };
        for package in packages.iter().filter(|package| has_models(package)) {
            report.step(&format!("models of {}, {preemptions} preemptions", package.name), || {
                let process = command(package, preemptions).args(["--"]).args(FILTERS);
                let limit = if preemptions > 2 { 4 * 3600 } else { 1800 };
                let process = process.limit(limit).target_dir(&target_dir(workspace)).dir(&workspace.root);
                ran_some(Verdict::of_tests(process.output()))
            });
        }
    });
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
    let mut wanted = vec!["std", "heapless", "os"];
    wanted.retain(|wanted| package.features.iter().any(|feature| feature == wanted));
    wanted
}

/// `cargo test` of a package's models, without a filter.
pub fn command(package: &Package, preemptions: u32) -> Process {
    let features = features(package).join(",");
    Process::cargo(&["test", "--release", "-p", &package.name, "--features", &features, "--lib"])
        .rustflags(FLAGS)
        .env("LOOM_MAX_PREEMPTIONS", preemptions.to_string())
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "1")
}

/// No model at all is a failure.
fn ran_some(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Passed(0, _) => Verdict::failed("not one model ran"),
        verdict => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gate_finds_that_no_model_ran() {
        assert!(matches!(ran_some(Verdict::Passed(0, String::new())), Verdict::Failed(..)));
        assert!(matches!(ran_some(Verdict::Passed(1, String::new())), Verdict::Passed(1, _)));
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
