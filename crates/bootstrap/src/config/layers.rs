//! The sources of the configuration, laid over each other, each value knowing where it came from.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use config::{ConfigError, Environment, File, FileFormat, FileSourceString, Map, Source, Value, ValueKind};

use super::conventional_env;
use super::issue::ConfigIssue;
use super::kubernetes;

/// The defaults, which name every setting.
const DEFAULTS: &str = include_str!("../../../../config/default.toml");

/// The file they stand in.
const DEFAULT_FILE: &str = "config/default.toml";

const PREFIX: &str = "ORDER_ENGINE";
const SEPARATOR: &str = "__";
/// What the `config` crate calls the origin of an environment variable.
const ENVIRONMENT: &str = "the environment";

/// What is laid over the defaults. Holds secrets, so it cannot be printed.
#[derive(Clone, Default)]
pub struct Inputs {
    /// A TOML file.
    pub file: Option<PathBuf>,
    /// Environment variables.
    pub environment: HashMap<String, String>,
    /// TOML texts that win over everything else, the later ones over the former: for tests and other programs
    /// that embed the engine.
    pub overrides: Vec<String>,
}

impl Inputs {
    /// The environment of this process, and the given file.
    pub fn of_process(file: Option<PathBuf>) -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        };
        Self {
            file,
            environment: std::env::vars_os().filter_map(text).collect(),
            overrides: Vec::new(),
        }
    }
}

/// The sources, merged.
pub(super) struct Layers {
    pub(super) merged: Value,
    pub(super) defaults: Value,
}

/// Lays all sources over each other.
pub(super) fn merge(inputs: &Inputs, issues: &mut Vec<ConfigIssue>, warnings: &mut Vec<String>) -> Layers {
    let mut defaults = empty();
    lay_text(DEFAULT_FILE, DEFAULTS, &mut defaults, issues);
    let mut merged = defaults.clone();
    if let Some(path) = &inputs.file {
        lay_file(path, &mut merged, issues);
    }
    reject_near_misses(&inputs.environment, issues);
    let environment = Environment::with_prefix(PREFIX)
        .prefix_separator(SEPARATOR)
        .separator(SEPARATOR)
        .ignore_empty(true)
        .source(Some(set_by_people(&inputs.environment)));
    lay_source(PREFIX, &environment, &mut merged, issues);
    let conventional_env = conventional_env::conventional_env(&inputs.environment, issues, warnings);
    lay_source("the environment", &conventional_env, &mut merged, issues);
    for text in &inputs.overrides {
        lay_text("the overrides", text, &mut merged, issues);
    }
    Layers { merged, defaults }
}

fn empty() -> Value {
    Value::new(None, ValueKind::Table(Map::new()))
}

fn lay_source(name: &str, source: &dyn Source, onto: &mut Value, issues: &mut Vec<ConfigIssue>) {
    if let Err(error) = source.collect_to(onto) {
        issues.push(ConfigIssue::at(name, error.to_string()));
    }
}

fn lay_file(path: &Path, onto: &mut Value, issues: &mut Vec<ConfigIssue>) {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => lay_text(&name, &text, onto, issues),
        Err(error) => issues.push(ConfigIssue::at(name, format!("cannot be read: {error}"))),
    }
}

fn lay_text(name: &str, text: &str, onto: &mut Value, issues: &mut Vec<ConfigIssue>) {
    if well_formed(name, text, issues) {
        let origin = name.to_owned();
        lay_source(
            name,
            &Text {
                origin,
                file: File::from_str(text, FileFormat::Toml),
            },
            onto,
            issues,
        );
    }
}

/// TOML text whose values know where it came from.
#[derive(Clone, Debug)]
struct Text {
    origin: String,
    file: File<FileSourceString, FileFormat>,
}

impl Source for Text {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let values = self.file.collect()?.into_iter();
        Ok(values
            .map(|(key, value)| (key, originating(value, &self.origin)))
            .collect())
    }
}

