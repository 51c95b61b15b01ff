//! Runs firmware and turns the `defmt` frames that it logs into lines of text: `zokio-decode IMAGE -- EMULATOR ARGUMENTS`.
//!
//! A package of its own, outside of the workspace: the decoder brings more crates than all the rest of the automation.

use std::ffi::OsString;
use std::process::{Command, ExitCode, Stdio};

use defmt_decoder::{DecodeError, Table};

fn main() -> ExitCode {
    match decode() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("zokio-decode: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints each frame of the program's standard output as `LEVEL text`. Answers whether the program succeeded.
fn decode() -> Result<bool, String> {
    let usage = "usage: zokio-decode IMAGE -- EMULATOR ARGUMENTS";
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [image, separator, program, arguments @ ..] = arguments.as_slice() else { return Err(usage.to_owned()) };
    if separator != "--" {
        return Err(usage.to_owned());
    }
    let image = std::fs::read(image).map_err(|error| error.to_string())?;
    let table = Table::parse(&image).map_err(|error| error.to_string())?.ok_or("the image has no log in it")?;
    let run = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let run = run.map_err(|error| format!("{}: {error}", program.to_string_lossy()))?;
    let mut decoder = table.new_stream_decoder();
    decoder.received(&run.stdout);
    loop {
        match decoder.decode() {
            Ok(frame) => {
                let level = frame.level().map_or("-", |level| level.as_str());
                println!("{level} {}", frame.display_message());
            }
            Err(DecodeError::UnexpectedEof) => return Ok(run.status.success()),
            Err(DecodeError::Malformed) => return Err("a frame is damaged".to_owned()),
        }
    }
}
