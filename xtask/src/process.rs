//! One run of another program: its arguments, its time limit, what it printed.
//!
//! Every program that this crate starts has a limit. When it passes, the program and all that it started are ended (a
//! test binary under `cargo` too), and the run counts as failed. Programs stay in the terminal's process group, so that
//! Ctrl-C reaches them.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// Where a line came from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

/// A program about to be run.
pub struct Process {
    command: Command,
    /// The command as a person would type it.
    pub shown: String,
    limit: Duration,
    share: Option<Duration>,
}

/// What became of a run.
#[derive(Debug)]
pub struct Output {
    /// How it ended; `None` when its time was up.
    pub status: Option<ExitStatus>,
    /// Standard output alone.
    pub stdout: String,
    /// Standard output and standard error, in the order in which the lines arrived.
    pub text: String,
    /// The command as a person would type it.
    pub shown: String,
}

/// Why there is no output at all.
#[derive(Debug)]
pub enum Error {
    /// There is no such program on this machine.
    Missing(String),
    /// It could not be started or waited for.
    Failed(String, io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(program) => write!(f, "`{program}` is not installed"),
            Self::Failed(shown, error) => write!(f, "`{shown}`: {error}"),
        }
    }
}

impl From<Error> for String {
    fn from(error: Error) -> Self {
        error.to_string()
    }
}

impl Process {
    /// A program found on the path.
    pub fn new(program: &str) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::null());
        // What `cargo run` tells this program about itself is not for the programs it starts.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            let ours = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY"];
            if ours.iter().any(|prefix| name.starts_with(prefix)) || name == "CARGO" {
                command.env_remove(name);
            }
        }
        Self { command, shown: program.to_owned(), limit: Duration::from_secs(1200), share: None }
    }

    /// Cargo of the current toolchain.
    pub fn cargo(arguments: &[&str]) -> Self {
        Self::new("cargo").args(arguments)
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        for argument in arguments {
            let argument = argument.as_ref();
            let plain = argument.to_string_lossy();
            self.shown.push(' ');
            if plain.contains(' ') || plain.is_empty() {
                self.shown.push_str(&format!("'{plain}'"));
            } else {
                self.shown.push_str(&plain);
            }
            self.command.arg(argument);
        }
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        if name.ends_with("FLAGS") {
            self.shown = format!("{name}='{}' {}", value.as_ref().to_string_lossy(), self.shown);
        }
        self.command.env(name, value);
        self
    }

    /// Takes a variable out of its environment.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Compiles with these flags beside the caller's own `RUSTFLAGS`.
    #[must_use]
    pub fn rustflags(self, flags: &str) -> Self {
        if flags.is_empty() {
            return self;
        }
        let own = std::env::var("RUSTFLAGS").unwrap_or_default();
        self.env("RUSTFLAGS", format!("{own} {flags}").trim())
    }

    /// Runs in this folder.
    #[must_use]
    pub fn dir(mut self, path: &Path) -> Self {
        self.command.current_dir(path);
        self
    }

    /// Puts what cargo builds into this folder.
    #[must_use]
    pub fn target_dir(mut self, path: &Path) -> Self {
        self.command.env("CARGO_TARGET_DIR", path);
        self
    }

    /// Sets the limit.
    #[must_use]
    pub fn limit(mut self, seconds: u64) -> Self {
        self.limit = Duration::from_secs(seconds);
        self
    }

    /// Asks it by SIGUSR1 to end when it has run for so many seconds of a core. What it starts does not count.
    #[must_use]
    pub fn share(mut self, seconds: u64) -> Self {
        self.share = Some(Duration::from_secs(seconds));
        self
    }

    /// Runs it to its end or limit.
    ///
    /// # Errors
    ///
    /// Only where the program could not be started; a failing program is an [`Output`].
    pub fn output(mut self) -> Result<Output, Error> {
        let verbose = std::env::var_os("ZOKIO_XTASK_VERBOSE").is_some();
        let started = Instant::now();
        if verbose {
            println!("   $ {}", self.shown);
        }
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::Missing(self.command.get_program().to_string_lossy().into_owned()),
            _ => Error::Failed(self.shown.clone(), error),
        })?;
        let (sender, lines) = mpsc::channel();
        if let Some(pipe) = child.stdout.take() {
            forward(pipe, Stream::Out, sender.clone());
        }
        if let Some(pipe) = child.stderr.take() {
            forward(pipe, Stream::Err, sender);
        }
        let (mut stdout, mut text) = (String::new(), String::new());
        let mut looked = started;
        let mut keep = |(stream, line): (Stream, String)| {
            if verbose {
                print!("{line}");
                let _ = io::stdout().flush();
            }
            text.push_str(&line);
            if stream == Stream::Out {
                stdout.push_str(&line);
            }
        };
        let status = loop {
            match lines.recv_timeout(Duration::from_millis(20)) {
                Ok(line) => keep(line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_millis(5)),
            }
            if let Some(status) = child.try_wait().map_err(|error| Error::Failed(self.shown.clone(), error))? {
                break Some(status);
            }
            if let Some(share) = self.share
                && looked.elapsed() > Duration::from_millis(500)
            {
                looked = Instant::now();
                if ran(child.id()) >= share {
                    // The shell's own: there need not be another.
                    let _ = Command::new("sh").args(["-c", &format!("kill -USR1 {}", child.id())]).status();
                    self.share = None;
                }
            }
            if started.elapsed() > self.limit {
                end_tree(child.id());
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
        };
        // What is still in the pipes; a descendant that keeps them open is not waited for.
        while let Ok(line) = lines.recv_timeout(Duration::from_millis(500)) {
            keep(line);
        }
        if status.is_none() {
            text.push_str(&format!("ended: the limit of {} s was up\n", self.limit.as_secs()));
        }
        Ok(Output { status, stdout, text, shown: self.shown })
    }

    /// Runs it and returns its standard output.
    ///
    /// # Errors
    ///
    /// Where it could not be started, failed or ran too long.
    pub fn read(self) -> Result<String, String> {
        let output = self.output()?;
        if output.success() { Ok(output.stdout) } else { Err(output.complaint()) }
    }
}

