//! `firmware`: the images of `examples/firmware`, built and run in an emulator; each ends itself with its verdict.

use std::fs;
use std::path::{Path, PathBuf};

use crate::everywhere;
use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::toolchain;
use crate::workspace::{Package, Workspace, packages_of};

/// An image: the binary of a package outside of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The folder of its package.
    pub dir: PathBuf,
    /// The package's name.
    pub package: String,
    /// The binary's name.
    pub binary: String,
    /// The target it is built for, as the package's own `.cargo/config.toml` says.
    pub triple: String,
}

/// The images of the project.
///
/// # Errors
///
/// Where a manifest cannot be read or a package does not say its target.
pub fn images(workspace: &Workspace) -> Result<Vec<Image>, String> {
    let mut images = Vec::new();
    for dir in workspace.manifests_below("examples/firmware") {
        for package in packages_of(&dir)? {
            images.extend(images_of(&package, &dir)?);
        }
    }
    Ok(images)
}

fn images_of(package: &Package, dir: &Path) -> Result<Vec<Image>, String> {
    let config = fs::read_to_string(dir.join(".cargo/config.toml")).unwrap_or_default();
    let triple =
        triple(&config).ok_or_else(|| format!("{}: .cargo/config.toml names no build target", dir.display()))?;
    let binaries = package.targets.iter().filter(|target| target.1 == "bin");
    Ok(binaries
        .map(|target| Image {
            dir: dir.to_path_buf(),
            package: package.name.clone(),
            binary: target.0.clone(),
            triple: triple.clone(),
        })
        .collect())
}

/// The target that a cargo configuration builds for.
pub fn triple(config: &str) -> Option<String> {
    config
        .lines()
        .find_map(|line| line.trim().strip_prefix("target")?.trim_start().strip_prefix('='))
        .map(|value| value.split('#').next().unwrap_or_default().trim().trim_matches('"').to_owned())
}

/// How tasks and queues of an image exclude interrupts: `core` has two back ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackEnd {
    /// The one that the image's own configuration names.
    Own,
    /// Compare-and-swap, which is what a build without flags has.
    LockFree,
}

/// Builds an image for release.
///
/// # Errors
///
/// The verdict of a build that failed or of a target that is not there.
pub fn build(workspace: &Workspace, image: &Image, back_end: BackEnd) -> Result<PathBuf, Verdict> {
    toolchain::target(&image.triple)?;
    let process = Process::cargo(&["build", "--release", "--quiet", "--target", &image.triple, "--bin", &image.binary]);
    // The caller's flags would take the place of the image's own.
    let (target, process) = match back_end {
        BackEnd::Own => (workspace.target.join("firmware"), process.without("RUSTFLAGS")),
        BackEnd::LockFree => (workspace.target.join("firmware-lock-free"), process.env("RUSTFLAGS", "")),
    };
    match process.dir(&image.dir).target_dir(&target).output() {
        Ok(output) if output.success() => Ok(binary(&target, image)),
        Ok(output) => Err(Verdict::failed(output.complaint())),
        Err(error) => Err(Verdict::failed(error.to_string())),
    }
}

/// Where cargo puts an image below a target folder.
pub fn binary(target: &Path, image: &Image) -> PathBuf {
    let name = if image.triple.starts_with("wasm") { format!("{}.wasm", image.binary) } else { image.binary.clone() };
    target.join(&image.triple).join("release").join(name)
}

/// The emulator with an image, and with the arguments that the image reads by semihosting. One instruction is 64 ns of
/// its clock and sleep is skipped, so that every run is the same and takes no longer than its instructions.
pub fn emulator(path: &Path, arguments: &[&str]) -> Process {
    let mut semihosting = "enable=on,target=native".to_owned();
    for argument in arguments {
        semihosting.push_str(&format!(",arg={argument}"));
    }
    Process::new(EMULATOR)
        .args(BOARD)
        .args(["-icount", "shift=6,align=off,sleep=off", "-semihosting-config", &semihosting, "-kernel"])
        .args([path])
        .limit(120)
}

const EMULATOR: &str = "qemu-system-arm";
const BOARD: [&str; 7] = ["-M", "lm3s6965evb", "-nographic", "-monitor", "none", "-serial", "none"];

