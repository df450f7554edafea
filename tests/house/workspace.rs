//! The workspace as `cargo metadata` sees it, reduced to names and edges; and made-up ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{CargoOpt, DependencyKind, MetadataCommand};

/// Which crate depends on which.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    /// Of each member: what its manifest names, whatever it is for.
    pub direct: BTreeMap<String, BTreeSet<String>>,
    /// Of each member: everything that is compiled into it, however far down. No development dependencies.
    pub reachable: BTreeMap<String, BTreeSet<String>>,
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folders of the workspace's members.
pub fn member_folders() -> Vec<PathBuf> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    let manifests = metadata.workspace_packages();
    manifests
        .iter()
        .filter_map(|package| package.manifest_path.parent())
        .map(|folder| folder.to_owned().into())
        .collect()
}

impl Workspace {
    /// This workspace, on this machine's platform.
    pub fn real() -> Self {
        let platform = format!("--filter-platform={}", host());
        let metadata = MetadataCommand::new()
            .manifest_path(root().join("Cargo.toml"))
            .features(CargoOpt::AllFeatures)
            .other_options([platform])
            .exec()
            .unwrap();
        let names: BTreeMap<_, _> = metadata
            .packages
            .iter()
            .map(|p| (&p.id, p.name.to_string()))
            .collect();
        let mut compiled: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in &metadata.resolve.as_ref().unwrap().nodes {
            let edges = compiled.entry(names[&node.id].clone()).or_default();
            let kept = node.deps.iter().filter(|dep| {
                dep.dep_kinds
                    .iter()
                    .any(|kind| kind.kind != DependencyKind::Development)
            });
            edges.extend(kept.map(|dep| names[&dep.pkg].clone()));
        }
        let members = metadata.workspace_packages();
        let direct = members.iter().map(|package| {
            let named = package
                .dependencies
                .iter()
                .map(|dependency| dependency.name.clone())
                .collect();
            (package.name.to_string(), named)
        });
        let reachable = members
            .iter()
            .map(|package| (package.name.to_string(), reach(&package.name, &compiled)));
        Self {
            direct: direct.collect(),
            reachable: reachable.collect(),
        }
    }

    /// A made-up workspace of these members and what they name.
    pub fn fake(members: &[(&str, &[&str])]) -> Self {
        let own = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<BTreeSet<_>>()
        };
        let direct: BTreeMap<_, _> = members
            .iter()
            .map(|(name, named)| ((*name).to_owned(), own(named)))
            .collect();
        let reachable = direct
            .keys()
            .map(|name| (name.clone(), reach(name, &direct)))
            .collect();
        Self { direct, reachable }
    }
}

fn reach(from: &str, edges: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut ahead = vec![from];
    while let Some(name) = ahead.pop() {
        for next in edges.get(name).into_iter().flatten() {
            if reached.insert(next.clone()) {
                ahead.push(next);
            }
        }
    }
    reached
}

/// The platform that is compiled for, so that nothing else needs to be downloaded.
fn host() -> String {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap()
        .to_owned()
}
