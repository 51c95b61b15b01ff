//! What stands in the parentheses of the attribute.

use proc_macro::{Span, TokenStream, TokenTree};

use crate::expand::Kind;
use crate::function::ungroup;
use crate::report::Report;
use crate::value;

/// Which runtime is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavor {
    MultiThread,
    CurrentThread,
    Local,
}

/// Where the order of a run comes from.
pub(crate) enum Seed {
    /// The literal as the user wrote it.
    Given(TokenTree),
    /// Another one in each run.
    Random(Span),
}

/// What is done where a task panics.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Panic {
    Ignore,
    ShutdownRuntime,
}

/// The options, read and checked.
pub(crate) struct Options {
    pub(crate) flavor: Flavor,
    /// The literal as the user wrote it.
    pub(crate) worker_threads: Option<TokenTree>,
    /// The word `true` or `false` as the user wrote it.
    pub(crate) start_paused: Option<TokenTree>,
    /// The literal as the user wrote it.
    pub(crate) name: Option<TokenTree>,
    pub(crate) seed: Option<Seed>,
    pub(crate) unhandled_panic: Option<(Panic, Span)>,
    pub(crate) krate: Option<TokenStream>,
}

/// What goes together is said once all of them are known, about the option that must go.
#[derive(Default)]
struct Places {
    flavor: Option<Span>,
    worker_threads: Option<Span>,
    start_paused: Option<Span>,
    seed: Option<Span>,
    unhandled_panic: Option<Span>,
}

impl Options {
    /// What holds where nothing is said.
    pub(crate) fn defaults(kind: Kind) -> Self {
        let flavor = match kind {
            Kind::Main => Flavor::MultiThread,
            Kind::Test => Flavor::CurrentThread,
        };
        Self {
            flavor,
            worker_threads: None,
            start_paused: None,
            name: None,
            seed: None,
            unhandled_panic: None,
            krate: None,
        }
    }

    /// Reads `key = value, ...`.
    pub(crate) fn read(kind: Kind, tokens: TokenStream) -> Result<Self, Report> {
        let mut options = Self::defaults(kind);
        let mut places = Places::default();
        let mut seen: Vec<String> = Vec::new();
        let mut tokens = tokens.into_iter();
        while let Some(token) = tokens.next() {
            let TokenTree::Ident(key) = token else {
                return Err(Report::new(token.span(), format!("expected the name of an option, found `{token}`")));
            };
            let (name, at) = (key.to_string(), key.span());
            if seen.contains(&name) {
                return Err(Report::new(at, format!("`{name}` is given twice")));
            }
            match tokens.next() {
                Some(TokenTree::Punct(equals)) if equals.as_char() == '=' => {}
                _ => return Err(Report::new(at, format!("expected `{name} = <value>`"))),
            }
            let Some(value) = tokens.next().map(ungroup) else {
                return Err(Report::new(at, format!("expected `{name} = <value>`")));
            };
            options.set(&mut places, &name, at, value)?;
            seen.push(name);
            match tokens.next() {
                None => break,
                Some(TokenTree::Punct(comma)) if comma.as_char() == ',' => {}
                Some(other) => return Err(Report::new(other.span(), format!("expected `,`, found `{other}`"))),
            }
        }
        options.check(kind, &places)?;
        Ok(options)
    }

