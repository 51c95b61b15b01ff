//! From an async function to one that builds a runtime and runs the body in it.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

use crate::function::Function;
use crate::options::{Flavor, Options, Panic, Seed};
use crate::report::Report;

/// The one local variable of the expansion. A pattern may name a constant, so hygiene is not enough.
const BODY: &str = "__zokio_body";

/// Which attribute it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Main,
    Test,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Test => "test",
        }
    }
}

/// Expands an attribute. What is wrong is reported beside an expansion that is as good as it gets, so that the compiler
/// does not add complaints of its own ("`main` function not found").
pub(crate) fn expand(kind: Kind, options: TokenStream, item: TokenStream) -> TokenStream {
    let function = match Function::read(item.clone()) {
        Ok(function) => function,
        Err(report) => return TokenStream::from_iter([item, report.into_tokens()]),
    };
    if let Err(report) = check(kind, &function) {
        return TokenStream::from_iter([item, report.into_tokens()]);
    }
    match Options::read(kind, options) {
        Ok(options) => build(kind, &options, function),
        Err(report) => {
            let function = build(kind, &Options::defaults(kind), function);
            TokenStream::from_iter([function, report.into_tokens()])
        }
    }
}

/// Refuses functions that the attribute cannot be on.
fn check(kind: Kind, function: &Function) -> Result<(), Report> {
    let attribute = kind.name();
    if function.asyncness.is_none() {
        return Err(Report::between(
            function.keyword,
            function.name.span(),
            format!("the `async` keyword is missing: `#[zokio::{attribute}]` goes on an `async fn`"),
        ));
    }
    let takes_arguments = !function.arguments.stream().is_empty();
    if takes_arguments && kind == Kind::Test {
        return Err(Report::new(function.arguments.span(), "a test function takes no arguments"));
    }
    if takes_arguments && function.name.to_string() == "main" {
        return Err(Report::new(function.arguments.span(), "the main function takes no arguments"));
    }
    match function.test_attribute() {
        Some(second) if kind == Kind::Test => {
            Err(Report::new(second, "a second test attribute: `#[zokio::test]` makes the function a test already"))
        }
        _ => Ok(()),
    }
}

fn build(kind: Kind, options: &Options, function: Function) -> TokenStream {
    // What is generated stands, for the compiler's messages, where the body ends: there its value comes from.
    let end = function.body.stream().into_iter().last().map_or_else(|| function.body.span(), |token| token.span());
    let at = Span::mixed_site().located_at(end);

    // #![...] let __zokio_body = async { ... };
    let (inner, future) = function.cut_body();
    let mut body: Vec<TokenTree> = inner.into_iter().collect();
    body.extend([word("let", at), word(BODY, at), punct('=', at)]);
    body.push(function.asyncness.clone().map_or_else(|| word("async", at), TokenTree::from));
    body.push(future.into());
    body.push(punct(';', at));

    // return <crate>::runtime::Builder::new_...().worker_threads(N).enable_all().build().expect("...").block_on(__zokio_body);
    let mut run = vec![word("return", at)];
    run.extend(path(options, &["runtime", "Builder"], at));
    run.extend(path_separator(at));
    run.push(word(
        match options.flavor {
            Flavor::MultiThread => "new_multi_thread",
            Flavor::CurrentThread | Flavor::Local => "new_current_thread",
        },
        at,
    ));
    run.push(call([], at));
    for (name, arguments) in methods(options, at) {
        run.extend([punct('.', at), word(name, at), call(arguments, at)]);
    }
    run.push(punct(';', at));

    // The statement is a block of its own so that lints of the user's can be turned off in it.
    let lints = "clippy::expect_used, clippy::unwrap_in_result, clippy::diverging_sub_expression, \
                 clippy::needless_return, unreachable_code";
    body.extend(attribute(&format!("allow({lints})"), at));
    body.push(group(Delimiter::Brace, run.into_iter().collect(), at));

    let mut whole = Group::new(Delimiter::Brace, body.into_iter().collect());
    whole.set_span(function.body.span());
    let mut tokens = TokenStream::new();
    if kind == Kind::Test {
        tokens.extend(attribute("::core::prelude::v1::test", Span::mixed_site()));
    }
    tokens.extend(function.front);
    tokens.extend(function.signature);
    tokens.extend([TokenTree::from(whole)]);
    tokens
}

