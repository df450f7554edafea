//! What the sources may not contain.

use std::fs;
use std::path::{Path, PathBuf};

use crate::workspace::root;

/// A file with more lines of code has more than one subject. Comments, blank lines and the tests at the end
/// of a file do not count.
const LONGEST: usize = 400;

/// A file of tests is a list of cases, and is read one case at a time.
const LONGEST_OF_TESTS: usize = 600;

/// Where money is counted.
const EXACT: [&str; 4] = [
    "crates/core",
    "crates/ports",
    "crates/application",
    "crates/adapters",
];

/// Floats that are no money, each with its reason.
const EXCUSED: [(&str, &str); 2] = [
    (
        "crates/adapters/http/src/wire/text.rs",
        "a JSON schema's bounds are floats in poem-openapi",
    ),
    (
        "crates/adapters/mock-dex/src/settings/number.rs",
        "a decoder hands over what TOML holds; money refuses it",
    ),
];

/// All Rust files below a folder, sorted.
pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(folder) = ahead.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                ahead.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The lines that are code, each with its number from 1, without what is behind `//`.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| {
            (
                index + 1,
                line.split_once("//").map_or(line, |(code, _)| code).trim(),
            )
        })
        .filter(|(_, line)| !line.is_empty())
}

fn length(text: &str) -> usize {
    let tests = text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    code(&text[..tests]).count()
}

/// The numbers of the lines that name a floating point type or a conversion to one.
fn floats(text: &str) -> Vec<usize> {
    let is_float = |word: &str| word.split('_').any(|part| part == "f32" || part == "f64");
    let words = |line: &str| {
        line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .any(is_float)
    };
    code(text)
        .filter(|(_, line)| words(line))
        .map(|(number, _)| number)
        .collect()
}

#[test]
fn no_file_has_grown_past_one_subject() {
    let too_long = |path: &PathBuf| {
        let length = length(&fs::read_to_string(path).unwrap());
        let place = path.strip_prefix(root()).unwrap_or(path);
        let tests = place.components().any(|part| part.as_os_str() == "tests");
        let longest = if tests { LONGEST_OF_TESTS } else { LONGEST };
        (length > longest).then(|| format!("{}: {length} lines of code", place.display()))
    };
    let files = [
        rust_files(&root().join("crates")),
        rust_files(&root().join("tests")),
    ]
    .concat();
    assert!(files.len() > 50, "found only {} files", files.len());
    assert_eq!(
        files.iter().filter_map(too_long).collect::<Vec<_>>(),
        Vec::<String>::new()
    );
}

#[test]
fn money_is_never_a_float() {
    let mut found = Vec::new();
    for folder in EXACT {
        for path in rust_files(&root().join(folder)) {
            let lines = floats(&fs::read_to_string(&path).unwrap());
            let place =
                |line: usize| format!("{}:{line}", path.strip_prefix(root()).unwrap_or(&path).display());
            found.extend(lines.into_iter().map(place));
        }
    }
    let excused = |place: &str, file: &str| place.rsplit_once(':').is_some_and(|(path, _)| path == file);
    for (file, reason) in EXCUSED {
        assert!(
            found.iter().any(|place| excused(place, file)),
            "nothing to excuse in {file} ({reason})"
        );
    }
    found.retain(|place| !EXCUSED.iter().any(|(file, _)| excused(place, file)));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn length_counts_code_alone() {
    let text = "//! Docs.\n\nfn a() {} // why\n    // more\n}\n\n#[cfg(test)]\nmod tests {\n fn b() {}\n}\n";
    assert_eq!(length(text), 2);
    assert!(length(&"let x = 1;\n".repeat(LONGEST + 1)) > LONGEST);
}

#[test]
fn floats_are_found_in_code_and_not_in_prose() {
    assert_eq!(
        floats("let price: f64 = 1;\nx.as_secs_f32();\n// no f64 here\nlet f640 = 1;"),
        [1, 2]
    );
    assert_eq!(floats("fn visit_f64(self) {}\nlet pdf32 = 0;"), [1]);
}