/// Runs an image that logs frames, and compares what they say with the texts beside it.
fn decoded(workspace: &Workspace, path: &Path, expected: &str) -> Verdict {
    let decoder = Process::cargo(&["build", "--release", "--quiet"])
        .target_dir(&workspace.target.join("decode"))
        .dir(&workspace.root.join("xtask/decode"));
    match decoder.output() {
        Ok(output) if output.success() => {}
        Ok(output) => return Verdict::failed(output.complaint()),
        Err(error) => return Verdict::failed(error.to_string()),
    }
    let run = Process::new(&workspace.target.join("decode/release/zokio-decode").to_string_lossy())
        .args([path])
        .args(["--", EMULATOR])
        .args(BOARD)
        .args(["-icount", "shift=6,align=off,sleep=off"])
        .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
        .args([path])
        .limit(120);
    match run.output() {
        Ok(output) if output.success() && output.stdout.trim() == expected.trim() => {
            Verdict::passed(format!("{} frames", expected.trim().lines().count()))
        }
        Ok(output) => Verdict::failed(format!("{}\nthe log must say\n{expected}", output.complaint())),
        Err(error) => Verdict::failed(error.to_string()),
    }
}

/// Runs the part.
pub fn run(workspace: &Workspace, report: &mut Report) {
    report.part("firmware", |report| {
        let images = match images(workspace) {
            Ok(images) => images,
            Err(error) => {
                report.step("firmware", || Verdict::failed(error));
                return;
            }
        };
        for image in &images {
            report
                .step(&format!("{} ({}) runs", image.binary, image.triple), || run_one(workspace, image, BackEnd::Own));
        }
        for image in images.iter().filter(|image| !image.triple.starts_with("wasm")) {
            report.step(&format!("{} ({}) runs, lock-free", image.binary, image.triple), || {
                run_one(workspace, image, BackEnd::LockFree)
            });
        }
        report.step("tests of zokio-hal in a WASI host", || wasi_tests(workspace));
    });
}

fn run_one(workspace: &Workspace, image: &Image, back_end: BackEnd) -> Verdict {
    let path = match build(workspace, image, back_end) {
        Ok(path) => path,
        Err(verdict) => return verdict,
    };
    let wasm = image.triple.starts_with("wasm");
    if let Err(skip) = if wasm { toolchain::node() } else { toolchain::qemu_arm() } {
        return skip;
    }
    if let Ok(expected) = fs::read_to_string(image.dir.join("expected.txt")) {
        let expected = if back_end == BackEnd::Own { expected } else { lock_free(&expected) };
        return decoded(workspace, &path, &expected);
    }
    let process = if wasm { everywhere::wasi(workspace, &path) } else { emulator(&path, &["fw"]) };
    match process.output() {
        Ok(output) if output.success() => {
            Verdict::passed(output.stdout.lines().last().unwrap_or_default().trim().to_owned())
        }
        Ok(output) => Verdict::failed(output.complaint()),
        Err(error) => Verdict::failed(error.to_string()),
    }
}

/// What the log says where tasks and queues use compare-and-swap.
fn lock_free(expected: &str) -> String {
    expected.replace("unicore", "lock-free")
}

/// The unit tests of `hal` where `poll_oneoff` is: those of its clock and its waiting exist nowhere else.
fn wasi_tests(workspace: &Workspace) -> Verdict {
    if let Err(skip) = toolchain::target("wasm32-wasip1").and_then(|()| toolchain::node()) {
        return skip;
    }
    let host = format!("node --no-warnings {}", workspace.root.join("xtask/hosts/wasi.mjs").display());
    let process = Process::cargo(&["test", "--target", "wasm32-wasip1", "-p", "zokio-hal", "--lib"])
        .args(["--features", "std,wasi"])
        .env("CARGO_TARGET_WASM32_WASIP1_RUNNER", host)
        .target_dir(&workspace.target.join("firmware"))
        .dir(&workspace.root);
    Verdict::of_tests(process.output())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_of_an_image_is_read_from_its_configuration() {
        let config = "[target.'cfg(all())']\nrunner = \"q\"\n[build]\ntarget = \"thumbv7m-none-eabi\" # the chip\n";
        assert_eq!(triple(config).as_deref(), Some("thumbv7m-none-eabi"));
        assert_eq!(triple("[build]\n"), None);
    }

    #[test]
    fn arguments_reach_the_semihosting_command_line() {
        let shown = emulator(Path::new("image"), &["fw", "7"]).shown;
        assert!(shown.contains("enable=on,target=native,arg=fw,arg=7 -kernel image"), "{shown}");
    }
}
