//! `lint`: clippy without a warning, for every set of features and every kind of target that the code has.

use std::fs;
use std::path::Path;

use crate::arrows;
use crate::firmware;
use crate::loom;
use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::targets;
use crate::toolchain;
use crate::workspace::Workspace;

/// A build of core that must compile without a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Build {
    /// `None` is the host.
    triple: Option<&'static str>,
    features: Vec<&'static str>,
    unicore: bool,
}

/// Features and flags of the builds of core's tests that share the fewest helpers.
const TESTS_OF_CORE: [(&str, &str); 4] =
    [("", ""), ("std", ""), ("heapless", ""), ("std,heapless", "--cfg zokio_unicore=\"portable\"")];

/// Runs the part.
pub fn run(workspace: &Workspace, report: &mut Report) {
    report.part("lint", |report| {
        report.step("clippy: workspace, all targets", || {
            clippy(workspace, &["--workspace", "--all-targets"], "").into_verdict()
        });
        report.step("clippy: workspace, all targets, all features", || {
            clippy(workspace, &["--workspace", "--all-targets", "--all-features"], "").into_verdict()
        });
        // The builds below are of the library; its tests see fewer features of each other than a workspace's build turns on.
        report.step(&format!("clippy: tests of core, {} builds", TESTS_OF_CORE.len()), || {
            let failed = TESTS_OF_CORE.iter().find_map(|&(features, flags)| {
                let arguments = ["-p", "zokio-core", "--all-targets", "--no-default-features", "--features", features];
                match clippy(workspace, &arguments, flags).into_verdict() {
                    Verdict::Passed(..) => None,
                    verdict => Some(verdict),
                }
            });
            failed.unwrap_or(Verdict::Passed(TESTS_OF_CORE.len(), String::new()))
        });
        report.step("clippy: loom models", || {
            // Models use a part of what the tests beside them share.
            let packages = workspace.packages().unwrap_or_default();
            let packages: Vec<_> = packages.iter().filter(|package| loom::has_models(package)).collect();
            let features: Vec<String> = packages
                .iter()
                .flat_map(|package| loom::features(package).into_iter().map(|name| format!("{}/{name}", package.name)))
                .collect();
            let process = Process::cargo(&["clippy", "--quiet", "--lib", "--profile", "test"])
                .args(packages.iter().flat_map(|package| ["-p", &package.name]))
                .args(["--features", &features.join(","), "--", "-D", "warnings", "-A", "dead_code"])
                .rustflags(loom::FLAGS)
                .target_dir(&workspace.target.join("lint"))
                .dir(&workspace.root);
            Verdict::of_command(process.output())
        });
        for triple in [None, Some("thumbv7m-none-eabi"), Some("thumbv6m-none-eabi"), Some("wasm32-wasip1")] {
            let builds: Vec<Build> = powerset(triple);
            report.step(&format!("clippy: core, {} builds for {}", builds.len(), triple.unwrap_or("the host")), || {
                if let Some(Err(skip)) = triple.map(toolchain::target) {
                    return skip;
                }
                let failed = builds.iter().find_map(|build| match core(workspace, build) {
                    Verdict::Passed(..) => None,
                    verdict => Some(verdict),
                });
                failed.unwrap_or(Verdict::Passed(builds.len(), String::new()))
            });
        }
        report.step(&format!("clippy: the facade, {} parts of `std`", arrows::OF_STD.len()), || {
            let failed = arrows::OF_STD.iter().find_map(|features| {
                let arguments = ["-p", "zokio", "--no-default-features", "--features", features];
                match clippy(workspace, &arguments, "").into_verdict() {
                    Verdict::Passed(..) => None,
                    verdict => Some(verdict),
                }
            });
            failed.unwrap_or(Verdict::Passed(arrows::OF_STD.len(), String::new()))
        });
        for folder in ["boards", "examples/firmware", "benches"] {
            for dir in workspace.manifests_below(folder) {
                report.step(&format!("clippy: {}", workspace.relative(&dir)), || outside(workspace, &dir));
            }
        }
        for (package, features, triple) in targets::LIBRARIES {
            report.step(&format!("clippy: {package} [{features}] for {triple}"), || {
                if let Err(skip) = toolchain::target(triple) {
                    return skip;
                }
                let arguments = ["-p", package, "--no-default-features", "--features", features, "--target", triple];
                clippy(workspace, &arguments, targets::flags(triple)).into_verdict()
            });
        }
    });
}

