//! The parts of a function that the attributes care about.

use proc_macro::{Delimiter, Group, Ident, Spacing, Span, TokenStream, TokenTree};

use crate::report::Report;

/// A function with a body, cut where the attributes change it.
pub(crate) struct Function {
    /// Attributes, visibility and qualifiers in front of `async`, or of `fn` where there is no `async`.
    pub(crate) front: Vec<TokenTree>,
    /// The word `async`.
    pub(crate) asyncness: Option<Ident>,
    /// From behind `async` to the body: qualifiers, name, generics, arguments, return type, bounds.
    pub(crate) signature: Vec<TokenTree>,
    pub(crate) body: Group,
    /// The word `fn`.
    pub(crate) keyword: Span,
    pub(crate) name: Ident,
    pub(crate) arguments: Group,
}

impl Function {
    /// Finds the parts.
    pub(crate) fn read(item: TokenStream) -> Result<Self, Report> {
        let wrong = |span| Report::new(span, "expected an async function with a body");
        let mut tokens: Vec<TokenTree> = item.into_iter().collect();
        let keyword_at = tokens.iter().position(|token| is_word(token, "fn")).ok_or_else(|| {
            let item = tokens.iter().find(|token| !is_attribute(token)).map_or_else(Span::call_site, TokenTree::span);
            wrong(item)
        })?;
        let keyword = tokens[keyword_at].span();
        let Some(TokenTree::Ident(name)) = tokens.get(keyword_at + 1).cloned() else {
            return Err(wrong(keyword));
        };
        let arguments = arguments(&tokens[keyword_at + 2..]).ok_or_else(|| wrong(name.span()))?.clone();
        let body = match tokens.pop().map(ungroup) {
            Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace => body,
            _ => return Err(wrong(name.span())),
        };
        let async_at = tokens[..keyword_at].iter().position(|token| is_word(token, "async"));
        let mut signature = tokens.split_off(async_at.unwrap_or(keyword_at));
        let asyncness = match async_at {
            Some(_) => match signature.remove(0) {
                TokenTree::Ident(word) => Some(word),
                _ => None,
            },
            None => None,
        };
        Ok(Self { front: tokens, asyncness, signature, body, keyword, name, arguments })
    }

    /// The body, cut behind the attributes of the function that begin it, `#![...]`, which may stand nowhere else.
    pub(crate) fn cut_body(&self) -> (TokenStream, Group) {
        let mut tokens: Vec<TokenTree> = self.body.stream().into_iter().collect();
        let mut count = 0;
        while let [hash, bang, TokenTree::Group(attribute), ..] = &tokens[count..] {
            let inner = is_punct(hash, '#') && is_punct(bang, '!') && attribute.delimiter() == Delimiter::Bracket;
            if !inner {
                break;
            }
            count += 3;
        }
        let rest = tokens.split_off(count);
        let mut body = Group::new(Delimiter::Brace, rest.into_iter().collect());
        body.set_span(self.body.span());
        (tokens.into_iter().collect(), body)
    }

    /// The place of an attribute `#[test]`, by whatever path of the standard library.
    pub(crate) fn test_attribute(&self) -> Option<Span> {
        self.front.iter().find_map(|token| match token {
            TokenTree::Group(attribute) if attribute.delimiter() == Delimiter::Bracket => {
                let path: String = attribute.stream().to_string().chars().filter(|c| !c.is_whitespace()).collect();
                let path = path.trim_start_matches("::");
                let standard = (path.starts_with("core::prelude::") || path.starts_with("std::prelude::"))
                    && path.ends_with("::test");
                (path == "test" || standard).then(|| attribute.span())
            }
            _ => None,
        })
    }
}

/// What stands in the place of a `$fragment` of a `macro_rules` macro, which comes in a group without delimiters.
pub(crate) fn ungroup(token: TokenTree) -> TokenTree {
    if let TokenTree::Group(group) = &token {
        let mut inner = group.stream().into_iter();
        if let (Delimiter::None, Some(only), None) = (group.delimiter(), inner.next(), inner.next()) {
            return ungroup(only);
        }
    }
    token
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident.to_string() == word)
}

pub(crate) fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// `#` or `[...]`; good enough in front of an item.
fn is_attribute(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Bracket,
        _ => is_punct(token, '#'),
    }
}

/// The parentheses behind the name and its generics.
fn arguments(tokens: &[TokenTree]) -> Option<&Group> {
    let mut depth = 0_u32;
    let mut arrow = false;
    for token in tokens {
        match token {
            TokenTree::Group(group) if depth == 0 && group.delimiter() == Delimiter::Parenthesis => return Some(group),
            TokenTree::Punct(punct) => {
                match punct.as_char() {
                    '<' => depth += 1,
                    // Not the end of `->` in a bound such as `F: Fn() -> T`.
                    '>' if !arrow => depth = depth.checked_sub(1)?,
                    _ => {}
                }
                arrow = punct.as_char() == '-' && punct.spacing() == Spacing::Joint;
                continue;
            }
            _ => {}
        }
        arrow = false;
    }
    None
}