    fn set(&mut self, places: &mut Places, name: &str, at: Span, value: TokenTree) -> Result<(), Report> {
        match name {
            "flavor" => {
                self.flavor = flavor(&value)?;
                places.flavor = Some(value.span());
            }
            "worker_threads" => {
                self.worker_threads = Some(value::threads(value)?);
                places.worker_threads = Some(at);
            }
            "start_paused" => {
                self.start_paused = Some(value::boolean(value)?);
                places.start_paused = Some(at);
            }
            "name" => self.name = Some(value::text(value)?),
            "seed" => {
                self.seed = Some(value::seed(value)?);
                places.seed = Some(at);
            }
            "unhandled_panic" => {
                self.unhandled_panic = Some((unhandled_panic(&value)?, value.span()));
                places.unhandled_panic = Some(at);
            }
            "crate" => self.krate = Some(value::path(&value)?),
            "core_threads" => return Err(Report::new(at, "`core_threads` is called `worker_threads`")),
            "max_threads" => {
                let text = "there is no `max_threads`; `worker_threads` is how many threads run tasks";
                return Err(Report::new(at, text));
            }
            _ => {
                let text = format!(
                    "unknown option `{name}`; the options are `flavor`, `worker_threads`, `start_paused`, `name`, `seed`, \
                     `unhandled_panic` and `crate`"
                );
                return Err(Report::new(at, text));
            }
        }
        Ok(())
    }

    /// Refuses what does not go together.
    fn check(&self, kind: Kind, places: &Places) -> Result<(), Report> {
        let attribute = kind.name();
        let multi_thread = self.flavor == Flavor::MultiThread;
        if multi_thread && !cfg!(feature = "rt-multi-thread") {
            let place = places.flavor.unwrap_or_else(Span::call_site);
            return Err(Report::new(
                place,
                format!(
                    "a runtime of many threads needs zokio's feature `rt-multi-thread` (`std` has it): turn it on, or use \
                     `#[zokio::{attribute}(flavor = \"current_thread\")]`"
                ),
            ));
        }
        let (at, text) = match (places.worker_threads, places.start_paused, places.seed, places.unhandled_panic) {
            (Some(at), _, _, _) if !multi_thread => {
                let text = "`worker_threads` needs workers: use";
                (at, format!("{text} `#[zokio::{attribute}(flavor = \"multi_thread\", worker_threads = N)]`"))
            }
            (_, Some(at), _, _) if multi_thread => {
                let text = "`start_paused` needs a runtime on one thread: use";
                (at, format!("{text} `#[zokio::{attribute}(flavor = \"current_thread\", start_paused = true)]`"))
            }
            (_, _, Some(at), _) if multi_thread => {
                let text = "`seed` needs a runtime on one thread, whose order it can be: use";
                (at, format!("{text} `#[zokio::{attribute}(flavor = \"current_thread\", seed = N)]`"))
            }
            (_, _, _, Some(at)) if multi_thread => {
                let text = "`unhandled_panic` needs a runtime on one thread: use";
                let value = "unhandled_panic = \"shutdown_runtime\"";
                (at, format!("{text} `#[zokio::{attribute}(flavor = \"current_thread\", {value})]`"))
            }
            _ => return Ok(()),
        };
        Err(Report::new(at, text))
    }
}

fn unhandled_panic(token: &TokenTree) -> Result<Panic, Report> {
    match value::string(token, "\"shutdown_runtime\"")?.as_str() {
        "ignore" => Ok(Panic::Ignore),
        "shutdown_runtime" => Ok(Panic::ShutdownRuntime),
        other => {
            let text = format!("no such behavior `{other}`; there are \"ignore\" and \"shutdown_runtime\"");
            Err(Report::new(token.span(), text))
        }
    }
}

fn flavor(token: &TokenTree) -> Result<Flavor, Report> {
    let known = "the flavors are \"multi_thread\", \"current_thread\" and \"local\"";
    let text = match value::string(token, "\"multi_thread\"")?.as_str() {
        "multi_thread" => return Ok(Flavor::MultiThread),
        "current_thread" => return Ok(Flavor::CurrentThread),
        "local" => return Ok(Flavor::Local),
        "threaded" | "threaded_scheduler" => "the flavor with several threads is called \"multi_thread\"".into(),
        "single_thread" | "basic_scheduler" => "the flavor with one thread is called \"current_thread\"".into(),
        other => format!("no such flavor `{other}`; {known}"),
    };
    Err(Report::new(token.span(), text))
}
