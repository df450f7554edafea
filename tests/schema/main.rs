//! The running service against its own description, by Schemathesis: it makes up requests that the OpenAPI document
//! allows and ones that it forbids, one after another and in sequences, and checks every answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};

use order_tests::{Mode, TestEngine, in_both_modes};
use tokio::process::Command;

/// Where `scripts/setup` puts it.
fn schemathesis() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = here.join("../target/tools/schemathesis/bin/schemathesis");
    assert!(
        found.exists(),
        "{} is missing: run scripts/setup",
        found.display()
    );
    found
}

async fn every_answer_is_as_described(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let folder = tempfile::tempdir().unwrap();
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/schemathesis.toml");
    let output = Command::new(schemathesis())
        .arg("--config-file")
        .arg(config)
        .args([
            "run",
            &engine.url("/openapi.json"),
            "--checks",
            "all",
            "--no-color",
        ])
        // Keys are off, and then nobody needs one; tests/api/access tries every route with and without.
        .args(["--exclude-checks", "ignored_auth"])
        // Where it keeps what it has found out.
        .current_dir(folder.path())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // It must have tried something, and is worth a look with --no-capture.
    println!("{said}");
    assert!(said.contains("✅ Stateful"), "{said}");
    engine.stop().await;
}

in_both_modes!(every_answer_is_as_described);
