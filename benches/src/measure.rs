//! What is run how often, and what a sample is.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// How long one workload on one rival may take in one round.
const LIMIT: Duration = Duration::from_secs(120);

/// What is run, and how often.
pub struct Plan {
    /// How often all is run.
    pub rounds: usize,
    /// Samples of one workload on one rival in one round, after one that is not counted.
    pub repetitions: usize,
    /// How long an echo is measured.
    pub echo: Duration,
    workloads: &'static [&'static str],
    only: Option<String>,
    rival: Option<String>,
}

impl Plan {
    /// The plan that the arguments ask for, of a program with these workloads.
    ///
    /// # Errors
    ///
    /// Says which argument is not understood.
    pub fn of(workloads: &'static [&'static str], arguments: &[String]) -> Result<Self, String> {
        let mut plan =
            Self { rounds: 5, repetitions: 7, echo: Duration::from_millis(800), workloads, only: None, rival: None };
        let mut rounds = None;
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => {
                    plan = Self { rounds: 2, repetitions: 3, echo: Duration::from_millis(250), ..plan };
                }
                "--rounds" => {
                    let count = words.next().and_then(|word| word.parse().ok()).filter(|&count| count > 0);
                    rounds = Some(count.ok_or("--rounds needs a number that is not zero")?);
                }
                "--only" => {
                    let text = words.next().ok_or("--only needs a part of a workload's name")?;
                    if !workloads.iter().any(|workload| workload.contains(text.as_str())) {
                        return Err(format!("no workload is named like `{text}`: {}", workloads.join(" ")));
                    }
                    plan.only = Some(text.clone());
                }
                "--rival" => {
                    plan.rival = Some(words.next().ok_or("--rival needs a rival's name")?.clone());
                }
                other => return Err(format!("`{other}` is not understood")),
            }
        }
        plan.rounds = rounds.unwrap_or(plan.rounds);
        Ok(plan)
    }

    /// Whether a rival was asked for: all are, unless one is named.
    #[must_use]
    pub fn includes(&self, rival: &str) -> bool {
        self.rival.as_ref().is_none_or(|only| only == rival)
    }

    /// The workloads that were asked for.
    pub fn workloads(&self) -> impl Iterator<Item = &'static str> {
        self.workloads
            .iter()
            .copied()
            .filter(|workload| self.only.as_ref().is_none_or(|only| workload.contains(only.as_str())))
    }
}

/// Wall and CPU time since it was made.
pub struct Stopwatch {
    wall: Instant,
    cpu: Duration,
}

/// What one repetition took.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Wall time of one operation.
    pub ns_per_op: f64,
    /// CPU time of all threads of the process for one operation.
    pub cpu_ns_per_op: f64,
}

impl Stopwatch {
    /// Starts to count.
    pub fn start() -> Self {
        Self { cpu: cpu_time(), wall: Instant::now() }
    }

    /// What so many operations took.
    pub fn stop(self, operations: usize) -> Sample {
        let (wall, cpu) = (self.wall.elapsed(), cpu_time().saturating_sub(self.cpu));
        let per_operation = |time: Duration| time.as_nanos() as f64 / operations as f64;
        Sample { ns_per_op: per_operation(wall), cpu_ns_per_op: per_operation(cpu) }
    }
}

/// CPU time of all threads of this process, user and system.
pub fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Ends the program if the result is not dropped in time: a rival that hangs must not hang the bench.
pub fn watch(workload: &'static str, rival: &'static str) -> Sender<()> {
    let (done, watched) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        if watched.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{workload} on {rival} did not end within {} s", LIMIT.as_secs());
            std::process::exit(1);
        }
    });
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKLOADS: [&str; 3] = ["spawn_many_local", "spawn_remote", "yield_many"];

    fn plan(words: &[&str]) -> Result<Plan, String> {
        Plan::of(&WORKLOADS, &words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn arguments_choose_rounds_and_workloads() {
        let chosen = plan(&["--rounds", "9", "--only", "spawn", "--quick"]).expect("known arguments");
        assert_eq!(chosen.rounds, 9);
        assert_eq!(chosen.repetitions, 3);
        assert_eq!(chosen.workloads().collect::<Vec<_>>(), ["spawn_many_local", "spawn_remote"]);
        assert_eq!(plan(&[]).expect("no arguments").workloads().count(), WORKLOADS.len());
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for words in [&["--rounds"][..], &["--rounds", "0"], &["--only", "nothing"], &["--only"], &["fast"]] {
            assert!(plan(words).is_err(), "{words:?}");
        }
    }
}
