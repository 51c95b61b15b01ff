#![forbid(unsafe_code)]
//! The automation of the project: every gate is a part of this program, and `cargo xtask ci` is all that CI runs.
//!
//! Run it as `cargo xtask PART`. A part prints what it did, what it skipped and how to make that run, and closes with
//! `N passed, N failed, N skipped`.

mod absences;
mod arrows;
mod auto_traits;
mod bench;
mod calibrate;
mod chip;
mod coverage;
mod deep;
mod docs;
mod elf;
mod everywhere;
mod firmware;
mod floors;
mod fmt;
mod fuzz;
mod jobs;
mod kills;
mod ledger;
mod lint;
mod loom;
mod miri;
mod models;
mod modules;
mod mutant;
mod mutants;
mod orderings;
mod places;
mod process;
mod report;
mod same;
mod shuttle;
mod size;
mod source;
mod targets;
mod test;
mod toolchain;
mod unsafe_count;
mod wasm;
mod workers;
mod workspace;

use std::process::ExitCode;

use report::Report;
use workspace::Workspace;

const USAGE: &str = "\
usage: cargo xtask PART

  test         all tests of all tiers: host loom orderings shuttle mutants miri coverage fuzz targets
               firmware everywhere places
  host         unit, contract and doc tests of the workspace, features on and off
  loom         models of the lock-free protocols
  shuttle      more threads than a model can have, in orders drawn at random
  miri         core and executor-local under Miri: both models of aliasing, 16 seeds, two targets; `test` runs less of it;
               words that the names of its runs must contain may follow (`miri i686`, `miri threads tree`)
  mutants      every test that names the change it must catch is seen to catch it; filters may follow
  kills        which models see a change that no other sees: 80 must; a filter of files may follow
  orderings    each atomic ordering of core and executor-local is weakened, and a model sees it; a filter of files may
               follow, and then every package counts: `.rs` is all
  coverage     which lines of core its unit tests run
  fuzz         the targets of the package fuzz, on both back ends; a filter may follow, and --seconds N (of a core, each)
  targets      the no_std crates compile for chips and WASI
  firmware     the images of examples/firmware in an emulator
  everywhere   one program in four places; --seed N repeats a run
  places       tests of core in four places, transcripts compared; core's own tests on 32 bits

  ci           fmt lint arrows size chip docs and test
  fmt lint arrows size docs      (`docs --write` writes the table of Send and Sync anew)
  chip         instructions and bytes on a chip, against benches/chip.toml
  bench        the server against its rivals (arguments go there), instructions on the chip; `bench chip` is those alone;
               `bench calibrate [FILE]` writes what things cost on this machine to a file (target/calibration.toml)
  deep         hours: soak mutants loom orderings kills shuttle miri fuzz, at full measure; what is done stays done for its sources,
               so that it may be ended and begun again; keeps docs/deep-log.md and docs/deep-state.txt. Words that the names
               of its parts must contain may follow, and --minutes N after which none begins, --again for what is done too;
               `deep status` only says how each part stands

environment: CI=1 makes a skip a failure; ZOKIO_XTASK_CORES=N is how many programs run at a time; ZOKIO_XTASK_VERBOSE=1 shows all output as it comes";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let workspace = match Workspace::find() {
        Ok(workspace) => workspace,
        Err(error) => {
            eprintln!("xtask: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut report = Report::new();
    let mut last_word = String::new();
    let report_ref = &mut report;
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["test"] => test::run(&workspace, report_ref),
        ["host"] => test::host(&workspace, report_ref),
        ["loom"] => loom::run(&workspace, report_ref, 2),
        ["shuttle"] => shuttle::run(&workspace, report_ref, shuttle::CI),
        ["coverage"] => coverage::run(&workspace, report_ref),
        ["fuzz", rest @ ..] => match fuzz_arguments(rest) {
            Ok((filter, seconds)) => fuzz::filtered(&workspace, report_ref, filter, seconds),
            Err(error) => {
                eprintln!("xtask: {error}");
                return ExitCode::from(2);
            }
        },
        ["orderings"] => orderings::run(&workspace, report_ref, ""),
        ["orderings", filter] => orderings::run(&workspace, report_ref, filter),
        ["mutants", filters @ ..] => drop(mutants::run(&workspace, report_ref, filters)),
        ["kills"] => drop(kills::run(&workspace, report_ref, "")),
        ["kills", filter] => drop(kills::run(&workspace, report_ref, filter)),
        ["size"] => size::run(&workspace, report_ref),
        ["bench", "calibrate"] => calibrate::run(&workspace, report_ref, None),
        ["bench", "calibrate", file] => calibrate::run(&workspace, report_ref, Some(file)),
        ["bench", arguments @ ..] => bench::run(&workspace, report_ref, arguments),
        ["everywhere"] => last_word = everywhere::run(&workspace, report_ref, None),
        ["everywhere", "--seed", seed] => match seed.parse() {
            Ok(seed) => last_word = everywhere::run(&workspace, report_ref, Some(seed)),
            Err(error) => {
                eprintln!("xtask: --seed {seed}: {error}");
                return ExitCode::from(2);
            }
        },
        ["places"] => last_word = places::run(&workspace, report_ref),
        ["firmware"] => firmware::run(&workspace, report_ref),
        ["chip"] => chip::run(&workspace, report_ref),
        ["deep", rest @ ..] => match deep::Wanted::of(rest) {
            Ok(wanted) => deep::run(&workspace, report_ref, &wanted),
            Err(error) => {
                eprintln!("xtask: {error}");
                return ExitCode::from(2);
            }
        },
        ["miri", filters @ ..] => miri::run(&workspace, report_ref, miri::WIDE, filters),
        ["targets"] => targets::run(&workspace, report_ref),
        ["fmt"] => fmt::run(&workspace, report_ref),
        ["lint"] => lint::run(&workspace, report_ref),
        ["arrows"] => arrows::run(&workspace, report_ref),
        ["docs"] => docs::run(&workspace, report_ref, false),
        ["docs", "--write"] => docs::run(&workspace, report_ref, true),
        ["ci"] => {
            fmt::run(&workspace, report_ref);
            lint::run(&workspace, report_ref);
            arrows::run(&workspace, report_ref);
            size::run(&workspace, report_ref);
            chip::run(&workspace, report_ref);
            docs::run(&workspace, report_ref, false);
            test::run(&workspace, report_ref);
        }
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("xtask: no such part: {}\n{USAGE}", words.join(" "));
            return ExitCode::from(2);
        }
    }
    let code = report.finish();
    if !last_word.is_empty() {
        println!("{last_word}");
    }
    code
}

/// A filter, where there is one, and how long each target runs.
fn fuzz_arguments<'a>(arguments: &[&'a str]) -> Result<(&'a str, u64), String> {
    let (filter, rest) = match arguments {
        [filter, rest @ ..] if !filter.starts_with('-') => (*filter, rest),
        rest => ("", rest),
    };
    match rest {
        [] => Ok((filter, 60)),
        ["--seconds", seconds] => {
            seconds.parse().map(|seconds| (filter, seconds)).map_err(|error| format!("--seconds {seconds}: {error}"))
        }
        _ => Err(format!("fuzz [TARGET] [--seconds N], not `{}`", rest.join(" "))),
    }
}
