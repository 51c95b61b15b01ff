//! From an async function to one that gives a task, and the pool its tasks live in.
//!
//! ```text
//! #[zokio::task(pool_size = 2)]        pub fn blink(led: Led) -> ::zokio::task::SpawnToken<impl Future<Output = ()>> {
//! pub async fn blink(led: Led) {           async fn __zokio_task(led: Led) { ... }
//!     ...                         =>       const __ZOKIO_BYTES: usize = ::zokio::task::__private::pool_bytes(&__zokio_task);
//! }                                        static __ZOKIO_POOL: ::zokio::task::Arena<2, __ZOKIO_BYTES> = ...::new();
//!                                          ::zokio::task::SpawnToken::new("blink", &__ZOKIO_POOL, __zokio_task(led))
//!                                      }
//! ```

use proc_macro::{Delimiter, Group, Span, TokenStream, TokenTree};

use crate::function::{Function, is_punct, ungroup};
use crate::report::Report;
use crate::value;

/// Expands the attribute. Where something is wrong, the function stays as it is beside the message.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = Function::read(item.clone()).and_then(|function| {
        let options = Options::read(options)?;
        build(&options, function)
    });
    expanded.unwrap_or_else(|report| TokenStream::from_iter([item, report.into_tokens()]))
}

struct Options {
    pool_size: TokenStream,
    krate: TokenStream,
}

impl Options {
    fn read(tokens: TokenStream) -> Result<Self, Report> {
        let mut options = Self { pool_size: template("1", &[]), krate: template("::zokio", &[]) };
        let mut seen = Vec::new();
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let TokenTree::Ident(key) = token else {
                return Err(Report::new(token.span(), format!("expected the name of an option, found `{token}`")));
            };
            let (name, at) = (key.to_string(), key.span());
            if seen.contains(&name) {
                return Err(Report::new(at, format!("`{name}` is given twice")));
            }
            let equals = matches!(tokens.next(), Some(TokenTree::Punct(equals)) if equals.as_char() == '=');
            let mut value = Vec::new();
            while let Some(token) = tokens.next_if(|token| !is_punct(token, ',')) {
                value.push(ungroup(token));
            }
            tokens.next();
            if !equals || value.is_empty() {
                return Err(Report::new(at, format!("expected `{name} = <value>`")));
            }
            match name.as_str() {
                "pool_size" => options.pool_size = pool_size(value)?,
                "crate" => options.krate = value::path(&value[0])?,
                _ => {
                    let text = format!("unknown option `{name}`; the options are `pool_size` and `crate`");
                    return Err(Report::new(at, text));
                }
            }
            seen.push(name);
        }
        Ok(options)
    }
}

/// A number above zero, or an expression that the compiler finds out about.
fn pool_size(value: Vec<TokenTree>) -> Result<TokenStream, Report> {
    if let [literal @ TokenTree::Literal(_)] = &value[..] {
        match value::integer(literal, "usize").map(u32::try_from) {
            Some(Ok(0)) => return Err(Report::new(literal.span(), "a pool has room for one task at least")),
            Some(Ok(_)) => {}
            _ => return Err(Report::new(literal.span(), "`pool_size` is a number of tasks")),
        }
    }
    Ok(value.into_iter().collect())
}

/// One argument: its name, and what the function around takes.
fn arguments(group: &Group) -> Result<(TokenStream, TokenStream), Report> {
    let (mut names, mut plain) = (TokenStream::new(), TokenStream::new());
    let mut tokens = group.stream().into_iter().peekable();
    while let Some(mut token) = tokens.next() {
        if matches!(&token, TokenTree::Ident(word) if word.to_string() == "mut") {
            token = tokens.next().ok_or_else(|| Report::new(group.span(), "expected an argument"))?;
        }
        let named = matches!(&token, TokenTree::Ident(word) if word.to_string() != "self");
        if !named || !tokens.peek().is_some_and(|next| is_punct(next, ':')) {
            let text = "an argument of a task is a plain name and its type: take it apart inside of the function";
            return Err(Report::new(token.span(), text));
        }
        if token.to_string() == "_" {
            let text = "an argument of a task needs a name, by which it is handed on: `_name` for one that is not used";
            return Err(Report::new(token.span(), text));
        }
        names.extend([token.clone()]);
        names.extend(template(",", &[]));
        plain.extend([token]);
        let mut depth = 0_u32;
        let mut arrow = false;
        for token in tokens.by_ref() {
            match &token {
                TokenTree::Ident(word) if word.to_string() == "impl" => return Err(generic(word.span())),
                TokenTree::Punct(punct) => match punct.as_char() {
                    '<' => depth += 1,
                    // Not that of `fn() -> T`.
                    '>' if !arrow => depth = depth.saturating_sub(1),
                    _ => {}
                },
                _ => {}
            }
            arrow = is_punct(&token, '-');
            let ends = depth == 0 && is_punct(&token, ',');
            plain.extend([token]);
            if ends {
                break;
            }
        }
    }
    Ok((names, plain))
}

