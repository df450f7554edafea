//! Words that were given up do not come back: `docs/GLOSSARY.md` lists them, and where one may still stand.

use std::fs;
use std::path::Path;

use crate::links::files;
use crate::workspace::root;

const GLOSSARY: &str = "docs/GLOSSARY.md";
const FOLDERS: [&str; 9] = [
    "benches",
    "config",
    "crates",
    "deploy",
    "docs",
    "examples",
    "migrations",
    "scripts",
    "tests",
];
/// What people read and write. The OpenAPI document is made of the sources.
const EXTENSIONS: [&str; 12] = [
    "css", "html", "js", "lua", "md", "mjs", "py", "rs", "sql", "toml", "ts", "yaml",
];

/// A word that was given up, and the files that may have it.
#[derive(Debug, PartialEq)]
struct Retired {
    word: String,
    allowed: Vec<String>,
}

/// The rows of the table whose first column is called `retired`.
fn retired(glossary: &str) -> Vec<Retired> {
    let rows = glossary
        .lines()
        .skip_while(|line| !line.starts_with("| retired |"))
        .skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| {
        let mut cells = row.trim_matches('|').split('|');
        let words = cells.next().unwrap().split(',');
        let allowed: Vec<_> = cells
            .nth(1)
            .unwrap()
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        words
            .map(move |word| Retired {
                word: word.trim().to_owned(),
                allowed: allowed.clone(),
            })
            .collect::<Vec<_>>()
    })
    .collect()
}

/// The words of names and sentences alike, in small letters, between blanks.
fn words(text: &str) -> String {
    let mut words = String::from(" ");
    let mut small = false;
    for letter in text.chars() {
        if !letter.is_alphabetic() || letter.is_uppercase() && small {
            words.push(' ');
        }
        if letter.is_alphabetic() {
            words.extend(letter.to_lowercase());
        }
        small = letter.is_lowercase();
    }
    words.push(' ');
    words
        .split_whitespace()
        .fold(String::from(" "), |words, word| words + word + " ")
}

#[test]
fn no_retired_word_comes_back() {
    let retired = retired(&fs::read_to_string(root().join(GLOSSARY)).unwrap());
    assert!(retired.len() > 20, "{retired:?}");
    let root = root().canonicalize().unwrap();
    let mut paths: Vec<_> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.is_file() && path.extension().is_some_and(|extension| extension == "md"));
    for extension in EXTENSIONS {
        paths.extend(
            FOLDERS
                .iter()
                .flat_map(|folder| files(&root.join(folder), extension)),
        );
    }
    let mut found = Vec::new();
    for path in paths {
        let place = path.strip_prefix(&root).unwrap();
        // Fixtures are what earlier versions wrote.
        let is_ours = place != Path::new(GLOSSARY)
            && !place.starts_with("tests/page/vendor")
            && !place.components().any(|part| part.as_os_str() == "fixtures");
        if let Some(text) = is_ours.then(|| words(&fs::read_to_string(&path).unwrap())) {
            for Retired { word, allowed } in &retired {
                let is_allowed = allowed.iter().any(|allowed| Path::new(allowed) == place);
                if !is_allowed && text.contains(&format!(" {word} ")) {
                    found.push(format!("{}: {word}", place.display()));
                }
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn words_are_found_in_names_and_sentences() {
    assert_eq!(
        words("GapWithoutEnd: a_late_gap, Don't!"),
        " gap without end a late gap don t "
    );
    let table = "| retired | say | where it is allowed |\n| --- | --- | --- |\n| den, dens | lair | `a.md`: why, `b/c.rs` |\n\n| no | row | here |";
    let allowed = vec!["a.md".to_owned(), "b/c.rs".to_owned()];
    let expected = ["den", "dens"].map(|word| Retired {
        word: word.to_owned(),
        allowed: allowed.clone(),
    });
    assert_eq!(retired(table), expected);
}
