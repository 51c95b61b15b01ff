//! What the machine offers: rustup targets, the nightly toolchain with Miri, programs; and the line that installs each.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::process::{Error, Process};
use crate::report::Verdict;

/// Targets and programs found to be there in this run, so that each is looked for once.
static KNOWN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Makes a target's standard library available: adds it through rustup where it is not there yet.
///
/// # Errors
///
/// A skip that names the missing target.
pub fn target(triple: &str) -> Result<(), Verdict> {
    once(triple, || {
        if library_is_there(triple) {
            return Ok(());
        }
        let added = Process::new("rustup").args(["target", "add", triple]).limit(600).output();
        match added {
            Ok(output) if output.success() && library_is_there(triple) => Ok(()),
            Ok(output) => Err(format!("target {triple} could not be added: {}", output.text.trim())),
            Err(error) => Err(format!("target {triple} is not there and {error}")),
        }
    })
    .map_err(|why| Verdict::Skipped { why, install: format!("rustup target add {triple}") })
}

fn library_is_there(triple: &str) -> bool {
    Process::new("rustc")
        .args(["--print", "target-libdir", "--target", triple])
        .limit(60)
        .read()
        .is_ok_and(|path| Path::new(path.trim()).is_dir())
}

/// Makes `cargo miri` of the nightly toolchain available: adds toolchain and components where they are not there yet.
///
/// # Errors
///
/// A skip that says how to install them.
pub fn miri() -> Result<(), Verdict> {
    let install = ["toolchain", "install", "nightly", "--profile", "minimal", "-c", "miri", "-c", "rust-src"];
    once("miri", || {
        let works = || {
            let run = Process::new("rustup").args(["run", "nightly", "cargo", "miri", "--version"]).limit(60).output();
            let source = Process::new("rustup")
                .args(["run", "nightly", "rustc", "--print", "sysroot"])
                .limit(60)
                .read()
                .is_ok_and(|path| Path::new(path.trim()).join("lib/rustlib/src/rust/library").is_dir());
            run.is_ok_and(|output| output.success()) && source
        };
        if works() {
            return Ok(());
        }
        match Process::new("rustup").args(install).limit(900).output() {
            Ok(output) if output.success() && works() => Ok(()),
            Ok(output) => Err(format!("nightly with miri could not be installed: {}", output.text.trim())),
            Err(error) => Err(format!("nightly with miri is not there and {error}")),
        }
    })
    .map_err(|why| Verdict::Skipped { why, install: format!("rustup {}", install.join(" ")) })
}

/// Makes `llvm-profdata` and `llvm-cov` of the current toolchain available, and says where they are.
///
/// # Errors
///
/// A skip with the line that installs them.
pub fn llvm_tools() -> Result<PathBuf, Verdict> {
    let folder = || -> Result<PathBuf, String> {
        let library = Process::new("rustc").args(["--print", "target-libdir"]).limit(60).read()?;
        Ok(Path::new(library.trim()).with_file_name("bin"))
    };
    let there = || folder().is_ok_and(|folder| folder.join("llvm-cov").is_file());
    once("llvm-tools", || {
        if there() {
            return Ok(());
        }
        match Process::new("rustup").args(["component", "add", "llvm-tools"]).limit(600).output() {
            Ok(output) if output.success() && there() => Ok(()),
            Ok(output) => Err(format!("llvm-tools could not be added: {}", output.text.trim())),
            Err(error) => Err(format!("llvm-tools are not there and {error}")),
        }
    })
    .and_then(|()| folder())
    .map_err(|why| Verdict::Skipped { why, install: "rustup component add llvm-tools".to_owned() })
}

/// Looks for a program.
///
/// # Errors
///
/// A skip with the line that installs it.
pub fn program(name: &str, install: &str) -> Result<(), Verdict> {
    once(name, || match Process::new(name).args(["--version"]).limit(30).output() {
        Err(Error::Missing(name)) => Err(format!("program {name} is not there")),
        Err(error) => Err(error.to_string()),
        Ok(output) if output.success() => Ok(()),
        Ok(output) => Err(format!("`{name} --version`: {}", output.ending())),
    })
    .map_err(|why| Verdict::Skipped { why, install: install.to_owned() })
}

/// The emulator of the Cortex-M boards.
///
/// # Errors
///
/// A skip with the line that installs it.
pub fn qemu_arm() -> Result<(), Verdict> {
    program("qemu-system-arm", "sudo apt-get install qemu-system-arm   (macOS: brew install qemu)")
}

/// The host of WASI modules.
///
/// # Errors
///
/// A skip with the line that installs it.
pub fn node() -> Result<(), Verdict> {
    program("node", "sudo apt-get install nodejs   (macOS: brew install node)")
}

/// A Linux of 32 bits.
pub const ARM_LINUX: &str = "armv7-unknown-linux-gnueabihf";
/// What runs its programs here, and where its libraries are.
pub const ARM_LINUX_EMULATOR: (&str, &str) = ("qemu-arm-static", "/usr/arm-linux-gnueabihf");
const ARM_LINUX_LINKER: &str = "arm-linux-gnueabihf-gcc";

/// Linker, libraries and emulator of programs for a Linux of 32 bits.
///
/// # Errors
///
/// A skip with the line that installs them.
pub fn arm_linux() -> Result<(), Verdict> {
    target(ARM_LINUX)?;
    program(ARM_LINUX_LINKER, "sudo apt-get install gcc-arm-linux-gnueabihf libc6-dev-armhf-cross")?;
    program(ARM_LINUX_EMULATOR.0, "sudo apt-get install qemu-user-static")
}

/// Cargo told how to link and run them.
pub fn for_arm_linux(cargo: Process) -> Process {
    let (emulator, root) = ARM_LINUX_EMULATOR;
    cargo
        .env("CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER", ARM_LINUX_LINKER)
        .env("CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_RUNNER", format!("{emulator} -L {root}"))
}

/// The target that this machine builds for unless told otherwise.
///
/// # Errors
///
/// Where the compiler does not say.
pub fn host_triple() -> Result<String, String> {
    let version = Process::new("rustc").args(["-vV"]).limit(60).read()?;
    let line = version.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).ok_or_else(|| "rustc -vV names no host".to_owned())
}

fn once(name: &str, look: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let known = |names: &Mutex<BTreeSet<String>>| names.lock().map(|names| names.contains(name)).unwrap_or(false);
    if known(&KNOWN) {
        return Ok(());
    }
    look()?;
    if let Ok(mut names) = KNOWN.lock() {
        names.insert(name.to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_a_skip_with_its_install_line() {
        let verdict = program("no-such-emulator", "apt-get install no-such-emulator").expect_err("there is none");
        assert_eq!(
            verdict,
            Verdict::Skipped {
                why: "program no-such-emulator is not there".to_owned(),
                install: "apt-get install no-such-emulator".to_owned(),
            }
        );
    }

    #[test]
    fn the_target_of_this_machine_is_not_looked_up_as_a_name_that_does_not_exist() {
        assert!(!library_is_there("no-such-target"));
    }
}
