//! The modules of a crate: which files belong to it, and under which attributes each is compiled.
//!
//! A file named in `#[cfg(test)] mod util;` is a test although nothing in it says so; this follows the declarations from
//! the crate's root. Attributes of a module add to those of the modules around it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::source::{self, words};

/// A declared or inline module of a file.
struct Module {
    name: String,
    /// Its attributes and visibility, without white space.
    attributes: String,
    /// Where its attributes begin.
    start: usize,
    /// Where it is declared.
    at: usize,
    /// The place of its closing brace; `None` where its body is another file.
    close: Option<usize>,
}

/// The attributes around each file that is reached from the root file.
pub fn contexts(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let folder = root.parent().unwrap_or(Path::new("")).to_path_buf();
    let mut open = vec![(root.to_path_buf(), folder, String::new())];
    while let Some((path, folder, context)) = open.pop() {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let code = source::code(&text);
        for module in modules(&code).iter().filter(|module| module.close.is_none()) {
            let (names, attributes) = around(&code, module.at);
            let folder = names.iter().fold(folder.clone(), |folder, name| folder.join(name)).join(&module.name);
            let context = format!("{context}{attributes}{}", module.attributes);
            let mut files = vec![folder.with_extension("rs"), folder.join("mod.rs")];
            // Beside the file that declares it, where that is not inside another module.
            if let Some(named) = named(&text[module.start..module.at]).filter(|_| names.is_empty()) {
                files = vec![path.with_file_name(named)];
            }
            for file in files {
                if file.is_file() {
                    open.push((file, folder.clone(), context.clone()));
                }
            }
        }
        found.insert(path, context);
    }
    found
}

/// The file that `#[path = ".."]` names, among attributes as they are written.
fn named(attributes: &str) -> Option<&str> {
    attributes.split("#[path = \"").nth(1)?.split('"').next()
}

/// The files of a crate that are compiled outside of tests.
pub fn without_tests(root: &Path) -> Vec<PathBuf> {
    contexts(root).into_iter().filter(|(_, context)| !source::is_test_context(context)).map(|(path, _)| path).collect()
}

/// Names and attributes of the inline modules around a place, outermost first.
pub fn around(code: &str, at: usize) -> (Vec<String>, String) {
    let mut names = Vec::new();
    let mut attributes = String::new();
    for module in modules(code) {
        if module.at < at && module.close.is_some_and(|close| at < close) {
            attributes.push_str(&module.attributes);
            names.push(module.name);
        }
    }
    (names, attributes)
}

fn modules(code: &str) -> Vec<Module> {
    let all: Vec<(usize, &str)> = words(code).collect();
    all.windows(2)
        .filter(|pair| pair[0].1 == "mod")
        .filter_map(|pair| {
            let (at, name) = (pair[0].0, pair[1].1);
            let end = pair[1].0 + name.len();
            let next = end + code[end..].find(|letter: char| !letter.is_whitespace())?;
            let close = match code.as_bytes()[next] {
                b';' => None,
                b'{' => Some(source::matching(code.as_bytes(), next)?),
                _ => return None,
            };
            let start = code[..at].rfind(['}', ';', '{']).map_or(0, |n| n + 1);
            let attributes = code[start..at].chars().filter(|letter| !letter.is_whitespace()).collect();
            Some(Module { name: name.to_owned(), attributes, start, at, close })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_followed_with_the_attributes_around_them() {
        let dir = std::env::temp_dir().join(format!("zokio-modules-{}", std::process::id()));
        let write = |place: &str, text: &str| {
            let path = dir.join(place);
            fs::create_dir_all(path.parent().expect("folder")).and_then(|()| fs::write(path, text)).expect("file");
        };
        write("lib.rs", "pub mod a;\n#[cfg(test)]\n#[path = \"tests/util.rs\"]\nmod util;\n// mod nothing;\n");
        write("a/mod.rs", "mod b;\n#[cfg(all(test, loom))]\nmod tests { mod race; }");
        write("a/b.rs", "");
        write("a/tests/race.rs", "mod deeper;");
        write("a/tests/race/deeper.rs", "");
        write("tests/util.rs", "");
        write("util.rs", "");
        write("stray.rs", "");
        let found = contexts(&dir.join("lib.rs"));
        let plain = without_tests(&dir.join("lib.rs"));
        fs::remove_dir_all(&dir).expect("folder");
        assert_eq!(found.len(), 6);
        assert_eq!(found[&dir.join("tests/util.rs")], "#[cfg(test)]#[path=\"\"]");
        assert_eq!(found[&dir.join("a/tests/race/deeper.rs")], "pub#[cfg(all(test,loom))]");
        assert_eq!(plain, [dir.join("a/b.rs"), dir.join("a/mod.rs"), dir.join("lib.rs")]);
    }
}