/// Clippy over a package outside of the workspace, for the target that its configuration names.
fn outside(workspace: &Workspace, dir: &Path) -> Verdict {
    let config = fs::read_to_string(dir.join(".cargo/config.toml")).unwrap_or_default();
    let triple = firmware::triple(&config).unwrap_or_else(|| "thumbv7m-none-eabi".to_owned());
    if let Err(skip) = toolchain::target(&triple) {
        return skip;
    }
    let process = Process::cargo(&["clippy", "--quiet", "--release", "--target", &triple, "--", "-D", "warnings"]);
    Verdict::of_command(process.dir(dir).target_dir(&workspace.target.join("firmware")).output())
}

/// A clippy run to come.
struct Clippy(Process);

impl Clippy {
    fn into_verdict(self) -> Verdict {
        Verdict::of_command(self.0.output())
    }
}

fn clippy(workspace: &Workspace, arguments: &[&str], flags: &str) -> Clippy {
    Clippy(
        Process::cargo(&["clippy", "--quiet"])
            .args(arguments)
            .args(["--", "-D", "warnings"])
            .rustflags(flags)
            .target_dir(&workspace.target.join("lint"))
            .dir(&workspace.root),
    )
}

fn core(workspace: &Workspace, build: &Build) -> Verdict {
    let features = build.features.join(",");
    let mut arguments = vec!["-p", "zokio-core", "--no-default-features", "--features", &features];
    let mut flags = build.triple.map(targets::flags).unwrap_or_default().to_owned();
    if let Some(triple) = build.triple {
        arguments.extend(["--target", triple]);
    }
    if build.unicore {
        flags.push_str(" --cfg zokio_unicore");
    }
    clippy(workspace, &arguments, flags.trim()).into_verdict()
}

/// {none, alloc, std} x {heapless} x {none, critical-section, critical-section on one core}; without std where there is none.
fn powerset(triple: Option<&'static str>) -> Vec<Build> {
    let has_std = triple.is_none_or(|triple| !triple.contains("-none-"));
    // No `Arc` without compare-and-swap, and core says so.
    let has_arc = triple.is_none_or(|triple| !triple.starts_with("thumbv6m"));
    let mut builds = Vec::new();
    for base in ["", "alloc", "std"] {
        if base == "alloc" && !has_arc {
            continue;
        }
        for mask in 0..8 {
            let mut features = vec![base];
            features.extend((mask & 1 != 0).then_some("heapless"));
            features.extend((mask & 2 != 0).then_some("critical-section"));
            features.retain(|feature| !feature.is_empty());
            // The single-core back ends need a critical section.
            let unicore = mask & 4 != 0;
            if (base != "std" || has_std) && (!unicore || features.contains(&"critical-section")) {
                builds.push(Build { triple, features, unicore });
            }
        }
    }
    builds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powerset_has_every_set_once_and_no_std_where_there_is_none() {
        let host = powerset(None);
        assert_eq!(host.len(), 18);
        for (at, build) in host.iter().enumerate() {
            assert!(!host[..at].contains(build), "{build:?}");
        }
        let metal = powerset(Some("thumbv7m-none-eabi"));
        assert_eq!(metal.len(), 12);
        assert_eq!(powerset(Some("thumbv6m-none-eabi")).len(), 6);
        assert!(metal.iter().all(|build| !build.features.contains(&"std")));
    }

    #[test]
    fn gate_finds_a_planted_violation() {
        let dir = std::env::temp_dir().join(format!("zokio-lint-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("src")).expect("folder");
        let manifest = "[package]\nname = \"planted\"\nedition = \"2024\"\n[workspace]\n";
        std::fs::write(dir.join("Cargo.toml"), manifest).expect("manifest");
        let workspace = Workspace { root: dir.clone(), target: dir.join("target") };
        let lint = |source: &str| {
            std::fs::write(dir.join("src/lib.rs"), source).expect("source");
            clippy(&workspace, &["--all-targets"], "").into_verdict()
        };
        let clean = lint("//! Clean.\n");
        let planted = lint("//! Not clean.\nfn nobody_calls_this() {}\n");
        std::fs::remove_dir_all(&dir).expect("folder");
        assert!(matches!(clean, Verdict::Passed(..)), "{clean:?}");
        assert!(matches!(&planted, Verdict::Failed(_, _, why) if why.contains("nobody_calls_this")), "{planted:?}");
    }
}