fn generic(at: Span) -> Report {
    let text = "a task function cannot be generic: its pool has slots of one size. Write a plain async function and spawn \
                it in an arena of your own: `static ARENA: Arena<SLOTS, BYTES> = Arena::new(); ARENA.spawn(...)` \
                (`Arena::spawn`)";
    Report::new(at, text)
}

fn build(options: &Options, function: Function) -> Result<TokenStream, Report> {
    if function.asyncness.is_none() {
        return Err(Report::between(
            function.keyword,
            function.name.span(),
            "the `async` keyword is missing: `#[zokio::task]` goes on an `async fn`",
        ));
    }
    // fn name (arguments) rest
    let mut signature = function.signature.into_iter();
    let qualifier = signature.next().filter(|token| token.to_string() != "fn");
    if let Some(qualifier) = qualifier {
        return Err(Report::new(qualifier.span(), format!("a task function cannot be `{qualifier}`")));
    }
    let name = TokenTree::from(function.name.clone());
    signature.next();
    match signature.next() {
        Some(TokenTree::Group(_)) => {}
        other => return Err(generic(other.map_or(function.keyword, |token| token.span()))),
    }
    let rest: Vec<TokenTree> = signature.map(ungroup).collect();
    if let Some(bounds) =
        rest.iter().find(|token| matches!(token, TokenTree::Ident(word) if word.to_string() == "where"))
    {
        return Err(generic(bounds.span()));
    }
    if let Some(word) = rest.iter().find(|token| matches!(token, TokenTree::Ident(word) if word.to_string() == "impl"))
    {
        return Err(Report::new(word.span(), "what a task gives must have a name: a type, not `impl Trait`"));
    }
    let (names, plain) = arguments(&function.arguments)?;
    // `-> T`; of `impl Future<Output = !>` the compiler says that it is experimental, so what never ends gives what never is.
    let output: TokenStream = match rest.get(2..) {
        Some([TokenTree::Punct(never)]) if never.as_char() == '!' => template("::core::convert::Infallible", &[]),
        Some(output) => output.iter().cloned().collect(),
        None => template("()", &[]),
    };
    let body = template(
        "async fn __zokio_task ARGUMENTS -> OUTPUT BODY
         const __ZOKIO_SIZE: usize = { SIZE };
         const __ZOKIO_BYTES: usize = CRATE::task::__private::pool_bytes(&__zokio_task);
         const _: () = ::core::assert!(__ZOKIO_SIZE > 0, \"a pool has room for one task at least\");
         static __ZOKIO_POOL: CRATE::task::Arena<__ZOKIO_SIZE, __ZOKIO_BYTES> = CRATE::task::Arena::new();
         CRATE::task::SpawnToken::new(::core::stringify!(NAME), &__ZOKIO_POOL, __zokio_task(NAMES))",
        &[
            ("ARGUMENTS", TokenTree::from(function.arguments).into()),
            ("OUTPUT", output.clone()),
            ("BODY", TokenTree::from(function.body).into()),
            ("SIZE", options.pool_size.clone()),
            ("NAMES", names),
            ("NAME", name.clone().into()),
            ("CRATE", options.krate.clone()),
        ],
    );
    let mut whole: TokenStream = function.front.into_iter().collect();
    whole.extend(template(
        "fn NAME ARGUMENTS -> CRATE::task::SpawnToken<impl ::core::future::Future<Output = OUTPUT>> BODY",
        &[
            ("NAME", name.into()),
            ("ARGUMENTS", TokenTree::from(Group::new(Delimiter::Parenthesis, plain)).into()),
            ("CRATE", options.krate.clone()),
            ("OUTPUT", output),
            ("BODY", TokenTree::from(Group::new(Delimiter::Brace, body)).into()),
        ],
    ));
    Ok(whole)
}

/// Tokens of a text, in which words stand for others. What is put in is not looked at again.
fn template(text: &str, words: &[(&str, TokenStream)]) -> TokenStream {
    let tokens: TokenStream = text.parse().expect("templates of this file are well formed");
    fill(tokens, words)
}

fn fill(tokens: TokenStream, words: &[(&str, TokenStream)]) -> TokenStream {
    let mut filled = TokenStream::new();
    for token in tokens {
        match token {
            TokenTree::Ident(ref word) => match words.iter().find(|(name, _)| word.to_string() == *name) {
                Some((_, tokens)) => filled.extend(tokens.clone()),
                None => filled.extend([token]),
            },
            TokenTree::Group(group) => {
                let inner = Group::new(group.delimiter(), fill(group.stream(), words));
                filled.extend([TokenTree::from(inner)]);
            }
            token => filled.extend([token]),
        }
    }
    filled
}
