//! `size`: how much flash and RAM each image takes, and that no image without an operating system holds an allocator.
//!
//! Two proofs of the latter: the `alloc` library is not among what the linker was given, and no symbol of an allocator is
//! in the image, which is not stripped.

use std::fs;
use std::path::Path;

use crate::chip;
use crate::elf::Elf;
use crate::firmware::{self, Image};
use crate::process::Process;
use crate::report::{Report, Verdict};
use crate::toolchain;
use crate::wasm;
use crate::workspace::Workspace;

/// Names that only allocators have, as whole symbols.
const C_ALLOCATORS: &[&str] =
    &["malloc", "calloc", "realloc", "free", "sbrk", "_sbrk", "dlmalloc", "dlfree", "aligned_alloc"];

/// Parts of names that only Rust's allocation has.
const RUST_ALLOCATORS: &[&str] =
    &["__rust_alloc", "__rust_dealloc", "__rust_realloc", "__rust_no_alloc", "__rg_", "__rdl_", "dlmalloc"];

/// Runs the part.
pub fn run(workspace: &Workspace, report: &mut Report) {
    report.part("size", |report| match firmware::images(workspace) {
        Ok(images) => {
            for image in images {
                report.step(&format!("{} ({}): size, no allocator", image.binary, image.triple), || {
                    weigh(workspace, &image).unwrap_or_else(|verdict| verdict)
                });
            }
        }
        Err(error) => drop(report.step("size", || Verdict::failed(error))),
    });
    report.part("size of a task", |report| chip::blinky(workspace, report));
}

fn weigh(workspace: &Workspace, image: &Image) -> Result<Verdict, Verdict> {
    toolchain::target(&image.triple)?;
    let linked = link(workspace, image)?;
    let path = firmware::build(workspace, image, firmware::BackEnd::Own)?;
    let failed = |error: String| Verdict::failed(format!("{}: {error}", path.display()));
    let bytes = fs::read(&path).map_err(|error| failed(error.to_string()))?;
    let (symbols, note) = if image.triple.starts_with("wasm") {
        (wasm::function_names(&bytes).map_err(failed)?, format!("{} B of module", bytes.len()))
    } else {
        let elf = Elf::read(&bytes).map_err(failed)?;
        let note = format!("flash {} B, RAM {} B", elf.flash(), elf.ram());
        (elf.symbols, note)
    };
    if symbols.is_empty() {
        return Err(failed("no symbols: a stripped image proves nothing".to_owned()));
    }
    let mut findings = allocator_symbols(&symbols);
    findings.extend(linked_alloc(&linked));
    Ok(Verdict::of_findings(1, note, findings.iter().map(|finding| format!("{}: {finding}", image.binary)).collect()))
}

/// Links an image without link-time optimization, which would hide the libraries it takes in, and returns the arguments
/// that the linker was given.
fn link(workspace: &Workspace, image: &Image) -> Result<String, Verdict> {
    let target = workspace.target.join("firmware-linked");
    let cargo = |arguments: &[&str]| Process::cargo(arguments).dir(&image.dir).target_dir(&target);
    // The arguments are printed only by a compiler that runs.
    let clean = cargo(&["clean", "--release", "--quiet", "-p", &image.package, "--target", &image.triple]);
    let linked = clean.limit(60).output().and_then(|_| {
        cargo(&["rustc", "--release", "--quiet", "--target", &image.triple, "--bin", &image.binary])
            .args(["--", "--print", "link-args"])
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .output()
    });
    match linked {
        Ok(output) if output.success() => Ok(output.stdout),
        Ok(output) => Err(Verdict::failed(output.complaint())),
        Err(error) => Err(Verdict::failed(error.to_string())),
    }
}

/// Findings in the arguments of a linker.
fn linked_alloc(arguments: &str) -> Vec<String> {
    let files: Vec<&str> = arguments
        .split([' ', '"', ',', '{', '}'])
        .filter_map(|argument| Path::new(argument).file_name()?.to_str())
        .collect();
    if !files.iter().any(|name| name.starts_with("libcore-")) {
        return vec!["the linker's arguments were not printed".to_owned()];
    }
    files
        .iter()
        .filter(|name| ["liballoc-", "libstd-", "liballoc.rlib"].iter().any(|start| name.starts_with(start)))
        .map(|name| format!("{name} is linked"))
        .collect()
}

/// Symbols that only an allocator has.
fn allocator_symbols(symbols: &[String]) -> Vec<String> {
    symbols
        .iter()
        .filter(|name| C_ALLOCATORS.contains(&name.as_str()) || RUST_ALLOCATORS.iter().any(|part| name.contains(part)))
        .map(|name| format!("symbol `{name}`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gate_finds_a_planted_library() {
        let fine = "\"rust-lld\" \"/x/libcore-0a.rlib\" \"/x/libcompiler_builtins-0b.rlib\" \"app.o\"";
        assert!(linked_alloc(fine).is_empty());
        assert_eq!(linked_alloc(&format!("{fine} \"/x/liballoc-0c.rlib\"")).len(), 1);
        assert_eq!(linked_alloc("\"/x/{libcore-0a,liballoc-0c}.rlib\"").len(), 1);
        assert_eq!(linked_alloc("").len(), 1);
    }

    #[test]
    fn gate_finds_planted_symbols() {
        let names =
            |names: &[&str]| allocator_symbols(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).len();
        assert_eq!(names(&["main", "core::panicking::panic", "free_slot", "_ZN5arena8allocate"]), 0);
        assert_eq!(names(&["_RNvCs1_7___rustc12___rust_alloc", "__rg_alloc", "malloc", "free", "dlmalloc"]), 5);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn gate_finds_the_allocator_of_this_program() {
        let elf = Elf::read(&fs::read(std::env::current_exe().expect("path")).expect("file")).expect("an image");
        assert!(!allocator_symbols(&elf.symbols).is_empty());
    }
}
