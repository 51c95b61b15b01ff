//! `orderings`: each atomic ordering of the sources is weakened by one step, and a model must see it.
//!
//! The sources say which orderings there are: every `Ordering::` but `Relaxed` outside of tests and of the single-core back
//! ends. `zokio_core::atomic` is loom's atomics with a hook (`core/src/atomic/model.rs`), so that one build of a package's
//! models does for all: a first run of each model writes down which places it reaches, and then, place by place, the
//! models that reach it run with that one ordering weakened, the fastest first, until one fails. A place is killed when
//! each of its weakenings made a model fail. A place that no model reaches survives, and so does one for whose survival
//! there is a good reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, Instant};

use crate::floors;
use crate::models::{self, Suite};
use crate::modules;
use crate::report::{Report, Verdict, seconds};
use crate::source::{self, words};
use crate::workers;
use crate::workspace::Workspace;

/// Of all places of a gated package so many percent must be killed.
const AT_LEAST: f64 = 95.0;

/// The filter that every file passes.
pub const EVERY: &str = ".rs";

/// Packages whose share is a gate. Those of the others are printed when they are asked for.
const GATED: &[&str] = &["zokio-core", "zokio-executor-local"];

/// A run of a weakened model ends after this: a model that then goes on for ever was not seen to fail.
const LIMIT: u64 = 60;

/// An argument of an atomic operation that is stronger than `Relaxed`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Site {
    /// `file:line:column` of the operation, as the compiler names it.
    place: String,
    /// Which ordering of the operation: 1 is the one of a failed exchange.
    argument: usize,
    operation: String,
    ordering: String,
}

impl Site {
    /// What it is replaced by, one at a time: one step weaker. `None` is a fence left out.
    fn weaker(&self) -> &'static [&'static str] {
        let reads = self.operation == "load" || self.argument == 1;
        match (self.operation.as_str(), self.ordering.as_str()) {
            (_, "SeqCst") if reads => &["Acquire"],
            ("store", "SeqCst") => &["Release"],
            (_, "SeqCst") => &["AcqRel"],
            (_, "AcqRel") => &["Acquire", "Release"],
            ("fence", _) => &["None"],
            _ => &["Relaxed"],
        }
    }
}

/// What became of one weakening.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// By this model, the so-manieth that was tried.
    Killed(String, usize),
    /// By none of so many.
    Survived(usize),
    Unreached,
}

/// Runs the part: on the gated packages, or where there is a `filter` on the places whose file contains it, in any package;
/// all do so contain `.rs`.
pub fn run(workspace: &Workspace, report: &mut Report, filter: &str) {
    report.part("orderings", |report| {
        let wanted = |package: &str| !filter.is_empty() || GATED.contains(&package);
        let mut suites = Vec::new();
        if !report.step("models are built", || match models::suites(workspace, wanted) {
            Ok(built) => {
                suites = built;
                Verdict::passed("")
            }
            Err(error) => Verdict::failed(error),
        }) {
            return;
        }
        let mut reached = BTreeMap::new();
        if !report.step("places that each model reaches", || match reach(workspace, &suites) {
            Ok(found) => {
                reached = found;
                Verdict::passed(format!("{} places", reached.len()))
            }
            Err(error) => Verdict::failed(error),
        }) {
            return;
        }
        for suite in &suites {
            report.step(&format!("orderings of {}", suite.package), || {
                let sites: Vec<Site> = match sites_of(workspace, &suite.package, &reached) {
                    Ok(sites) => sites.into_iter().filter(|site| site.place.contains(filter)).collect(),
                    Err(error) => return Verdict::failed(error),
                };
                let gated = (filter.is_empty() || filter == EVERY) && GATED.contains(&suite.package.as_str());
                if gated && sites.is_empty() {
                    return Verdict::failed("not one place was found");
                }
                let gate = gated.then(|| floors::floor(workspace, &format!("orderings {}", suite.package)));
                judge(&suites, &sites, &reached, gate)
            });
        }
    });
}