fn originating(value: Value, origin: &String) -> Value {
    let kind = match value.kind {
        ValueKind::Table(table) => ValueKind::Table(
            table
                .into_iter()
                .map(|(key, value)| (key, originating(value, origin)))
                .collect(),
        ),
        ValueKind::Array(array) => ValueKind::Array(
            array
                .into_iter()
                .map(|value| originating(value, origin))
                .collect(),
        ),
        kind => kind,
    };
    Value::new(Some(origin), kind)
}

/// Checked ahead of the `config` crate, whose message quotes the line, which may hold a password.
fn well_formed(name: &str, text: &str, issues: &mut Vec<ConfigIssue>) -> bool {
    let Err(error) = text.parse::<toml::Table>() else {
        return true;
    };
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.as_bytes()[..start]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1;
    issues.push(ConfigIssue::at(
        format!("{name}, line {line}"),
        "is not TOML: check quotes, brackets and repeated keys",
    ));
    false
}

/// The environment without what Kubernetes puts there: a Service called `order-engine--x` looks like a section.
fn set_by_people(environment: &HashMap<String, String>) -> HashMap<String, String> {
    let set = environment
        .iter()
        .filter(|(name, value)| !kubernetes::injects(name, value));
    set.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Variables of this program that are no settings: which file, and what its clients are told by.
const OTHERS: [&str; 3] = ["ORDER_ENGINE_CONFIG", "ORDER_ENGINE_URL", "ORDER_ENGINE_API_KEY"];

/// A variable that was meant for us and would be ignored.
fn reject_near_misses(environment: &HashMap<String, String>, issues: &mut Vec<ConfigIssue>) {
    let mut names: Vec<_> = environment
        .keys()
        .filter(|name| name.starts_with("ORDER_ENGINE_"))
        .collect();
    names.sort();
    for name in names {
        let ours = name.starts_with("ORDER_ENGINE__") || OTHERS.contains(&name.as_str());
        let value = environment.get(name).map_or("", String::as_str);
        if !ours && !kubernetes::injects(name, value) {
            issues.push(ConfigIssue::at(
                name,
                "is not a setting; sections and keys are set off by two underscores",
            ));
        }
    }
}

/// One step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// The steps as text, `venues.raydium.pools[0].base`.
pub(super) fn dotted(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

/// The way that [`dotted`] writes.
pub(super) fn steps(key: &str) -> Vec<Step> {
    let parts = key
        .split(['.', '['])
        .map(|part| match part.strip_suffix(']').map(str::parse) {
            Some(Ok(index)) => Step::Index(index),
            Some(Err(_)) | None => Step::Key(part.to_owned()),
        });
    parts.collect()
}

impl Layers {
    /// The file or variable that a setting came from; none for a default.
    pub(super) fn origin(&self, path: &[Step]) -> Option<String> {
        match self.raw_origin(path)? {
            ENVIRONMENT => Some(variable(path)),
            origin => Some(origin.to_owned()),
        }
    }

    /// Whether a setting came from the environment, where everything is text.
    pub(super) fn is_text_by_nature(&self, path: &[Step]) -> bool {
        self.raw_origin(path)
            .is_some_and(|origin| origin == ENVIRONMENT || conventional_env::is_plain(origin))
    }

    fn raw_origin(&self, path: &[Step]) -> Option<&str> {
        let mut value = &self.merged;
        for step in path {
            let next = match (step, &value.kind) {
                (Step::Key(key), ValueKind::Table(table)) => table.get(key),
                (Step::Index(index), ValueKind::Array(array)) => array.get(*index),
                _ => None,
            };
            value = next?;
        }
        some_origin(value)
    }
}

/// The environment variable of a setting.
fn variable(path: &[Step]) -> String {
    let key = dotted(path).to_uppercase().replace('.', SEPARATOR);
    format!("{PREFIX}{SEPARATOR}{key}")
}

/// A table that was merged has no origin of its own; what stands in it has.
fn some_origin(value: &Value) -> Option<&str> {
    value.origin().or_else(|| match &value.kind {
        ValueKind::Table(table) => table
            .values()
            .filter_map(some_origin)
            .find(|origin| *origin != DEFAULT_FILE),
        _ => None,
    })
}
