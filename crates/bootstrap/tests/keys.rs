//! `keys`, as its user at a shell meets it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn keys(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_order-engine"))
        .arg("keys")
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn without_a_database_a_key_comes_with_its_entry_for_the_configuration() {
    let (code, out, err) = keys(&[
        "create",
        "--owner",
        "the \"desk\"",
        "--scope",
        "admin,read",
        "--json",
    ]);
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(out.lines().count(), 1);
    let printed: Value = serde_json::from_str(&out).unwrap();
    let (id, secret) = printed["key"].as_str().unwrap().split_once('.').unwrap();
    assert_eq!((printed.as_object().unwrap().len(), secret.len()), (1, 64));
    assert!(!err.contains(secret), "{err}");
    // The entry is what the configuration takes.
    let entry = &err[err.find("[[auth.keys]]").unwrap()..];
    let entry: toml::Value = toml::from_str(entry).unwrap();
    let entry = &entry["auth"]["keys"][0];
    assert_eq!(entry["id"].as_str(), Some(id));
    assert_eq!(entry["owner"].as_str(), Some("the \"desk\""));
    assert_eq!(entry["scopes"].as_array().unwrap().len(), 2);
    assert_eq!(entry["hash"].as_str().unwrap().len(), 64);
}

#[test]
fn without_a_database_there_is_nothing_to_list_or_to_take_away() {
    for arguments in [&["list"][..], &["revoke", "k1"], &["rotate", "k1", "--json"]] {
        let (code, out, err) = keys(arguments);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(err.contains("auth.keys") && err.contains("DATABASE_URL"), "{err}");
    }
}

#[test]
fn what_is_no_owner_scope_or_id_is_refused() {
    for arguments in [
        &["create"][..],
        &["create", "--owner", ""],
        &["create", "--owner", "desk", "--scope", "root"],
        &["revoke", "a.b"],
    ] {
        assert_eq!(keys(arguments).0, Some(2), "{arguments:?}");
    }
}
