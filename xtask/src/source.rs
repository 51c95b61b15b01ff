//! Rust source without what is not code: comments, the insides of literals, tests.
//!
//! The text keeps its length and its lines, so that a place found in it is the place in the file. This is a lexer and
//! no parser; it knows what comments, literals, attributes and braces look like and nothing else.

/// Blanks comments and the insides of string and character literals.
pub fn code(text: &str) -> String {
    blanked(text, true)
}

/// Blanks comments.
pub fn without_comments(text: &str) -> String {
    blanked(text, false)
}

fn blanked(text: &str, literals: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                let end = bytes[at..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |n| at + n);
                blank(&mut out, at, end);
                end
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                let end = block_comment(bytes, at);
                blank(&mut out, at, end);
                end
            }
            b'"' => {
                let end = quoted(bytes, at);
                if literals {
                    blank(&mut out, at + 1, end.saturating_sub(1));
                }
                end
            }
            b'\'' => match character(bytes, at) {
                Some(end) => {
                    if literals {
                        blank(&mut out, at + 1, end - 1);
                    }
                    end
                }
                None => at + 1,
            },
            byte if is_word(byte) => {
                let end = word_end(bytes, at);
                match raw_string(bytes, &bytes[at..end], end) {
                    Some(close) => {
                        if literals {
                            blank(&mut out, end, close);
                        }
                        close
                    }
                    None => end,
                }
            }
            _ => at + 1,
        };
        at = end;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Blanks what is compiled for tests only: items under `#[cfg(test)]`, `#[cfg(all(test, ..))]` and `#[test]`. Takes what
/// [`code`] returns.
pub fn without_tests(code: &str) -> String {
    without(code, is_test_attribute)
}

/// Blanks the items under an attribute of which `gone` is true, which is told it without white space. Takes what [`code`]
/// returns.
pub fn without(code: &str, gone: impl Fn(&str) -> bool) -> String {
    let bytes = code.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while let Some(found) = find(bytes, b"#[", at) {
        let close = matching(bytes, found + 1).map_or(bytes.len(), |end| end + 1);
        let attribute: String = code[found..close].chars().filter(|c| !c.is_whitespace()).collect();
        at = close;
        if gone(&attribute) {
            let end = item_end(bytes, close);
            blank(&mut out, found, end);
            at = end;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether attributes (without white space) leave what they stand at to tests.
pub fn is_test_context(attributes: &str) -> bool {
    attributes.split_inclusive(']').any(|part| part.find("#[").is_some_and(|at| is_test_attribute(&part[at..])))
}

fn is_test_attribute(attribute: &str) -> bool {
    if attribute == "#[test]" || attribute == "#[cfg(test)]" {
        return true;
    }
    let Some(list) = attribute.strip_prefix("#[cfg(all(") else { return false };
    list.trim_end_matches([')', ']']).split(',').any(|word| word == "test")
}

/// The end of the item that begins at or after `at`: its `;`, its closing brace, or where the braces around it end.
fn item_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b';' | b',' => return at + 1,
            b'}' => return at,
            b'{' => return matching(bytes, at).map_or(bytes.len(), |end| end + 1),
            b'(' | b'[' => at = matching(bytes, at).map_or(bytes.len(), |end| end + 1),
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The place of the bracket that closes the one at `at`.
pub fn matching(bytes: &[u8], at: usize) -> Option<usize> {
    let open = *bytes.get(at)?;
    let close = match open {
        b'{' => b'}',
        b'(' => b')',
        b'[' => b']',
        _ => return None,
    };
    let mut depth = 0usize;
    for (place, &byte) in bytes.iter().enumerate().skip(at) {
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 {
                return Some(place);
            }
        }
    }
    None
}

/// The words of a text with their places; `'a` of a lifetime counts as `a`.
pub fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = code.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() && !is_word(bytes[at]) {
            at += 1;
        }
        if at >= bytes.len() {
            return None;
        }
        let start = at;
        at = word_end(bytes, at);
        Some((start, &code[start..at]))
    })
}

/// The number of the line that holds a place, from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count() + 1
}

/// Whether a byte can stand in a name.
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn word_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|&byte| !is_word(byte)).map_or(bytes.len(), |n| at + n)
}

/// The first place at or after `from` where `wanted` stands.
pub fn find(bytes: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    bytes.get(from..)?.windows(wanted.len()).position(|window| window == wanted).map(|n| from + n)
}

fn blank(out: &mut [u8], from: usize, to: usize) {
    for byte in &mut out[from..to.max(from)] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

fn block_comment(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0usize;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'/', Some(b'*')) => {
                depth += 1;
                at += 2;
            }
            (b'*', Some(b'/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

fn quoted(bytes: &[u8], mut at: usize) -> usize {
    at += 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of a character literal, or `None` where the quote begins a lifetime.
fn character(bytes: &[u8], at: usize) -> Option<usize> {
    let first = *bytes.get(at + 1)?;
    if first == b'\\' {
        let end = bytes.get(at + 3..)?.iter().position(|&byte| byte == b'\'')?;
        return Some(at + 3 + end + 1);
    }
    let length = match first {
        0..=0x7f => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    (bytes.get(at + 1 + length) == Some(&b'\'')).then_some(at + length + 2)
}

/// The end of the raw string whose prefix has just ended.
fn raw_string(bytes: &[u8], prefix: &[u8], at: usize) -> Option<usize> {
    if !matches!(prefix, b"r" | b"br" | b"cr") {
        return None;
    }
    let hashes = bytes[at..].iter().take_while(|&&byte| byte == b'#').count();
    if bytes.get(at + hashes) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    Some(find(bytes, &close, at + hashes + 1).map_or(bytes.len(), |end| end + close.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_lines_kept() {
        let text = "let a = \"unsafe { \\\" }\"; // unsafe\n/* a /* b */ unsafe\n*/ let c = '{'; let d: &'a str = r#\"un\"safe\"#;\n";
        let code = code(text);
        assert_eq!(code.len(), text.len());
        assert_eq!(code.lines().count(), 3);
        assert!(!code.contains("unsafe") && !code.contains('{'), "{code}");
        assert!(code.contains("let c = ' '; let d: &'a str"), "{code}");
    }

    #[test]
    fn comments_alone_are_blanked() {
        let text = "let a = \"// no\"; // yes\nlet b = r#\"/* \" */\"#; /* yes */ let c = '\"'; let d = \"\\\" //\";\n";
        let left = without_comments(text);
        assert_eq!(left.len(), text.len());
        let squeezed = |text: &str| text.replace(' ', "");
        assert_eq!(squeezed(&left), squeezed(&text.replace("// yes", "").replace("/* yes */", "")));
    }

    #[test]
    fn byte_and_escaped_characters_end_where_they_end() {
        assert_eq!(code(r"b'\'' b'{' '\u{7f}' x"), r"b'  ' b' ' '      ' x");
    }

    #[test]
    fn tests_are_blanked_and_nothing_else() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() {} }\nfn c() {}\n#[cfg(all(test, loom))]\nmod loom;\n\
                    #[cfg(any(test, loom))]\nfn d() {}\n#[cfg(not(test))] fn e() {}\n#[test]\nfn f() {}\n";
        let left = without_tests(text);
        let names: Vec<&str> = words(&left).map(|word| word.1).filter(|word| word.len() == 1).collect();
        assert_eq!(names, ["a", "c", "d", "e"]);
    }
}
