//! What the documentation links to must be there: files, headings, and the chapters of the book.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::workspace::root;

/// Folders of the book in which every page is a chapter.
const CHAPTERS: [&str; 3] = ["docs/book", "docs/how-to", "docs/decisions"];

/// What one page links to and names, and the anchors that others may link to.
#[derive(Debug, Default, PartialEq)]
struct Page {
    links: Vec<String>,
    code: Vec<String>,
    anchors: BTreeSet<String>,
}

impl Page {
    fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut heading: Option<String> = None;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.into_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => page.add_anchor(&heading.take().unwrap_or_default()),
                Event::Text(part) => heading.iter_mut().for_each(|heading| heading.push_str(&part)),
                Event::Code(part) => {
                    heading.iter_mut().for_each(|heading| heading.push_str(&part));
                    page.code.push(part.into_string());
                }
                _ => {}
            }
        }
        page
    }

    /// The anchor that both code hosts and mdbook make of a heading; a repeated heading gets a number.
    fn add_anchor(&mut self, heading: &str) {
        let lower = heading.trim().to_lowercase();
        let kept = lower
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let numbered = (1..).map(|number| format!("{anchor}-{number}"));
        let free = std::iter::once(anchor.clone())
            .chain(numbered)
            .find(|anchor| !self.anchors.contains(anchor));
        self.anchors.extend(free);
    }
}

/// A path without `.` and `..`, so that two ways of writing it compare equal.
fn normal(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut path, part| {
        match part {
            Component::ParentDir => _ = path.pop(),
            Component::CurDir => {}
            _ => path.push(part),
        }
        path
    })
}

