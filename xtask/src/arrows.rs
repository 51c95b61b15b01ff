//! `arrows`: which package may depend on which, from the manifests; and what must be absent from the sources.
//!
//! Declared dependencies are looked at, optional ones and those of other platforms included: what a feature could turn
//! on is an arrow too. Only the `tokio` rule needs a resolved graph, since features of a dependency are united there.

use std::path::Path;

use crate::absences;
use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::unsafe_count;
use crate::workspace::{Package, Workspace, packages_of};

/// Each library of the family and what it may depend on within the family.
const ARROWS: &[(&str, &[&str])] = &[
    ("zokio", &["zokio-executor-mt", "zokio-executor-local", "zokio-hal", "zokio-core", "zokio-macros"]),
    ("zokio-executor-mt", &["zokio-core"]),
    ("zokio-executor-local", &["zokio-core"]),
    ("zokio-hal", &["zokio-core"]),
    ("zokio-core", &[]),
    ("zokio-macros", &[]),
];

/// What a board may depend on within the family.
const BOARD: &[&str] = &["zokio", "zokio-executor-local", "zokio-hal", "zokio-core"];

/// What core may depend on without being asked.
const CORE_ALWAYS: &[&str] = &["portable-atomic"];

/// What core may depend on when a feature asks for it.
const CORE_OPTIONAL: &[&str] = &["critical-section", "heapless", "defmt", "futures-core", "embedded-io-async"];

/// Features of the `tokio` crate that bring its runtime, or a part of it, along.
const TOKIO_RUNTIME: &[&str] =
    &["rt", "rt-multi-thread", "net", "time", "fs", "process", "signal", "full", "test-util", "io-std", "io-uring"];

/// An operating system, for what is chosen on one.
const HOST: &str = "x86_64-unknown-linux-gnu";

/// What a build of the facade chooses by features and target, and what is not in it then.
struct Choice {
    features: &'static str,
    target: &'static str,
    has: &'static [&'static str],
    has_not: &'static [&'static str],
}

/// The features of the facade that are parts of `std`.
pub const OF_STD: [&str; 5] = ["rt", "rt,macros", "rt-multi-thread", "net", "signal"];

const CHOICES: [Choice; 7] = [
    Choice {
        features: "",
        target: "thumbv6m-none-eabi",
        has: &["zokio-core", "zokio-executor-local"],
        has_not: &["zokio-hal", "zokio-executor-mt", "critical-section", "defmt", "mio", "rustix", "tokio", "hyper"],
    },
    Choice {
        features: "critical-section,metal",
        target: "thumbv7m-none-eabi",
        has: &["zokio-hal", "critical-section"],
        has_not: &["zokio-executor-mt", "mio", "rustix", "libc", "tokio", "hyper", "defmt", "wasip1"],
    },
    Choice {
        features: "wasi",
        target: "wasm32-wasip1",
        has: &["zokio-hal", "wasip1"],
        has_not: &["zokio-executor-mt", "mio", "rustix", "tokio", "hyper", "defmt", "critical-section"],
    },
    Choice {
        features: "rt",
        target: HOST,
        has: &["zokio-executor-local", "zokio-hal"],
        has_not: &["zokio-executor-mt", "crossbeam-deque", "mio", "rustix", "socket2", "tokio", "signal-hook", "hyper"],
    },
    Choice {
        features: "rt-multi-thread",
        target: HOST,
        has: &["zokio-executor-mt", "crossbeam-deque", "zokio-hal"],
        has_not: &["mio", "rustix", "socket2", "tokio", "signal-hook", "hyper"],
    },
    Choice {
        features: "net",
        target: HOST,
        has: &["zokio-hal", "mio", "socket2", "tokio"],
        has_not: &["zokio-executor-mt", "crossbeam-deque", "signal-hook", "hyper"],
    },
    Choice {
        features: "std",
        target: HOST,
        has: &["zokio-executor-mt", "zokio-executor-local", "zokio-hal", "mio", "signal-hook"],
        has_not: &["hyper", "defmt", "critical-section", "wasip1"],
    },
];

