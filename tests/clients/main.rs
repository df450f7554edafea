//! The description, taken at its word: clients that are generated from it, each of which goes through every operation of
//! a running engine, and answers of all kinds that are held against it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use order_core::access::{Scope, Scopes};
use order_tests::TestEngine;
use secrecy::ExposeSecret;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

/// A folder of this test.
fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(path)
}

/// What `scripts/setup` has put there.
fn tool(path: &str) -> PathBuf {
    let found = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/tools")
        .join(path);
    assert!(
        found.exists(),
        "{} is missing: run scripts/setup",
        found.display()
    );
    found
}

/// A command of a tool, beside which its helpers are found.
fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let beside = std::iter::once(program.parent().unwrap().to_owned()).filter(|folder| folder.is_dir());
    let paths: OsString = std::env::join_paths(beside.chain(std::env::split_paths(&paths))).unwrap();
    command.env("PATH", paths).env("NO_PROXY", "*").kill_on_drop(true);
    command
}

/// What the command says; it must succeed.
async fn run(command: &mut Command) -> String {
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{said}{complaints}");
    said + &complaints
}

/// An engine that wants keys, a key to trade with, and its description in a folder.
struct Stage {
    engine: TestEngine,
    key: String,
    folder: TempDir,
    document: PathBuf,
    operations: BTreeSet<String>,
}

impl Stage {
    async fn open(settings: &str) -> Self {
        let engine = TestEngine::memory(&format!("auth.mode = \"keys\"\n{settings}")).await;
        let scopes: Scopes = [Scope::Trade, Scope::Read].into_iter().collect();
        let key = engine
            .app()
            .keys()
            .create("desk".parse().unwrap(), scopes)
            .await
            .unwrap();
        let text = engine.get("/openapi.json").await.text;
        let folder = tempfile::tempdir().unwrap();
        let document = folder.path().join("order-engine.json");
        std::fs::write(&document, &text).unwrap();
        Self {
            engine,
            key: key.shown.expose_secret().to_owned(),
            folder,
            document,
            operations: operations(&serde_json::from_str(&text).unwrap()),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Has a client go its round, which must lead through every operation.
    async fn round(self, client: &mut Command) {
        let said = run(client.arg(self.engine.url("")).arg(&self.key)).await;
        let called: BTreeSet<_> = said.lines().map(str::to_owned).collect();
        let missing: Vec<_> = self.operations.difference(&called).collect();
        assert!(missing.is_empty(), "never called: {missing:?}\n{said}");
        self.engine.stop().await;
    }
}

/// Every operation that the document has.
fn operations(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().unwrap().values();
    let names = paths
        .flat_map(|path| path.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap().to_owned());
    let names: BTreeSet<_> = names.collect();
    assert!(names.len() >= 20, "{names:?}");
    names
}

#[tokio::test]
async fn the_client_of_openapi_python_client_works() {
    let stage = Stage::open("").await;
    let generated = run(command(&tool("openapi-python-client/bin/openapi-python-client"))
        .arg("generate")
        .arg("--path")
        .arg(&stage.document)
        .arg("--output-path")
        .arg(stage.path("client")))
    .await;
    // It leaves out what it cannot make sense of, and says so.
    assert!(
        !generated.contains("arning") && !generated.contains("Unable"),
        "{generated}"
    );
    let mut python = command(&tool("openapi-python-client/bin/python"));
    python
        .arg(here("python/openapi_python_client_round.py"))
        .env("PYTHONPATH", stage.path("client"));
    stage.round(&mut python).await;
}

#[tokio::test]
async fn the_client_of_openapi_generator_works() {
    let stage = Stage::open("").await;
    run(command(&tool("openapi-generator/bin/openapi-generator-cli"))
        .args(["generate", "-g", "python", "-i"])
        .arg(&stage.document)
        .arg("-o")
        .arg(stage.path("client")))
    .await;
    let mut python = command(&tool("openapi-generator/bin/python"));
    python
        .arg(here("python/openapi_generator_round.py"))
        .env("PYTHONPATH", stage.path("client"));
    stage.round(&mut python).await;
}

#[tokio::test]
async fn the_types_of_openapi_typescript_compile_and_fit_the_answers() {
    let stage = Stage::open("").await;
    let modules = tool("openapi-typescript/node_modules");
    for name in ["round.ts", "tsconfig.json", "package.json"] {
        std::fs::copy(here("typescript").join(name), stage.path(name)).unwrap();
    }
    std::os::unix::fs::symlink(
        std::fs::canonicalize(&modules).unwrap(),
        stage.path("node_modules"),
    )
    .unwrap();
    run(command(&modules.join(".bin/openapi-typescript"))
        .arg(&stage.document)
        .arg("-o")
        .arg(stage.path("schema.d.ts")))
    .await;
    run(command(&modules.join(".bin/tsc")).current_dir(stage.folder.path())).await;
    let mut node = command(Path::new("node"));
    node.arg(stage.path("built/round.js"));
    stage.round(&mut node).await;
}

#[tokio::test]
async fn the_document_is_valid_and_every_answer_is_as_it_says() {
    // A venue that fails now and then, so that an order is tried again.
    let stage = Stage::open("venues.faults.error_rate = { rate_limited = \"0.3\" }\n").await;
    let mut python = command(&tool("openapi-python-client/bin/python"));
    python.arg(here("python/conformance.py"));
    let python = python
        .arg(stage.engine.url(""))
        .arg(&stage.key)
        .arg(&stage.document);
    println!("{}", run(python).await);
    stage.engine.stop().await;
}
