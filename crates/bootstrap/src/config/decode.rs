//! From merged layers to typed settings, strictly, collecting every error on the way.
//!
//! A decoder stops at its first error. So a bad value is noted, replaced by its default and the whole decoded
//! again, until nothing is left to complain about. Environment variables are text; one is read as a number or
//! a switch exactly when the setting wants one.

use config::{Value, ValueKind};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use super::issue::ConfigIssue;
use super::layers::{Layers, Step, dotted};

/// More mistakes than a file has; a bound in case that a repair does not help.
const MOST: usize = 200;

/// Decodes the merged layers, and says what had to be left out. `None` when not even the defaults help.
pub(super) fn decode<T: DeserializeOwned>(
    layers: &Layers,
    issues: &mut Vec<ConfigIssue>,
) -> Option<(T, Repairs)> {
    let mut work = Work {
        tree: strict(&layers.merged)?,
        defaults: strict(&layers.defaults)?,
        secrets: secrets(&layers.merged),
        repairs: Repairs::default(),
        read: Vec::new(),
    };
    for _ in 0..MOST {
        match serde_path_to_error::deserialize(work.tree.clone()) {
            Ok(config) => return Some((config, work.repairs)),
            Err(error) => work.digest(&error, layers, issues),
        }
    }
    None
}

struct Work {
    tree: toml::Value,
    defaults: toml::Value,
    secrets: Vec<String>,
    repairs: Repairs,
    /// Texts that were read as something else already.
    read: Vec<Vec<Step>>,
}

impl Work {
    fn digest(
        &mut self,
        error: &serde_path_to_error::Error<toml::de::Error>,
        layers: &Layers,
        issues: &mut Vec<ConfigIssue>,
    ) {
        let path = steps(error.path());
        if self.read_text(&path, layers) {
            return;
        }
        let original = self.repairs.original(&path);
        // A key that we took out ourselves is then missed: that is no further mistake.
        let told = self
            .repairs
            .repaired
            .iter()
            .any(|removed| removed.starts_with(&original) && *removed != original);
        if !told {
            issues.push(ConfigIssue {
                key: dotted(&original),
                problem: worded(error.inner().message(), &self.secrets),
                origin: layers.origin(&original),
            });
        }
        self.repair(&path, original);
    }

    /// Reads a variable's text as what it seems to be, once.
    fn read_text(&mut self, path: &[Step], layers: &Layers) -> bool {
        if self.read.iter().any(|read| read == path) || !layers.is_text_by_nature(path) {
            return false;
        }
        let Some(slot) = find(&mut self.tree, path) else {
            return false;
        };
        let Some(text) = slot.as_str() else { return false };
        let value = match (text.parse(), text.parse()) {
            (Ok(integer), _) => toml::Value::Integer(integer),
            (_, Ok(switch)) => toml::Value::Boolean(switch),
            (Err(_), Err(_)) => return false,
        };
        *slot = value;
        self.read.push(path.to_vec());
        true
    }

    /// Puts the default in the place of the bad value. What is in a list has none: there the value is left out,
    /// and the entry altogether if it cannot do without, so that the rest of it is looked at as well.
    fn repair(&mut self, path: &[Step], original: Vec<Step>) {
        let default = find(&mut self.defaults, path).map(|default| default.clone());
        self.repairs.repaired.push(original);
        let in_list = path.iter().rposition(|step| matches!(step, Step::Index(_)));
        match (in_list, path.split_last()) {
            (_, None) => self.tree = self.defaults.clone(),
            (None, Some((Step::Key(key), parent))) => {
                if let Some(toml::Value::Table(table)) = find(&mut self.tree, parent) {
                    match default {
                        Some(default) => _ = table.insert(key.clone(), default),
                        None => _ = table.remove(key),
                    }
                }
            }
            (Some(entry), _) => self.leave_out(path, entry),
            (None, Some((Step::Index(_), _))) => {}
        }
    }

    /// Takes a value out of a list's entry, or the entry out of its list if there is no such value.
    fn leave_out(&mut self, path: &[Step], entry: usize) {
        if let Some((Step::Key(key), parent)) = path.split_last()
            && let Some(toml::Value::Table(table)) = find(&mut self.tree, parent)
            && table.remove(key).is_some()
        {
            return;
        }
        let (list, index) = (&path[..entry], &path[entry]);
        let original = self.repairs.original(&path[..=entry]);
        if let (Some(toml::Value::Array(array)), Step::Index(index)) = (find(&mut self.tree, list), index)
            && *index < array.len()
        {
            array.remove(*index);
            self.repairs.gone.push(original);
        }
    }
}

/// What was repaired, by the paths as they were written.
#[derive(Default)]
pub(super) struct Repairs {
    repaired: Vec<Vec<Step>>,
    /// Entries that were taken out of their lists.
    gone: Vec<Vec<Step>>,
}