/// Each weakening, of every package that has models, with the models of its package that see it: one, or the first two.
///
/// # Errors
///
/// Where models do not compile or fail as they are.
pub fn seen_by(workspace: &Workspace) -> Result<Vec<(String, String, Vec<String>)>, String> {
    let suites = models::suites(workspace, |_| true)?;
    let reached = reach(workspace, &suites)?;
    let mut seen = Vec::new();
    for (at, suite) in suites.iter().enumerate() {
        let sites = sites_of(workspace, &suite.package, &reached)?;
        let jobs: Vec<(&Site, &str)> =
            sites.iter().flat_map(|site| site.weaker().iter().map(move |weaker| (site, *weaker))).collect();
        seen.extend(workers::each(&jobs, |&(site, weaker)| {
            let models = reached.get(&(site.place.clone(), site.argument)).into_iter().flatten();
            let own = models.filter(|model| model.0 == at);
            let by = own.filter(|(_, name, _)| sees(suite, name, site, weaker)).map(|model| model.1.clone());
            (suite.package.clone(), format!("{}: {} => {weaker}", site.place, site.ordering), by.take(2).collect())
        }));
    }
    Ok(seen)
}

/// Whether a model fails where a place is weakened.
fn sees(suite: &Suite, name: &str, site: &Site, weaker: &str) -> bool {
    let plan = format!("{} {} {weaker}", site.place, site.argument);
    let run = suite.model(name, 2).env("ZOKIO_WEAKEN", &plan).limit(LIMIT).output();
    run.is_ok_and(|output| !output.success() && !output.timed_out())
}

/// A model: its suite, its name, the time it takes.
type Model = (usize, String, Duration);

/// The models that reach each place and argument, fastest first.
type Reached = BTreeMap<(String, usize), Vec<Model>>;

/// Runs each model once.
fn reach(workspace: &Workspace, suites: &[Suite]) -> Result<Reached, String> {
    let folder = workspace.target.join("orderings");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let jobs: Vec<(usize, &str)> = suites
        .iter()
        .enumerate()
        .flat_map(|(at, suite)| suite.names.iter().map(move |name| (at, name.as_str())))
        .collect();
    let ran = workers::each(&jobs, |&(at, name)| -> Result<(String, Duration), String> {
        let path = folder.join(format!("{at}-{}", name.replace("::", "-")));
        let _ = fs::remove_file(&path);
        let started = Instant::now();
        suites[at].model(name, 2).env("ZOKIO_SITES", &path).limit(300).read()?;
        Ok((fs::read_to_string(&path).unwrap_or_default(), started.elapsed()))
    });
    let mut reached = Reached::new();
    for (&(suite, name), ran) in jobs.iter().zip(ran) {
        let (text, elapsed) = ran?;
        for line in text.lines() {
            if let [place, _, argument, _] = line.split(' ').collect::<Vec<_>>().as_slice()
                && let Ok(argument) = argument.parse()
            {
                let models = reached.entry(((*place).to_owned(), argument)).or_default();
                models.push((suite, name.to_owned(), elapsed));
            }
        }
    }
    for models in reached.values_mut() {
        models.sort_by_key(|model| model.2);
    }
    Ok(reached)
}

