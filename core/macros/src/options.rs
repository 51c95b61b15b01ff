//! What stands in the parentheses of the attribute.

use proc_macro::{Span, TokenStream, TokenTree};

use crate::expand::Kind;
use crate::function::ungroup;
use crate::report::Report;

/// Which runtime is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavor {
    MultiThread,
    CurrentThread,
}

/// The options, read and checked.
pub(crate) struct Options {
    pub(crate) flavor: Flavor,
    /// The literal as the user wrote it.
    pub(crate) worker_threads: Option<TokenTree>,
    pub(crate) krate: Option<TokenStream>,
}

impl Options {
    /// What holds where nothing is said.
    pub(crate) fn defaults(kind: Kind) -> Self {
        let flavor = match kind {
            Kind::Main => Flavor::MultiThread,
            Kind::Test => Flavor::CurrentThread,
        };
        Self { flavor, worker_threads: None, krate: None }
    }

    /// Reads `key = value, ...`.
    pub(crate) fn read(kind: Kind, tokens: TokenStream) -> Result<Self, Report> {
        let mut options = Self::defaults(kind);
        let mut seen: Vec<String> = Vec::new();
        let mut workers_at = None;
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
            match name.as_str() {
                "flavor" => options.flavor = flavor(&value)?,
                "worker_threads" => {
                    options.worker_threads = Some(worker_threads(value)?);
                    workers_at = Some(at);
                }
                "crate" => options.krate = Some(path(&value)?),
                "start_paused" => {
                    return Err(Report::new(
                        at,
                        "`start_paused` comes with the virtual clock (docs/FEATURES.md, row 185), which is not there yet",
                    ));
                }
                _ => {
                    return Err(Report::new(
                        at,
                        format!(
                            "unknown option `{name}`; the options are `flavor`, `worker_threads`, `start_paused` and \
                             `crate`"
                        ),
                    ));
                }
            }
            seen.push(name);
            match tokens.next() {
                None => break,
                Some(TokenTree::Punct(comma)) if comma.as_char() == ',' => {}
                Some(other) => return Err(Report::new(other.span(), format!("expected `,`, found `{other}`"))),
            }
        }
        if let (Some(at), Flavor::CurrentThread) = (workers_at, options.flavor) {
            return Err(Report::new(
                at,
                format!(
                    "`worker_threads` needs workers: use `#[zokio::{}(flavor = \"multi_thread\", worker_threads = N)]`",
                    kind.name()
                ),
            ));
        }
        Ok(options)
    }
}

/// The content of a plain string literal.
fn string(token: &TokenTree, example: &str) -> Result<String, Report> {
    let text = token.to_string();
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) if matches!(token, TokenTree::Literal(_)) && !inner.contains('\\') => Ok(inner.into()),
        _ => Err(Report::new(token.span(), format!("expected a string, like {example}"))),
    }
}

fn flavor(value: &TokenTree) -> Result<Flavor, Report> {
    match string(value, "\"multi_thread\"")?.as_str() {
        "multi_thread" => Ok(Flavor::MultiThread),
        "current_thread" => Ok(Flavor::CurrentThread),
        other => Err(Report::new(
            value.span(),
            format!("no such flavor `{other}`; the flavors are \"multi_thread\" and \"current_thread\""),
        )),
    }
}

/// A positive integer literal.
fn worker_threads(value: TokenTree) -> Result<TokenTree, Report> {
    let text = value.to_string().replace('_', "");
    let digits = text.strip_suffix("usize").unwrap_or(&text);
    let number = match digits.get(..2) {
        Some("0x") => u32::from_str_radix(&digits[2..], 16),
        Some("0o") => u32::from_str_radix(&digits[2..], 8),
        Some("0b") => u32::from_str_radix(&digits[2..], 2),
        _ => digits.parse(),
    };
    match number {
        Ok(0) => Err(Report::new(value.span(), "`worker_threads` must be at least 1")),
        Ok(_) if matches!(value, TokenTree::Literal(_)) => Ok(value),
        _ => Err(Report::new(value.span(), "expected a number of threads, like 4")),
    }
}

/// The path in a string, as tokens that point at the string.
fn path(value: &TokenTree) -> Result<TokenStream, Report> {
    const EXAMPLE: &str = "\"my_crate::zokio\"";
    let text = string(value, EXAMPLE)?;
    let tokens: TokenStream = match text.parse() {
        Ok(tokens) if is_path(&text) => tokens,
        _ => return Err(Report::new(value.span(), format!("`{text}` is not a path; expected one like {EXAMPLE}"))),
    };
    Ok(respan(tokens, value.span()))
}

/// Whether `text` is names joined by `::`, with or without one in front.
fn is_path(text: &str) -> bool {
    text.strip_prefix("::").unwrap_or(text).split("::").all(|name| {
        let name = name.trim();
        !name.is_empty() && name.chars().all(|c| c == '_' || c == '$' || c == '#' || c.is_alphanumeric())
    })
}

/// The same tokens at another place.
fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}
