//! Which words the sources may not use: the glossary's retired ones.

use std::fs;
use std::path::{Path, PathBuf};

use crate::workspace::root;

/// What a reader reads: code, scripts, configuration and documents. Records of what was done keep the words of their time.
const READ: [&str; 12] = [
    "crates",
    "tests",
    "examples",
    "config",
    "deploy",
    "benches",
    "migrations",
    "openapi",
    "docs",
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
];
const ENDINGS: [&str; 11] = [
    "rs", "md", "toml", "sql", "lua", "js", "html", "py", "ts", "yaml", "sh",
];
const NOT_READ: [&str; 5] = ["target", "node_modules", "vendor", "decisions", "GLOSSARY.md"];

/// A retired word, and where it still means something else.
struct Retired {
    word: String,
    say: String,
    allowed: Vec<String>,
}

/// The rows of the glossary's table of retired words: `| word | say | allowed in |`.
fn retired(glossary: &str) -> Vec<Retired> {
    let rows = glossary
        .lines()
        .skip_while(|line| !line.starts_with("| retired |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let mut cells = row
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().replace('`', ""));
        let mut next = || cells.next().unwrap_or_default();
        Retired {
            word: next().to_lowercase(),
            say: next(),
            allowed: next()
                .split(',')
                .map(|place| place.trim().to_owned())
                .filter(|place| !place.is_empty())
                .collect(),
        }
    })
    .collect()
}

/// The words of a text in lower case, those within `snake_case` and `CamelCase` names each by itself, and the names whole.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for name in line.split(|c: char| !c.is_alphanumeric() && c != '_') {
        words.push(name.to_lowercase());
        for part in name.split('_') {
            let mut word = String::new();
            let mut before_is_lower = false;
            for c in part.chars() {
                if c.is_uppercase() && before_is_lower {
                    words.push(std::mem::take(&mut word));
                }
                before_is_lower = !c.is_uppercase();
                word.extend(c.to_lowercase());
            }
            words.push(word);
        }
    }
    words
}

fn files(place: &Path) -> Vec<PathBuf> {
    let named = |path: &Path, names: &[&str]| {
        path.file_name()
            .is_some_and(|name| names.iter().any(|other| name == *other))
    };
    if named(place, &NOT_READ) {
        return Vec::new();
    }
    if place.is_dir() {
        let entries = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path());
        return entries.flat_map(|path| files(&path)).collect();
    }
    let read = place
        .extension()
        .is_some_and(|ending| ENDINGS.iter().any(|other| ending == *other));
    if read { vec![place.to_owned()] } else { Vec::new() }
}

/// Each line of a text that uses a retired word.
fn uses(place: &str, text: &str, retired: &[Retired]) -> Vec<String> {
    let here: Vec<_> = retired
        .iter()
        .filter(|word| !word.allowed.iter().any(|part| place.contains(part.as_str())))
        .collect();
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let words = words(line);
        found.extend(
            here.iter()
                .filter(|retired| words.contains(&retired.word))
                .map(|retired| {
                    format!(
                        "{place}:{}: {:?} is retired; say {}",
                        index + 1,
                        retired.word,
                        retired.say
                    )
                }),
        );
    }
    found
}

#[test]
fn retired_words_stay_retired() {
    let glossary = fs::read_to_string(root().join("docs/GLOSSARY.md")).unwrap();
    let retired = retired(&glossary);
    assert!(
        retired.len() > 20,
        "the glossary retires only {} words",
        retired.len()
    );
    let mut found = Vec::new();
    for path in READ.iter().flat_map(|place| files(&root().join(place))) {
        let place = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        // Bytes that are no text hold no words.
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        found.extend(uses(&place, &text, &retired));
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_retired_word_is_found_in_names_and_in_prose() {
    let retired =
        retired("# Words\n\n| retired | say | allowed in |\n|-|-|-|\n| `door` | endpoint | http/page |\n");
    for line in [
        "let door = 1;",
        "struct FrontDoor;",
        "fn a_door_opens() {}",
        "// behind the door.",
    ] {
        assert_eq!(
            uses("a.rs", line, &retired),
            ["a.rs:1: \"door\" is retired; say endpoint"],
            "{line}"
        );
    }
    assert!(uses("a.rs", "indoors, outdoor_x, Doorway", &retired).is_empty());
    assert!(uses("crates/http/page/a.js", "door", &retired).is_empty());
}