impl Output {
    /// Whether it ended with status 0.
    pub fn success(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// Whether its time was up.
    pub fn timed_out(&self) -> bool {
        self.status.is_none()
    }

    /// The exit status in words.
    pub fn ending(&self) -> String {
        match self.status {
            None => "time is up".to_owned(),
            Some(status) => match status.code() {
                Some(code) => format!("exit status {code}"),
                None => status.to_string(),
            },
        }
    }

    /// All that a reader needs of a failed run.
    pub fn complaint(&self) -> String {
        self.complaint_of(&self.text)
    }

    /// As [`complaint`](Self::complaint), with this of what it printed.
    pub fn complaint_of(&self, text: &str) -> String {
        format!("$ {}\n{text}{}", self.shown, self.ending())
    }
}

/// Sends the lines of a pipe, until it is closed.
fn forward(pipe: impl Read + Send + 'static, stream: Stream, sender: Sender<(Stream, String)>) {
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            if sender.send((stream, String::from_utf8_lossy(&line).into_owned())).is_err() {
                return;
            }
            line.clear();
        }
    });
}

/// How long the processes have run that this one has started, and those that they have started, as far as they have ended;
/// `None` where the system does not say.
pub fn children() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    Some(ticks(&stat, 13))
}

/// Two fields of a process's `stat`, which are hundredths of a second, as its interface fixes them.
fn ticks(stat: &str, first: usize) -> Duration {
    // The name before them may hold anything, parentheses too.
    let fields = stat.rsplit_once(')').map_or("", |rest| rest.1).split_whitespace().skip(first).take(2);
    Duration::from_millis(fields.filter_map(|field| field.parse::<u64>().ok()).sum::<u64>() * 10)
}

/// How long a process has run, the time of its waiting left out: from /proc, or from `ps` where there is none.
fn ran(id: u32) -> Duration {
    match std::fs::read_to_string(format!("/proc/{id}/stat")) {
        Ok(stat) => ticks(&stat, 11),
        Err(_) => {
            let output = Command::new("ps").args(["-o", "time=", "-p", &id.to_string()]).output();
            output.map_or(Duration::ZERO, |output| clock(&String::from_utf8_lossy(&output.stdout)))
        }
    }
}