/// Runs the part.
pub fn run(workspace: &Workspace, report: &mut Report) {
    report.part("arrows", |report| {
        report.step("arrows between packages", || match all_packages(workspace) {
            Ok(packages) => {
                let findings = findings(workspace, &packages);
                Verdict::of_findings(packages.len(), "", findings)
            }
            Err(error) => Verdict::failed(error),
        });
        for (name, edges) in [("the facade", "normal"), ("the example `serve`", "normal,dev")] {
            report.step(&format!("no tokio runtime in the graph of {name}"), || {
                let arguments = ["tree", "-p", "zokio", "--all-features", "--target", "all", "--prefix", "none", "-e"];
                let process = Process::cargo(&arguments).args([edges, "-f", "{p}|{f}"]).dir(&workspace.root);
                match process.limit(120).read() {
                    Ok(tree) => Verdict::of_findings(1, "", tokio_runtime(&tree)),
                    Err(error) => Verdict::failed(error),
                }
            });
        }
        report.step("what a build does not choose is not in it", || {
            let findings = CHOICES.iter().flat_map(|choice| chosen(workspace, choice)).collect();
            Verdict::of_findings(CHOICES.len(), "", findings)
        });
        for (name, verdict) in absences::check(workspace) {
            report.step(&name, || verdict);
        }
        for (name, verdict) in unsafe_count::check(workspace) {
            report.step(&name, || verdict);
        }
    });
}

/// What is wrong with the graph of a choice.
fn chosen(workspace: &Workspace, choice: &Choice) -> Vec<String> {
    let Choice { features, target, has, has_not } = choice;
    let process = Process::cargo(&["tree", "-p", "zokio", "--no-default-features", "--features", features]);
    let process = process.args(["--target", target, "-e", "normal", "--prefix", "none", "-f", "{p}"]);
    let tree = match process.limit(120).dir(&workspace.root).read() {
        Ok(tree) => tree,
        Err(error) => return vec![error],
    };
    let is_there = |name: &str| tree.lines().any(|line| line.split(' ').next() == Some(name));
    let missing = has.iter().filter(|name| !is_there(name)).map(|name| format!("{name} is missing"));
    let present = has_not.iter().filter(|name| is_there(name)).map(|name| format!("{name} is there"));
    missing.chain(present).map(|what| format!("[{features}] for {target}: {what}")).collect()
}

/// The packages of the workspace, of the boards and of the firmware.
fn all_packages(workspace: &Workspace) -> Result<Vec<Package>, String> {
    let mut packages = workspace.packages()?;
    for folder in ["boards", "examples", "examples/firmware"] {
        for dir in workspace.manifests_below(folder) {
            for package in packages_of(&dir)? {
                if !packages.iter().any(|known| known.dir == package.dir) {
                    packages.push(package);
                }
            }
        }
    }
    Ok(packages)
}

/// The kind of a package, by its name and folder.
fn allowed(workspace: &Path, package: &Package) -> Option<Vec<String>> {
    if let Some((_, list)) = ARROWS.iter().find(|arrow| arrow.0 == package.name) {
        return Some(list.iter().map(|&name| name.to_owned()).collect());
    }
    let place = package.dir.strip_prefix(workspace).unwrap_or(&package.dir);
    let list = if place.starts_with("boards") {
        BOARD.to_vec()
    } else if place.starts_with("examples") || place.starts_with("benches") || place.starts_with("tests") {
        return None;
    } else {
        Vec::new()
    };
    Some(list.into_iter().map(str::to_owned).collect())
}

fn findings(workspace: &Workspace, packages: &[Package]) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, _) in ARROWS {
        if !packages.iter().any(|package| package.name == *name) {
            findings.push(format!("there is no package {name}"));
        }
    }
    for package in packages {
        findings.extend(findings_of(&workspace.root, package));
    }
    findings
}

fn findings_of(root: &Path, package: &Package) -> Vec<String> {
    let mut findings = Vec::new();
    let name = &package.name;
    let library = ARROWS.iter().any(|arrow| arrow.0 == name);
    if library && package.has_build_script {
        findings.push(format!("{name} has a build script; only boards and firmware may"));
    }
    let allowed = allowed(root, package);
    for dependency in &package.dependencies {
        let to = &dependency.name;
        // Tests may use a sibling; what a user of the package builds may not.
        if dependency.kind == "dev" {
            continue;
        }
        let family = to == "zokio" || to.starts_with("zokio-");
        if let (true, Some(list)) = (family, &allowed)
            && !list.contains(to)
        {
            findings.push(format!("{name} -> {to}: no such arrow"));
        }
        if family && allowed.is_none() && !example_may_use(to) {
            findings.push(format!("{name} -> {to}: examples use zokio and boards"));
        }
        if name == "zokio-core" && !family {
            let model = ["loom", "shuttle"].contains(&to.as_str())
                && dependency.platform.as_deref() == Some(&format!("cfg({to})"));
            let always = CORE_ALWAYS.contains(&to.as_str());
            let optional = CORE_OPTIONAL.contains(&to.as_str()) && dependency.optional;
            if !(model || always || optional) {
                findings.push(format!("{name} -> {to}: not among the dependencies that core may have"));
            }
        }
    }
    findings
}