impl Repairs {
    /// The path before earlier repairs took entries out of lists.
    pub(super) fn original(&self, path: &[Step]) -> Vec<Step> {
        let mut original: Vec<Step> = Vec::new();
        for step in path {
            let step = match step {
                Step::Key(key) => Step::Key(key.clone()),
                Step::Index(index) => Step::Index(self.original_index(&original, *index)),
            };
            original.push(step);
        }
        original
    }

    fn original_index(&self, list: &[Step], index: usize) -> usize {
        let mut gone: Vec<usize> = self.gone.iter().filter_map(|path| entry_of(path, list)).collect();
        gone.sort_unstable();
        gone.dedup();
        gone.into_iter()
            .fold(index, |index, gone| if gone <= index { index + 1 } else { index })
    }
}

/// Which entry of the list the path names, if it does.
fn entry_of(path: &[Step], list: &[Step]) -> Option<usize> {
    match path.strip_prefix(list)? {
        [Step::Index(index)] => Some(*index),
        _ => None,
    }
}

fn steps(path: &serde_path_to_error::Path) -> Vec<Step> {
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(Step::Index(*index)),
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Enum { .. } | Segment::Unknown => None,
    };
    path.iter().filter_map(step).collect()
}

fn find<'a>(tree: &'a mut toml::Value, path: &[Step]) -> Option<&'a mut toml::Value> {
    path.iter().try_fold(tree, |value, step| match step {
        Step::Key(key) => value.get_mut(key.as_str()),
        Step::Index(index) => value.get_mut(*index),
    })
}

/// The `config` crate's own decoder rounds 2.5 to 3 and takes `true` for 1; this form does not.
fn strict(value: &Value) -> Option<toml::Value> {
    Some(match &value.kind {
        ValueKind::Nil => return None,
        ValueKind::Boolean(switch) => toml::Value::Boolean(*switch),
        ValueKind::I64(integer) => toml::Value::Integer(*integer),
        ValueKind::I128(integer) => integer_or_text(*integer),
        ValueKind::U64(integer) => integer_or_text(*integer),
        ValueKind::U128(integer) => integer_or_text(*integer),
        ValueKind::Float(float) => toml::Value::Float(*float),
        ValueKind::String(text) => toml::Value::String(text.clone()),
        ValueKind::Array(array) => toml::Value::Array(array.iter().filter_map(strict).collect()),
        ValueKind::Table(table) => toml::Value::Table(
            table
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), strict(value)?)))
                .collect(),
        ),
    })
}

fn integer_or_text<N: TryInto<i64> + ToString + Copy>(integer: N) -> toml::Value {
    integer
        .try_into()
        .map_or_else(|_| toml::Value::String(integer.to_string()), toml::Value::Integer)
}

/// Texts that no message may show: addresses, and whatever stands in the sections of the servers.
fn secrets(merged: &Value) -> Vec<String> {
    fn collect(value: &Value, section: Option<&str>, secrets: &mut Vec<String>) {
        match &value.kind {
            ValueKind::String(text) if text.contains("://") || section.is_some_and(sensitive) => {
                secrets.push(text.clone());
            }
            ValueKind::Array(array) => array.iter().for_each(|value| collect(value, section, secrets)),
            ValueKind::Table(table) => {
                table
                    .iter()
                    .for_each(|(key, value)| collect(value, section.or(Some(key)), secrets));
            }
            _ => {}
        }
    }
    fn sensitive(section: &str) -> bool {
        !matches!(
            section,
            "server"
                | "limits"
                | "orders"
                | "routing"
                | "queue"
                | "watch"
                | "process"
                | "log"
                | "venues"
                | "tokens"
        )
    }
    let mut secrets = Vec::new();
    collect(merged, None, &mut secrets);
    secrets
}

/// What decoders call by the names of Rust's types.
const TYPES: [(&str, &str); 8] = [
    ("expected usize", "expected a whole number"),
    ("expected u64", "expected a whole number"),
    ("expected u32", "expected a whole number"),
    ("expected u16", "expected a whole number up to 65535"),
    ("expected u8", "expected a whole number up to 255"),
    ("expected i32", "expected a whole number"),
    ("expected struct ", "expected the section "),
    ("unknown field ", "unknown setting "),
];

/// A decoder's message for a person. It quotes what it chokes on; not if that is a secret.
fn worded(message: &str, secrets: &[String]) -> String {
    let plain = |message: String, (rust, plain): &(&str, &str)| message.replace(rust, plain);
    TYPES.iter().fold(scrub(message, secrets), plain)
}

fn scrub(message: &str, secrets: &[String]) -> String {
    let quoted = |message: String, secret: &String| {
        message
            .replace(&format!("{secret:?}"), "\"***\"")
            .replace(&format!("`{secret}`"), "`***`")
    };
    secrets.iter().fold(message.trim().to_owned(), quoted)
}