/// `[[days-]hours:]minutes:seconds`, as `ps` writes them.
fn clock(text: &str) -> Duration {
    let (days, rest) = text.trim().split_once('-').unwrap_or(("0", text.trim()));
    let seconds = rest.split(':').fold(0.0, |sum, part| sum * 60.0 + part.parse::<f64>().unwrap_or(0.0));
    Duration::from_secs_f64(days.parse::<f64>().unwrap_or(0.0) * 86_400.0 + seconds)
}

/// Ends the descendants of a process that this program started, by their ids.
fn end_tree(root: u32) {
    for id in descendants(root, &process_table()) {
        let _ = Command::new("kill").args(["-9", &id.to_string()]).stderr(Stdio::null()).status();
    }
}

/// A line `id parent` for each process: from /proc, or from `ps` where there is none.
fn process_table() -> String {
    let mut table = String::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // `id (name) state parent ...`; a name may hold anything, parentheses too.
        let parent = stat.rsplit_once(')').and_then(|rest| rest.1.split_whitespace().nth(1));
        if let (Some(id), Some(parent)) = (stat.split_whitespace().next(), parent) {
            table.push_str(&format!("{id} {parent}\n"));
        }
    }
    if table.is_empty()
        && let Ok(output) = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output()
    {
        table = String::from_utf8_lossy(&output.stdout).into_owned();
    }
    table
}

/// The descendants of `root` in a table of process and parent ids.
fn descendants(root: u32, table: &str) -> Vec<u32> {
    let pairs: Vec<(u32, u32)> = table
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace().map(str::parse);
            Some((words.next()?.ok()?, words.next()?.ok()?))
        })
        .collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(pairs.iter().filter(|pair| pair.1 == parent && pair.0 != parent).map(|pair| pair.0));
        next += 1;
    }
    found.remove(0);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_keeps_both_streams_and_the_status() {
        let output = Process::new("sh").args(["-c", "echo one; echo two >&2; exit 3"]).output().expect("sh");
        assert_eq!(output.stdout, "one\n");
        assert!(output.text.contains("two\n"));
        assert_eq!(output.ending(), "exit status 3");
        assert!(!output.success());
    }

    #[test]
    fn a_program_that_hangs_is_ended_with_all_that_it_started() {
        let output = Process::new("sh").args(["-c", "sh -c 'echo child $$; exec sleep 1000'; true"]).limit(3).output();
        let output = output.expect("sh");
        assert!(output.timed_out());
        let child = output.stdout.trim().strip_prefix("child ").expect("the child's id");
        // Gone, or dead and not yet collected by whoever adopted it.
        let deadline = Instant::now() + Duration::from_secs(10);
        let gone = || match std::fs::read_to_string(format!("/proc/{child}/stat")) {
            Ok(stat) => stat.rsplit_once(") ").is_none_or(|rest| rest.1.starts_with('Z')),
            Err(_) => true,
        };
        while !gone() {
            assert!(Instant::now() < deadline, "process {child} is still there");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_program_is_asked_to_end_when_its_share_of_a_core_is_used_up() {
        let busy = "trap 'echo asked; exit 0' USR1; echo begun; while :; do :; done";
        let output = Process::new("sh").args(["-c", busy]).share(1).limit(300).output().expect("sh");
        assert!(output.success() && output.stdout == "begun\nasked\n", "{output:?}");
        assert_eq!(clock("1-02:03:04\n"), Duration::from_secs(93_784));
        assert_eq!(clock(" 2:03.5"), Duration::from_millis(123_500));
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = Process::new("no-such-program-of-ours").output().expect_err("there is none");
        assert!(matches!(&error, Error::Missing(name) if name == "no-such-program-of-ours"), "{error}");
    }

    #[test]
    fn descendants_are_found_at_any_depth() {
        assert_eq!(descendants(10, "1 0\n10 1\n11 10\n12 11\n13 1\n"), [11, 12]);
    }
}
