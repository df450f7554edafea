//! How the modules of a crate may use each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item, ItemMod, UseTree};

use crate::sources::rust_files;
use crate::workspace::{member_folders, root};

/// Circles that are still to be untied. The list gets shorter, never longer.
const OPEN: [&str; 4] = [
    "crates/adapters/metrics: births, venues",
    "crates/adapters/postgres: connect, pooler",
    "crates/adapters/postgres: intake, journal, leases, list, reader, store",
    "crates/adapters/redis: check, probe, queue, server",
];

/// One crate's sources: each file by its path below `src`, parsed.
struct Sources {
    files: Vec<(Vec<String>, syn::File)>,
}

impl Sources {
    fn read(src: &Path) -> Self {
        let files = rust_files(src).into_iter().map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (module_of(path.strip_prefix(src).unwrap()), text)
        });
        Self::parse(files)
    }

    /// Without what is compiled for tests alone.
    fn parse(files: impl IntoIterator<Item = (Vec<String>, String)>) -> Self {
        let mut files: Vec<_> = files
            .into_iter()
            .map(|(module, text)| (module, syn::parse_file(&text).unwrap()))
            .collect();
        let of_tests: BTreeSet<Vec<String>> = files
            .iter()
            .flat_map(|(module, file)| test_modules(module, &file.items))
            .collect();
        files.retain(|(module, _)| !(0..=module.len()).any(|end| of_tests.contains(&module[..end])));
        Self { files }
    }

    /// The names that the root makes known, each with the top module that it comes from.
    fn re_exports(&self) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        for (_, root) in self.files.iter().filter(|(module, _)| module.is_empty()) {
            for item in &root.items {
                if let Item::Use(item) = item
                    && let UseTree::Path(path) = &item.tree
                {
                    let mut leaves = Vec::new();
                    leaf_names(&path.tree, &mut leaves);
                    names.extend(leaves.into_iter().map(|leaf| (leaf, path.ident.to_string())));
                }
            }
        }
        names
    }

    /// Which top module names which other.
    fn uses(&self) -> BTreeSet<(String, String)> {
        let tops: BTreeSet<_> = self
            .files
            .iter()
            .filter_map(|(module, _)| module.first())
            .collect();
        let re_exports = self.re_exports();
        let mut uses = BTreeSet::new();
        for (module, file) in &self.files {
            let Some(top) = module.first() else { continue };
            let mut names = Vec::new();
            names_from_root(&without_tests(file), module.len(), &mut names);
            let targets = names.iter().filter_map(|name| match tops.contains(name) {
                true => Some(name),
                false => re_exports.get(name),
            });
            uses.extend(
                targets
                    .filter(|target| *target != top)
                    .map(|target| (top.clone(), target.clone())),
            );
        }
        uses
    }

    /// The top modules that use each other, in whatever number of steps.
    fn circles(&self) -> Vec<Vec<String>> {
        let uses = self.uses();
        let graph: DiGraphMap<&str, ()> = uses
            .iter()
            .map(|(from, to)| (from.as_str(), to.as_str()))
            .collect();
        let circles = tarjan_scc(&graph).into_iter().filter(|circle| circle.len() > 1);
        circles
            .map(|circle| {
                let mut names: Vec<_> = circle.into_iter().map(str::to_owned).collect();
                names.sort();
                names
            })
            .collect()
    }
}

/// `engine/quote.rs` and `engine/quote/mod.rs` are `engine::quote`; `lib.rs` and `main.rs` are the root.
fn module_of(path: &Path) -> Vec<String> {
    let mut names: Vec<_> = path
        .with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if names.last().is_some_and(|last| last == "mod")
        || matches!(names.as_slice(), [only] if only == "lib" || only == "main")
    {
        names.pop();
    }
    names
}

fn for_tests_alone(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.to_token_stream().to_string().contains("(test)")
    })
}

fn test_modules<'a>(parent: &'a [String], items: &'a [Item]) -> impl Iterator<Item = Vec<String>> + 'a {
    items.iter().filter_map(move |item| match item {
        Item::Mod(ItemMod { attrs, ident, .. }) if for_tests_alone(attrs) => {
            Some([parent, &[ident.to_string()]].concat())
        }
        _ => None,
    })
}

