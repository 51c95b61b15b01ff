//! The tree of the project: its root, where its builds go, its files and its packages.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process::Process;

/// The root of the project and of its builds.
pub struct Workspace {
    /// The folder of the root manifest.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
}

/// A package as its manifest declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// The folder of its manifest.
    pub dir: PathBuf,
    /// What it depends on, of every kind and platform, optional ones included.
    pub dependencies: Vec<Dependency>,
    /// Its features.
    pub features: Vec<String>,
    /// Whether it has a build script.
    pub has_build_script: bool,
    /// Names and kinds of what it builds.
    pub targets: Vec<(String, String)>,
}

/// A declared dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The package depended on.
    pub name: String,
    /// `normal`, `dev` or `build`.
    pub kind: String,
    /// Whether a feature must ask for it.
    pub optional: bool,
    /// The `cfg` or triple under which it applies.
    pub platform: Option<String>,
}

impl Workspace {
    /// Finds the project that this program was built from.
    ///
    /// # Errors
    ///
    /// Where cargo cannot read the manifests.
    pub fn find() -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default();
        let text = Process::cargo(&["metadata", "--format-version=1", "--no-deps"]).dir(&root).limit(120).read()?;
        let json: Value = serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))?;
        let target = json["target_directory"].as_str().ok_or("cargo metadata names no target directory")?;
        Ok(Self { root, target: PathBuf::from(target) })
    }

    /// The packages of the workspace.
    ///
    /// # Errors
    ///
    /// Where cargo cannot read the manifests.
    pub fn packages(&self) -> Result<Vec<Package>, String> {
        packages_of(&self.root)
    }

    /// The folders below `parent` that are packages or workspaces of their own.
    pub fn manifests_below(&self, parent: &str) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = fs::read_dir(self.root.join(parent))
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.join("Cargo.toml").is_file())
            .collect();
        found.sort();
        found
    }

    /// A path as it is written in the project.
    pub fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).to_string_lossy().replace('\\', "/")
    }
}

/// The packages of the workspace that `dir` belongs to.
///
/// # Errors
///
/// Where cargo cannot read the manifests.
pub fn packages_of(dir: &Path) -> Result<Vec<Package>, String> {
    let text = Process::cargo(&["metadata", "--format-version=1", "--no-deps"]).dir(dir).limit(120).read()?;
    let json: Value = serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))?;
    Ok(packages(&json))
}

fn packages(json: &Value) -> Vec<Package> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let string = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    list(&json["packages"])
        .iter()
        .map(|package| {
            let targets: Vec<(String, String)> = list(&package["targets"])
                .iter()
                .map(|target| (string(&target["name"]), string(&target["kind"][0])))
                .collect();
            Package {
                name: string(&package["name"]),
                dir: Path::new(package["manifest_path"].as_str().unwrap_or_default())
                    .parent()
                    .map(Path::to_path_buf)
                    .unwrap_or_default(),
                dependencies: list(&package["dependencies"])
                    .iter()
                    .map(|dependency| Dependency {
                        name: string(&dependency["name"]),
                        kind: dependency["kind"].as_str().unwrap_or("normal").to_owned(),
                        optional: dependency["optional"].as_bool().unwrap_or_default(),
                        platform: dependency["target"].as_str().map(str::to_owned),
                    })
                    .collect(),
                features: package["features"].as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default(),
                has_build_script: targets.iter().any(|target| target.1 == "custom-build"),
                targets,
            }
        })
        .collect()
}

impl Package {
    /// The features under which its tests are compiled on the host: every one that its tests need.
    pub fn test_features(&self) -> String {
        let wanted: &[&str] = match self.name.as_str() {
            "zokio-core" => &["std", "heapless", "futures-core"],
            "zokio-hal" => &["os", "signal", "tokio-io", "hyper", "embedded-io-async"],
            _ => &["std", "os"],
        };
        let there: Vec<&str> =
            wanted.iter().copied().filter(|wanted| self.features.iter().any(|feature| feature == wanted)).collect();
        there.join(",")
    }
}

/// All files below a folder whose name ends so, without build output and hidden folders; sorted.
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if path.is_dir() {
                if name != "target" && !(name.starts_with('.') && name != ".cargo") {
                    folders.push(path);
                }
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_keeps_optional_dependencies_and_build_scripts() {
        let json = serde_json::json!({"packages": [{
            "name": "zokio-core", "manifest_path": "/p/core/Cargo.toml", "features": {"std": []},
            "targets": [{"name": "build-script-build", "kind": ["custom-build"]}],
            "dependencies": [{"name": "loom", "kind": null, "optional": true, "target": "cfg(loom)"}],
        }]});
        let package = packages(&json).remove(0);
        assert!(package.has_build_script);
        assert_eq!(package.dir, Path::new("/p/core"));
        assert_eq!(package.dependencies[0].kind, "normal");
        assert_eq!(package.dependencies[0].platform.as_deref(), Some("cfg(loom)"));
    }

    #[test]
    fn this_project_is_found_with_its_packages() {
        let workspace = Workspace::find().expect("workspace");
        let packages = workspace.packages().expect("packages");
        assert!(packages.iter().any(|package| package.name == "zokio-core"));
        assert!(files(&workspace.root.join("xtask"), ".rs").iter().any(|path| path.ends_with("src/main.rs")));
    }
}