/// The places of a package, by its sources.
///
/// # Errors
///
/// Where the compiler names a place that is no call in the sources: then the places of both are not the same.
fn sites_of(workspace: &Workspace, package: &str, reached: &Reached) -> Result<Vec<Site>, String> {
    let packages = workspace.packages()?;
    let package = packages.iter().find(|there| there.name == package).ok_or("no such package")?;
    let (mut sites, mut calls, mut files) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for (path, context) in modules::contexts(&package.dir.join("src/lib.rs")) {
        if source::is_test_context(&context) || only_elsewhere(&context) {
            continue;
        }
        let file = workspace.relative(&path);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let code = source::without_tests(&source::code(&text));
        let code = source::without(&code, |attribute| attribute.starts_with("#[cfg(") && only_elsewhere(attribute));
        let found = orderings(&file, &code);
        calls.extend(found.iter().map(|site| site.place.clone()));
        sites.extend(found.into_iter().filter(|site| site.ordering != "Relaxed"));
        files.insert(file);
    }
    let strange = reached.keys().map(|key| &key.0).find(|place| {
        let file = place.split(':').next().unwrap_or_default();
        files.contains(file) && !calls.contains(*place) && !in_tests(workspace, place)
    });
    match strange {
        Some(place) => Err(format!("{place}: an atomic operation whose ordering is not written out in its call")),
        None => Ok(sites),
    }
}

/// Whether a module or an item is compiled only where there are no models (single-core back ends, chips), or is what models are made of.
fn only_elsewhere(context: &str) -> bool {
    let context = context.replace("not(zokio_unicore)", "").replace("not(all(zokio_unicore,not(loom)))", "");
    context.contains("zokio_unicore") || context.contains("not(loom)") || context.contains("cfg(loom)")
}

/// Whether a place is in the tests of its file.
fn in_tests(workspace: &Workspace, place: &str) -> bool {
    let mut words = place.split(':');
    let (file, line) = (words.next().unwrap_or_default(), words.next().and_then(|line| line.parse::<usize>().ok()));
    let text = fs::read_to_string(workspace.root.join(file)).unwrap_or_default();
    let code = source::without_tests(&source::code(&text));
    line.is_some_and(|line| code.lines().nth(line - 1).is_none_or(|line| line.trim().is_empty()))
}

/// The orderings that are written out in a file, with the calls they are arguments of. Takes code without tests.
fn orderings(file: &str, code: &str) -> Vec<Site> {
    let bytes = code.as_bytes();
    let mut found: Vec<Site> = Vec::new();
    for (at, _) in code.match_indices("Ordering::") {
        let Some((_, ordering)) = words(&code[at..]).nth(1) else { continue };
        if !["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"].contains(&ordering) {
            continue;
        }
        let Some(open) = opening(bytes, at) else { continue };
        let mut start = open;
        while start > 0 && source::is_word(bytes[start - 1]) {
            start -= 1;
        }
        let operation = code[start..open].to_owned();
        // A function is named by the whole of its path, a method by its own name.
        while start > 0 && (source::is_word(bytes[start - 1]) || bytes[start - 1] == b':') {
            start -= 1;
        }
        if operation.is_empty() {
            continue;
        }
        let line_start = code[..start].rfind('\n').map_or(0, |at| at + 1);
        let column = code[line_start..start].chars().count() + 1;
        let place = format!("{file}:{}:{column}", source::line_of(code, start));
        let argument = found.iter().filter(|site| site.place == place).count();
        found.push(Site { place, argument, operation, ordering: ordering.to_owned() });
    }
    found
}

