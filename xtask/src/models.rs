//! The models of a package as one program: built once, asked for its models, and run model by model.

use std::path::PathBuf;

use crate::loom;
use crate::mutants;
use crate::process::Process;
use crate::workspace::{Package, Workspace};

/// What the path of a model contains: one of these.
pub const FILTERS: [&str; 2] = ["loom", "models"];

/// The built models of one package.
pub struct Suite {
    /// The package.
    pub package: String,
    /// The paths of its models, as the test harness names them.
    pub names: Vec<String>,
    executable: PathBuf,
    dir: PathBuf,
}

/// Builds the models of every package that has some, and that is wanted.
///
/// # Errors
///
/// Where one does not compile, or has no model: a filter that matches nothing must not look like a proof.
pub fn suites(workspace: &Workspace, wanted: impl Fn(&str) -> bool) -> Result<Vec<Suite>, String> {
    let packages = workspace.packages()?;
    let packages = packages.iter().filter(|package| loom::has_models(package) && wanted(&package.name));
    packages.map(|package| Suite::build(workspace, package)).collect()
}

impl Suite {
    /// Builds the models of a package.
    ///
    /// # Errors
    ///
    /// Where they do not compile, or there is none.
    pub fn build(workspace: &Workspace, package: &Package) -> Result<Self, String> {
        let process = loom::command(package).args(["--no-run"]).target_dir(&loom::target_dir(workspace));
        let built = process.dir(&workspace.root).limit(1800).output()?;
        let path = if built.success() { mutants::executable(&built.text) } else { None };
        let executable = workspace.root.join(path.ok_or_else(|| built.complaint())?);
        let listed = Process::new(&executable.to_string_lossy()).args(["--list"]).limit(60).read()?;
        let names = names(&listed);
        if names.is_empty() {
            return Err(format!("{} has not one model", package.name));
        }
        Ok(Self { package: package.name.clone(), names, executable, dir: package.dir.clone() })
    }

    /// The run of one model. `preemptions` bounds the involuntary switches of an execution.
    pub fn model(&self, name: &str, preemptions: u32) -> Process {
        Process::new(&self.executable.to_string_lossy())
            .args(["--exact", name, "--nocapture"])
            .env("LOOM_MAX_PREEMPTIONS", preemptions.to_string())
            .env("RUST_BACKTRACE", "0")
            .dir(&self.dir)
    }
}

/// The models in what a test program lists.
pub fn names(listed: &str) -> Vec<String> {
    listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .filter(|name| FILTERS.iter().any(|filter| name.contains(filter)))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_told_from_other_tests() {
        let listed = "a::tests::loom::b: test\nc::models::d: test\ne::tests::f: test\ng::models::h: bench\n\n3 tests\n";
        assert_eq!(names(listed), ["a::tests::loom::b", "c::models::d"]);
    }
}
