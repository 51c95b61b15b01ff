//! The values of options: literals, kept as the user wrote them, so that the compiler points at them.

use proc_macro::{Span, TokenStream, TokenTree};

use crate::options::Seed;
use crate::report::Report;

/// The content of a plain string literal.
pub(crate) fn string(token: &TokenTree, example: &str) -> Result<String, Report> {
    let text = token.to_string();
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) if is_literal(token) && !inner.contains('\\') => Ok(inner.into()),
        _ => Err(Report::new(token.span(), format!("expected a string, like {example}"))),
    }
}

/// A string literal of any kind.
pub(crate) fn text(token: TokenTree) -> Result<TokenTree, Report> {
    let text = token.to_string();
    let text = text.trim_start_matches('r').trim_start_matches('#');
    if is_literal(&token) && text.starts_with('"') {
        Ok(token)
    } else {
        Err(Report::new(token.span(), "expected a string, like \"server\""))
    }
}

/// The words `true` and `false`.
pub(crate) fn boolean(token: TokenTree) -> Result<TokenTree, Report> {
    match token.to_string().as_str() {
        "true" | "false" => Ok(token),
        _ => Err(Report::new(token.span(), "expected `true` or `false`")),
    }
}

/// A positive integer literal.
pub(crate) fn threads(token: TokenTree) -> Result<TokenTree, Report> {
    match integer(&token, "usize").map(u32::try_from) {
        Some(Ok(0)) => Err(Report::new(token.span(), "`worker_threads` must be at least 1")),
        Some(Ok(_)) => Ok(token),
        _ => Err(Report::new(token.span(), "expected a number of threads, like 4")),
    }
}

/// An integer literal, or `"random"`.
pub(crate) fn seed(token: TokenTree) -> Result<Seed, Report> {
    if integer(&token, "u64").is_some() {
        return Ok(Seed::Given(token));
    }
    match token.to_string().as_str() {
        "\"random\"" => Ok(Seed::Random(token.span())),
        _ => Err(Report::new(token.span(), "expected a number of 64 bits, like 0x5eed, or \"random\"")),
    }
}

/// The path in a string, as tokens that point at the string.
pub(crate) fn path(value: &TokenTree) -> Result<TokenStream, Report> {
    const EXAMPLE: &str = "\"my_crate::zokio\"";
    let text = string(value, EXAMPLE)?;
    let tokens: TokenStream = match text.parse() {
        Ok(tokens) if is_path(&text) => tokens,
        _ => return Err(Report::new(value.span(), format!("`{text}` is not a path; expected one like {EXAMPLE}"))),
    };
    Ok(respan(tokens, value.span()))
}

fn is_literal(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Literal(_))
}

/// The value of an integer literal, without a suffix or with this one.
pub(crate) fn integer(token: &TokenTree, suffix: &str) -> Option<u64> {
    if !is_literal(token) {
        return None;
    }
    let text = token.to_string().replace('_', "");
    let digits = text.strip_suffix(suffix).unwrap_or(&text);
    let number = match digits.get(..2) {
        Some("0x") => u64::from_str_radix(&digits[2..], 16),
        Some("0o") => u64::from_str_radix(&digits[2..], 8),
        Some("0b") => u64::from_str_radix(&digits[2..], 2),
        _ => digits.parse(),
    };
    number.ok()
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