/// The parenthesis that is open at a place.
fn opening(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0usize;
    while at > 0 {
        at -= 1;
        match bytes[at] {
            b')' | b']' | b'}' => depth += 1,
            b'(' if depth == 0 => return Some(at),
            b'(' | b'[' | b'{' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

/// Weakens each place, prints what became of it, and holds the share of the killed against the gate.
fn judge(suites: &[Suite], sites: &[Site], reached: &Reached, gate: Option<Option<f64>>) -> Verdict {
    let started = Instant::now();
    let jobs: Vec<(&Site, &str)> =
        sites.iter().flat_map(|site| site.weaker().iter().map(move |weaker| (site, *weaker))).collect();
    let fates = workers::each(&jobs, |&(site, weaker)| {
        let Some(models) = reached.get(&(site.place.clone(), site.argument)) else { return Fate::Unreached };
        for (tried, (suite, name, _)) in models.iter().enumerate() {
            if sees(&suites[*suite], name, site, weaker) {
                return Fate::Killed(name.clone(), tried + 1);
            }
        }
        Fate::Survived(models.len())
    });
    let mut alive = BTreeSet::new();
    for ((site, weaker), fate) in jobs.iter().zip(&fates) {
        let told = match fate {
            Fate::Killed(model, tried) => format!("killed by {model} ({tried} tried)"),
            Fate::Survived(tried) => format!("SURVIVED {tried} models"),
            Fate::Unreached => "UNREACHED by any model".to_owned(),
        };
        println!("   {}: {} {} => {weaker}: {told}", site.place, site.operation, site.ordering);
        if !matches!(fate, Fate::Killed(..)) {
            alive.insert(*site);
        }
    }
    share(sites.len(), &alive, fates.len(), gate, started.elapsed())
}

fn share(sites: usize, alive: &BTreeSet<&Site>, runs: usize, gate: Option<Option<f64>>, elapsed: Duration) -> Verdict {
    let killed = sites - alive.len();
    let percent = if sites == 0 { 100.0 } else { 100.0 * killed as f64 / sites as f64 };
    let note = format!("{killed} of {sites} places killed: {percent:.1} %; {runs} weakenings in {}", seconds(elapsed));
    let findings = || {
        let told = |site: &&Site| {
            format!("{}: {} {} can be weakened and no model sees it", site.place, site.operation, site.ordering)
        };
        alive.iter().map(told).collect()
    };
    match gate {
        Some(floor) => floors::judge(percent, AT_LEAST, floor, (killed, alive.len()), note, findings),
        None => Verdict::Passed(killed, note),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "fn f(&self) {\n    self.a.load(Ordering::Acquire);\n    self.b\n        .compare_exchange(x(1), 2, Ordering::AcqRel, Ordering::Acquire);\n    atomic::fence(Ordering::SeqCst); a.cmp(b) == Ordering::Less;\n    c.store(1, Ordering::Relaxed);\n}\n";

    #[test]
    fn places_are_those_that_the_compiler_names() {
        let found = orderings("a.rs", TEXT);
        let rows: Vec<_> = found
            .iter()
            .map(|site| (site.place.as_str(), site.argument, site.operation.as_str(), site.ordering.as_str()))
            .collect();
        assert_eq!(
            rows,
            [
                ("a.rs:2:12", 0, "load", "Acquire"),
                ("a.rs:4:10", 0, "compare_exchange", "AcqRel"),
                ("a.rs:4:10", 1, "compare_exchange", "Acquire"),
                ("a.rs:5:5", 0, "fence", "SeqCst"),
                ("a.rs:6:7", 0, "store", "Relaxed"),
            ]
        );
        let weaker: Vec<_> = found.iter().map(Site::weaker).collect();
        assert_eq!(weaker[..4], [&["Relaxed"][..], &["Acquire", "Release"], &["Relaxed"], &["AcqRel"]]);
    }

    #[test]
    fn single_core_back_ends_do_not_count() {
        assert!(only_elsewhere("#[cfg(zokio_unicore)]"));
        assert!(only_elsewhere("#[cfg(not(loom))]"));
        assert!(only_elsewhere("#[cfg(loom)]"));
        assert!(!only_elsewhere("#[cfg(not(zokio_unicore))]#[cfg(feature=\"std\")]"));
    }

    #[test]
    fn gate_finds_survivors() {
        let sites = orderings("a.rs", TEXT);
        let alive: BTreeSet<&Site> = sites.iter().take(1).collect();
        let elapsed = Duration::from_secs(1);
        assert!(
            matches!(share(10, &alive, 12, Some(None), elapsed), Verdict::Failed(9, 1, why) if why.contains("a.rs:2:12"))
        );
        assert!(matches!(share(10, &alive, 12, None, elapsed), Verdict::Passed(9, _)));
        assert!(matches!(share(20, &alive, 22, Some(None), elapsed), Verdict::Passed(19, _)));
    }
}
