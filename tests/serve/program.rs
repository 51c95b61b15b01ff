//! Examples as programs of their own.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
pub const WATCHDOG: Duration = Duration::from_secs(100);

/// Builds the examples, once, for the profile and folder that this test was built for. Cargo has them already where all
/// targets were asked for.
fn example(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        // <target>/<profile>/deps/<this test>
        let this = std::env::current_exe().unwrap();
        let profile = this.ancestors().nth(2).expect("a test is two folders below its profile's").to_owned();
        let target = profile.parent().expect("a profile has a folder");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--examples", "--target-dir"]).arg(target);
        cargo.arg("--manifest-path").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
        match profile.file_name().and_then(|name| name.to_str()).expect("a profile has a name") {
            "debug" => {}
            other => drop(cargo.args(["--profile", other])),
        }
        assert!(cargo.status().expect("cargo runs").success(), "the examples are built");
        profile.join("examples")
    });
    folder.join(name)
}

/// What a program left.
pub struct Ended {
    /// `None`: a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs an example to its end.
pub fn run(name: &str, arguments: &[&str]) -> Ended {
    let output = Command::new(example(name)).args(arguments).output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// An example that runs, and is killed when it is dropped.
pub struct Program {
    child: Mutex<Child>,
    pub address: String,
    /// Its lines, until its output ends.
    lines: Option<Receiver<String>>,
    seen: Mutex<String>,
    errors: Option<JoinHandle<String>>,
}

impl Program {
    /// Starts an example, which says where it listens after `before`.
    pub fn start(name: &str, arguments: &[&str], before: &str) -> Self {
        let mut command = Command::new(example(name));
        let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (tx, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        // Closes the pipe when nobody wants the lines any more.
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).all(|line| tx.send(line).is_ok()));
        let mut stderr = child.stderr.take().unwrap();
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            text
        });
        let mut program = Self {
            child: Mutex::new(child),
            address: String::new(),
            lines: Some(lines),
            seen: Mutex::default(),
            errors: Some(errors),
        };
        program.address = program.wait_for_line(before);
        program
    }

    /// The rest of the line that begins so.
    pub fn wait_for_line(&self, beginning: &str) -> String {
        loop {
            let line = self.lines.as_ref().unwrap().recv_timeout(WATCHDOG).expect("it says something");
            *self.seen.lock().unwrap() += &format!("{line}\n");
            if let Some(rest) = line.strip_prefix(beginning) {
                return rest.to_owned();
            }
        }
    }

    /// Ctrl-C.
    pub fn interrupt(&self) {
        let child = self.child.lock().unwrap().id().to_string();
        // Built into the shell. It fails where the program has ended.
        let _ = Command::new("sh").args(["-c", "kill -INT \"$0\"", &child]).stderr(Stdio::null()).status().unwrap();
    }

    pub fn has_ended(&self) -> bool {
        self.child.lock().unwrap().try_wait().unwrap().is_some()
    }

    /// Reads no more of what it says: its pipe breaks.
    pub fn close_stdout(&mut self) {
        self.lines = None;
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.lock().unwrap().try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < WATCHDOG, "it does not end");
            std::thread::yield_now();
        };
        let mut stdout = std::mem::take(&mut *self.seen.lock().unwrap());
        for line in self.lines.iter().flatten() {
            stdout += &format!("{line}\n");
        }
        let stderr = self.errors.take().unwrap().join().unwrap();
        Ended { code: status.code(), stdout, stderr }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}
