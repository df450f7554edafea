//! One public type for one name, so that a reader who meets a name knows the thing.

use std::collections::BTreeMap;
use std::fs;

use crate::links::files;
use crate::workspace::root;

/// Names that two types still share. The list gets shorter, never longer.
const SHARED: [&str; 8] = [
    "Command",
    "Grant",
    "Held",
    "JournalError",
    "LandedTransaction",
    "Market",
    "Path",
    "Watch",
];

/// The public types of a file, without those of the macros in it.
fn types(text: &str) -> impl Iterator<Item = &str> {
    const KINDS: [&str; 4] = ["struct ", "enum ", "trait ", "type "];
    text.lines().filter_map(|line| {
        let item = line.strip_prefix("pub ")?;
        let name = KINDS.iter().find_map(|kind| item.strip_prefix(kind))?;
        let end = name.find(|c: char| !c.is_alphanumeric()).unwrap_or(name.len());
        Some(&name[..end]).filter(|name| !name.is_empty())
    })
}

#[test]
fn no_two_public_types_share_a_name() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let root = root().canonicalize().unwrap();
    for path in files(&root.join("crates"), "rs") {
        let place = path.strip_prefix(&root).unwrap().display().to_string();
        if place.contains("/src/") {
            for name in types(&fs::read_to_string(&path).unwrap()) {
                places.entry(name.to_owned()).or_default().push(place.clone());
            }
        }
    }
    assert!(places.len() > 300, "found only {} types", places.len());
    places.retain(|_, places| places.len() > 1);
    let is_known = |name: &String| SHARED.contains(&name.as_str());
    let new: Vec<_> = places.iter().filter(|(name, _)| !is_known(name)).collect();
    assert!(new.is_empty(), "{new:#?}");
    let mended: Vec<_> = SHARED
        .iter()
        .filter(|name| !places.contains_key(**name))
        .collect();
    assert!(
        mended.is_empty(),
        "shared no more, so take them off the list: {mended:?}"
    );
}

#[test]
fn types_are_found_by_their_declarations() {
    let text = "pub struct One;\npub enum Two<T> {\n    pub trait Inner\npub type Three = u8;\nstruct Private;\npub fn four() {}\npub struct $name;\n";
    assert!(types(text).eq(["One", "Two", "Three"]));
}