fn without_tests(file: &syn::File) -> TokenStream {
    let kept = file.items.iter().filter(|item| match item {
        Item::Mod(item) => !for_tests_alone(&item.attrs),
        Item::Fn(item) => !for_tests_alone(&item.attrs),
        Item::Use(item) => !for_tests_alone(&item.attrs),
        Item::Impl(item) => !for_tests_alone(&item.attrs),
        _ => true,
    });
    kept.map(ToTokens::to_token_stream).collect()
}

fn leaf_names(tree: &UseTree, found: &mut Vec<String>) {
    match tree {
        UseTree::Path(path) => leaf_names(&path.tree, found),
        UseTree::Name(name) => found.push(name.ident.to_string()),
        UseTree::Rename(rename) => found.push(rename.rename.to_string()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaf_names(tree, found)),
        UseTree::Glob(_) => {}
    }
}

/// What is named behind `crate::`, and behind as many `super::` as lead to the root from a module this deep.
fn names_from_root(tokens: &TokenStream, depth: usize, found: &mut Vec<String>) {
    let tokens: Vec<_> = tokens.clone().into_iter().collect();
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.to_string() == word);
    let colons = |at: usize| is(at, ":") && is(at + 1, ":");
    let mut at = 0;
    while at < tokens.len() {
        if let TokenTree::Group(group) = &tokens[at] {
            names_from_root(&group.stream(), depth, found);
        }
        let continues = at >= 2 && colons(at - 2);
        let mut end = at;
        if is(at, "crate") && colons(at + 1) && !continues {
            end = at + 3;
        } else if is(at, "super") && !continues {
            let mut steps = 0;
            while is(end, "super") && colons(end + 1) {
                (end, steps) = (end + 3, steps + 1);
            }
            if steps != depth {
                at = end.max(at + 1);
                continue;
            }
        }
        if end == at {
            at += 1;
            continue;
        }
        match tokens.get(end) {
            Some(TokenTree::Group(group)) => first_names(&group.stream(), found),
            Some(TokenTree::Ident(ident)) => found.push(ident.to_string()),
            _ => {}
        }
        at = end;
    }
}

/// The first name of each path in the braces of a `use`.
fn first_names(group: &TokenStream, found: &mut Vec<String>) {
    let mut first = true;
    for token in group.clone() {
        match token {
            TokenTree::Ident(ident) if first => {
                found.push(ident.to_string());
                first = false;
            }
            TokenTree::Punct(punct) if punct.as_char() == ',' => first = true,
            _ => {}
        }
    }
}

#[test]
fn no_two_top_modules_of_a_crate_use_each_other() {
    let mut circles = Vec::new();
    for folder in member_folders() {
        let src = folder.join("src");
        if src.is_dir() {
            let root = root().canonicalize().unwrap();
            let name = folder.strip_prefix(root).unwrap().display().to_string();
            let found = Sources::read(&src).circles();
            circles.extend(
                found
                    .into_iter()
                    .map(|circle| format!("{name}: {}", circle.join(", "))),
            );
        }
    }
    circles.sort();
    assert_eq!(circles, OPEN);
}

fn made_up(files: &[(&str, &str)]) -> Sources {
    let files = files
        .iter()
        .map(|(path, text)| (module_of(Path::new(path)), (*text).to_owned()));
    Sources::parse(files)
}

#[test]
fn circles_are_found_however_they_are_written() {
    let circle = |b: &str| {
        made_up(&[
            ("lib.rs", "mod a;\nmod b;\npub use a::{Thing, deep::Other};"),
            ("a.rs", "use crate::b::B;"),
            ("b/mod.rs", "mod inner;"),
            ("b/inner.rs", b),
        ])
        .circles()
    };
    for b in [
        "use crate::a::A;",
        "use crate::{c::C, a::A};",
        "use crate::Thing;",
        "fn f() { println!(\"{}\", crate::a::A); }",
        "fn f() -> super::super::a::A {}",
        "use super::super::Other;",
    ] {
        assert_eq!(circle(b), [["a", "b"]], "{b}");
    }
    for b in [
        "use super::a::A;",
        "use other::a::A;",
        "// crate::a::A",
        "#[cfg(test)]\nmod tests { use crate::a::A; }",
    ] {
        assert!(circle(b).is_empty(), "{b}");
    }
    let of_tests = [
        ("lib.rs", "mod a;\nmod b;"),
        ("a.rs", "use crate::b::B;\n#[cfg(test)]\nmod fuzz;"),
        ("b.rs", "#[cfg(test)]\nmod tests;"),
        ("b/tests.rs", "use crate::a::A;"),
    ];
    assert!(made_up(&of_tests).circles().is_empty());
}
