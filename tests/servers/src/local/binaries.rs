//! Where the machine keeps its servers.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The folder of one program, wherever `PATH` or `others` has it.
pub(crate) fn find(program: &str, others: &[&str]) -> Option<PathBuf> {
    find_together(&[program], others).map(|folder| folder.join(program))
}

/// A folder that holds all these programs: those of one version belong together. In `others`, one
/// part of a path may be `*`; of several versions the highest is taken.
pub(crate) fn find_together(programs: &[&str], others: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let more = others.iter().flat_map(|pattern| expand(pattern));
    env::split_paths(&path)
        .chain(more)
        .find(|folder| programs.iter().all(|name| is_program(&folder.join(name))))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or((".", before));
    let mut names: Vec<String> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort_by_key(|name| std::cmp::Reverse(version(&name[prefix.len()..])));
    names
        .into_iter()
        .map(|name| PathBuf::from(format!("{parent}/{name}{after}")))
        .collect()
}

/// Numbers, so that 9 comes before 15.
fn version(text: &str) -> Vec<u32> {
    text.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}
