//! A complaint about some of the user's tokens.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// A message, and where it points.
pub(crate) struct Report {
    message: String,
    first: Span,
    last: Span,
}

impl Report {
    /// Complains about one token, or about the attribute as a whole by `Span::call_site()`.
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self::between(span, span, message)
    }

    /// Complains about everything from `first` to `last`.
    pub(crate) fn between(first: Span, last: Span, message: impl Into<String>) -> Self {
        Self { message: message.into(), first, last }
    }

    /// `::core::compile_error! { message }`. The compiler underlines from the first token to the last.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let mut message = Literal::string(&self.message);
        message.set_span(self.last);
        let mut group = Group::new(Delimiter::Brace, TokenTree::from(message).into());
        group.set_span(self.last);
        let punct = |sign, spacing| {
            let mut punct = Punct::new(sign, spacing);
            punct.set_span(self.first);
            TokenTree::from(punct)
        };
        TokenStream::from_iter([
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            Ident::new("core", self.first).into(),
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            Ident::new("compile_error", self.first).into(),
            punct('!', Spacing::Alone),
            group.into(),
        ])
    }
}