/// Examples, firmware and benches use the facade, boards, and the program that all places share; benches of a chip may
/// name the crates below to count their instructions.
fn example_may_use(name: &str) -> bool {
    name == "zokio"
        || name.starts_with("zokio-board-")
        || name.starts_with("zokio-everywhere")
        || name.starts_with("zokio-portable-tests")
        || ["zokio-core", "zokio-hal", "zokio-executor-local", "zokio-executor-mt"].contains(&name)
}

/// Runtime features of `tokio` in a tree of lines `name version|features`.
fn tokio_runtime(tree: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for line in tree.lines() {
        let Some((package, features)) = line.split_once('|') else { continue };
        if package.split_whitespace().next() != Some("tokio") {
            continue;
        }
        let features = features.trim_end_matches(" (*)");
        for feature in features.split(',').filter(|feature| TOKIO_RUNTIME.contains(feature)) {
            let finding = format!("{}: feature `{feature}` is on", package.trim());
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn package(name: &str, dir: &str, dependencies: &[(&str, bool)]) -> Package {
        Package {
            name: name.to_owned(),
            dir: Path::new("/p").join(dir),
            dependencies: dependencies
                .iter()
                .map(|&(name, optional)| Dependency {
                    name: name.to_owned(),
                    kind: "normal".to_owned(),
                    optional,
                    platform: (name == "loom").then(|| "cfg(loom)".to_owned()),
                })
                .collect(),
            features: Vec::new(),
            has_build_script: false,
            targets: Vec::new(),
        }
    }

    fn found(name: &str, dir: &str, dependencies: &[(&str, bool)]) -> usize {
        findings_of(Path::new("/p"), &package(name, dir, dependencies)).len()
    }

    #[test]
    fn gate_finds_a_planted_violation_between_packages() {
        assert_eq!(found("zokio-hal", "hal", &[("zokio-core", false), ("mio", true)]), 0);
        assert_eq!(found("zokio-hal", "hal", &[("zokio-executor-local", true)]), 1);
        assert_eq!(found("zokio-executor-mt", "executor-mt", &[("zokio-executor-local", false)]), 1);
        assert_eq!(found("zokio-core", "core", &[("zokio-macros", true)]), 1);
        assert_eq!(found("zokio-board-x", "boards/x", &[("zokio", false), ("cortex-m", false)]), 0);
        assert_eq!(found("zokio-board-x", "boards/x", &[("zokio-executor-mt", false)]), 1);
        assert_eq!(found("blinky", "examples/firmware/blinky", &[("zokio-macros", false)]), 1);
        assert_eq!(found("zokio-xtask", "xtask", &[("zokio", false)]), 1);
    }

    #[test]
    fn gate_finds_a_planted_violation_among_the_dependencies_of_core() {
        let allowed = [("portable-atomic", false), ("heapless", true), ("loom", false)];
        assert_eq!(found("zokio-core", "core", &allowed), 0);
        assert_eq!(found("zokio-core", "core", &[("heapless", false)]), 1);
        assert_eq!(found("zokio-core", "core", &[("libc", true)]), 1);
    }

    #[test]
    fn gate_finds_a_planted_build_script() {
        let mut package = package("zokio-hal", "hal", &[]);
        package.has_build_script = true;
        assert_eq!(findings_of(Path::new("/p"), &package).len(), 1);
    }

    #[test]
    fn gate_finds_a_planted_tokio_runtime() {
        assert!(tokio_runtime("zokio v0.1.0|default\ntokio v1.54.1|default,io-util\n").is_empty());
        assert_eq!(tokio_runtime("tokio v1.54.1|default,rt,sync (*)\ntokio-util v1|rt").len(), 1);
    }

    #[test]
    fn the_rule_for_tokio_is_read_from_a_real_tree() {
        let workspace = Workspace::find().expect("workspace");
        let tree = Process::cargo(&["tree", "-p", "zokio", "--prefix", "none", "-f", "{p}|{f}"]).dir(&workspace.root);
        let tree = tree.read().expect("cargo tree");
        assert!(tree.lines().any(|line| line.starts_with("zokio-core v") && line.contains('|')), "{tree}");
    }
}