/// What is called on the builder, in order.
fn methods(options: &Options, at: Span) -> Vec<(&'static str, Vec<TokenTree>)> {
    let mut methods: Vec<(&str, Vec<TokenTree>)> = Vec::new();
    if let Some(count) = &options.worker_threads {
        methods.push(("worker_threads", vec![count.clone()]));
    }
    if let Some(paused) = &options.start_paused {
        methods.push(("start_paused", vec![paused.clone()]));
    }
    if let Some(name) = &options.name {
        methods.push(("name", vec![name.clone()]));
    }
    if let Some(seed) = &options.seed {
        let (function, arguments, at) = match seed {
            Seed::Given(number) => ("from_env_or", vec![number.clone()], number.span()),
            Seed::Random(at) => ("from_env_or_random", Vec::new(), *at),
        };
        let mut seed: Vec<TokenTree> = path(options, &["runtime", "RngSeed"], at).collect();
        seed.extend(path_separator(at));
        seed.extend([word(function, at), call(arguments, at)]);
        methods.push(("rng_seed", seed));
    }
    if let Some((behavior, at)) = options.unhandled_panic {
        let behavior = match behavior {
            Panic::Ignore => "Ignore",
            Panic::ShutdownRuntime => "ShutdownRuntime",
        };
        methods.push(("unhandled_panic", path(options, &["runtime", "UnhandledPanic", behavior], at).collect()));
    }
    methods.push(("enable_all", Vec::new()));
    match options.flavor {
        Flavor::MultiThread | Flavor::CurrentThread => methods.push(("build", Vec::new())),
        Flavor::Local => {
            let default = TokenStream::from_iter("::core::default::Default::default()".parse::<TokenStream>());
            methods.push(("build_local", default.into_iter().collect()));
        }
    }
    let mut message = Literal::string("Failed building the Runtime");
    message.set_span(at);
    methods.push(("expect", vec![message.into()]));
    methods.push(("block_on", vec![word(BODY, at)]));
    methods
}

/// A path into the facade.
fn path(options: &Options, segments: &[&str], at: Span) -> impl Iterator<Item = TokenTree> + use<> {
    let mut path = Vec::new();
    match &options.krate {
        Some(krate) => path.extend(krate.clone()),
        None => {
            path.extend(path_separator(at));
            path.push(word("zokio", at));
        }
    }
    for segment in segments {
        path.extend(path_separator(at));
        path.push(word(segment, at));
    }
    path.into_iter()
}

fn word(text: &str, span: Span) -> TokenTree {
    Ident::new(text, span).into()
}

fn punct(sign: char, span: Span) -> TokenTree {
    let mut punct = Punct::new(sign, Spacing::Alone);
    punct.set_span(span);
    punct.into()
}

fn path_separator(span: Span) -> [TokenTree; 2] {
    let mut first = Punct::new(':', Spacing::Joint);
    first.set_span(span);
    [first.into(), punct(':', span)]
}

fn group(delimiter: Delimiter, tokens: TokenStream, span: Span) -> TokenTree {
    let mut group = Group::new(delimiter, tokens);
    group.set_span(span);
    group.into()
}

/// `(arguments)`.
fn call(arguments: impl IntoIterator<Item = TokenTree>, span: Span) -> TokenTree {
    group(Delimiter::Parenthesis, arguments.into_iter().collect(), span)
}

/// `#[text]`.
fn attribute(text: &str, span: Span) -> [TokenTree; 2] {
    let tokens: TokenStream = text.parse().expect("attributes of this file are well formed");
    [punct('#', span), group(Delimiter::Bracket, tokens, span)]
}
