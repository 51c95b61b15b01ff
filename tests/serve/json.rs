//! As much of JSON as it takes to know whether a text is some.

use std::iter::Peekable;
use std::str::Chars;

/// A JSON value.
#[derive(Debug)]
pub enum Value {
    /// `true`, `false`, `null` or a text.
    Other,
    Number(f64),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl Value {
    fn field(&self, name: &str) -> Option<&Value> {
        let Self::Object(fields) = self else { return None };
        fields.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    pub fn number(&self, name: &str) -> Option<f64> {
        match self.field(name)? {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub fn list(&self, name: &str) -> Option<&[Value]> {
        match self.field(name)? {
            Self::List(values) => Some(values),
            _ => None,
        }
    }
}

/// The value of a text; `None` where it is no JSON.
pub fn parse(text: &str) -> Option<Value> {
    let mut rest = text.chars().peekable();
    let value = value(&mut rest)?;
    skip_space(&mut rest);
    rest.next().is_none().then_some(value)
}

fn skip_space(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|c| " \t\r\n".contains(*c)).is_some() {}
}

fn value(rest: &mut Peekable<Chars<'_>>) -> Option<Value> {
    skip_space(rest);
    match rest.peek()? {
        '{' => sequence(rest, '}', |rest| {
            skip_space(rest);
            let name = text(rest)?;
            skip_space(rest);
            rest.next_if_eq(&':')?;
            Some((name, value(rest)?))
        })
        .map(Value::Object),
        '[' => sequence(rest, ']', value).map(Value::List),
        '"' => text(rest).map(|_| Value::Other),
        '-' | '0'..='9' => {
            let mut digits = String::new();
            while let Some(c) = rest.next_if(|c| c.is_ascii_digit() || "+-.eE".contains(*c)) {
                digits.push(c);
            }
            digits.parse().ok().map(Value::Number)
        }
        _ => {
            let mut word = String::new();
            while let Some(c) = rest.next_if(char::is_ascii_lowercase) {
                word.push(c);
            }
            ["true", "false", "null"].contains(&&*word).then_some(Value::Other)
        }
    }
}

fn sequence<T>(
    rest: &mut Peekable<Chars<'_>>,
    end: char,
    item: impl Fn(&mut Peekable<Chars<'_>>) -> Option<T>,
) -> Option<Vec<T>> {
    rest.next();
    let mut items = Vec::new();
    skip_space(rest);
    if rest.next_if_eq(&end).is_some() {
        return Some(items);
    }
    loop {
        items.push(item(rest)?);
        skip_space(rest);
        match rest.next()? {
            ',' => {}
            c if c == end => return Some(items),
            _ => return None,
        }
    }
}

/// A text without escapes, of which the server has none.
fn text(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    rest.next_if_eq(&'"')?;
    let mut text = String::new();
    loop {
        match rest.next()? {
            '"' => return Some(text),
            '\\' => return None,
            c => text.push(c),
        }
    }
}