/// The files below a folder with this extension, without what was built or fetched.
pub fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() && !["target", "node_modules", ".git"].contains(&name.as_str()) {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every page, by its path from the root.
fn pages() -> BTreeMap<PathBuf, Page> {
    let root = normal(&root().canonicalize().unwrap());
    let read = |path: PathBuf| {
        let page = Page::read(&fs::read_to_string(&path).unwrap());
        (path.strip_prefix(&root).unwrap().to_owned(), page)
    };
    files(&root, "md").into_iter().map(read).collect()
}

/// What is wrong with a link of the page at this path, if anything is.
fn broken(pages: &BTreeMap<PathBuf, Page>, from: &Path, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let folder = from.parent().unwrap_or(Path::new(""));
    let target = if path.is_empty() {
        from.to_owned()
    } else {
        normal(&folder.join(path))
    };
    let problem = match pages.get(&target) {
        Some(page) if anchor.is_empty() || page.anchors.contains(anchor) => return None,
        Some(_) => "no such heading",
        None if anchor.is_empty() && root().join(&target).exists() => return None,
        None => "no such file",
    };
    Some(format!("{}: {link}: {problem}", from.display()))
}

#[test]
fn every_link_of_the_documentation_leads_somewhere() {
    let pages = pages();
    let broken: Vec<_> = pages
        .iter()
        .flat_map(|(from, page)| page.links.iter().map(move |link| (from, link)))
        .filter_map(|(from, link)| broken(&pages, from, link))
        .collect();
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn every_page_of_the_book_is_a_chapter() {
    let pages = pages();
    let chapters: BTreeSet<_> = pages[Path::new("docs/SUMMARY.md")]
        .links
        .iter()
        .map(|link| Path::new("docs").join(link))
        .collect();
    let ours = |path: &&PathBuf| CHAPTERS.iter().any(|folder| path.starts_with(folder));
    let missing: Vec<_> = pages
        .keys()
        .filter(ours)
        .filter(|path| !chapters.contains(*path))
        .collect();
    assert_eq!(missing, Vec::<&PathBuf>::new());
}

/// A comment may lead to a decision; renaming a decision must not leave the comment behind.
#[test]
fn every_decision_that_the_sources_name_exists() {
    let mut missing = Vec::new();
    for path in ["crates", "tests", "migrations", "examples"]
        .iter()
        .flat_map(|folder| {
            let folder = root().join(folder);
            [
                files(&folder, "rs"),
                files(&folder, "sql"),
                files(&folder, "lua"),
                files(&folder, "toml"),
            ]
            .concat()
        })
    {
        let text = fs::read_to_string(&path).unwrap();
        for named in text.split("docs/decisions/").skip(1) {
            let name: String = named
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "-.".contains(*c))
                .collect();
            let name = name.trim_end_matches('.');
            if name.ends_with(".md") && !root().join("docs/decisions").join(name).exists() {
                missing.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_decision_has_a_status_and_a_date_and_stands_in_the_list() {
    let list = fs::read_to_string(root().join("docs/decisions/README.md")).unwrap();
    for path in files(&root().join("docs/decisions"), "md") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "README.md" {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().take(3).collect();
        let &[title, "", status] = lines.as_slice() else {
            panic!("{name} has no head")
        };
        let title = title.trim_start_matches("# ");
        assert!(
            list.contains(&format!("({name}) | {title} |")),
            "{name} is not listed as: {title}"
        );
        let date = status
            .strip_prefix("Status: ")
            .and_then(|status| status.split_once(" · Date: "));
        assert!(
            date.is_some_and(|(_, date)| date.len() == "2026-01-31".len()),
            "{name}: {status}"
        );
    }
}

#[test]
fn a_link_to_nowhere_is_found() {
    let page =
        Page::read("# A `b` c, d!\n## Twice\n## Twice\n[x](y.md#z) ![i](j.png)\n```\n[no](link)\n```\n");
    assert_eq!(page.links, ["y.md#z", "j.png"]);
    assert!(
        page.anchors.iter().eq(["a-b-c-d", "twice", "twice-1"]),
        "{page:?}"
    );
    let pages = BTreeMap::from([(PathBuf::from("docs/a.md"), page)]);
    for good in [
        "#twice-1",
        "../docs/a.md#a-b-c-d",
        "https://example.org/x",
        "../Cargo.toml",
    ] {
        assert_eq!(broken(&pages, Path::new("docs/a.md"), good), None);
    }
    for bad in ["#thrice", "b.md", "../Cargo.toml#lines", "../no.toml"] {
        assert!(broken(&pages, Path::new("docs/a.md"), bad).is_some(), "{bad}");
    }
}

/// Names in code type are as good as links: of files, and, where the page says what proves what, of tests.
#[test]
fn every_file_and_every_test_that_a_page_names_exists() {
    const OURS: [&str; 8] = [
        "crates/",
        "tests/",
        "docs/",
        "deploy/",
        "scripts/",
        "migrations/",
        "config/",
        "examples/",
    ];
    const PROOFS: [&str; 2] = ["docs/book/testing.md", "SECURITY.md"];
    // A file of whichever crate the reader is making.
    const EXCUSED: [&str; 1] = ["tests/contract.rs"];
    let sources = [
        files(&root().join("crates"), "rs"),
        files(&root().join("tests"), "rs"),
    ]
    .concat();
    let sources: String = sources
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let mut tests = 0;
    let mut missing = Vec::new();
    for (path, page) in pages() {
        for name in &page.code {
            let is_path = OURS.iter().any(|folder| name.starts_with(folder))
                && !name.contains([' ', '*', '{', '…'])
                && !name.contains("NAME");
            let is_test = PROOFS.iter().any(|page| path == Path::new(page)) && is_sentence(name);
            tests += usize::from(is_test);
            let gone = is_path && !EXCUSED.contains(&name.as_str()) && !root().join(name).exists()
                || is_test && !sources.contains(&format!("fn {name}("));
            if gone {
                missing.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert!(tests > 40, "found only {tests} names of tests");
    assert_eq!(missing, Vec::<String>::new());
}

/// Tests are named by sentences; nothing else in the documentation has as many words in one name.
fn is_sentence(name: &str) -> bool {
    name.matches('_').count() >= 4
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
