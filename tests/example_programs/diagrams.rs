//! The diagrams of the book are drawn by a script in the reader's browser, which alone knows whether they can be.

use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use serde_json::Value;

use crate::browser::Browser;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The diagrams of a page.
fn diagrams(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    for event in Parser::new(page) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(kind))) if &*kind == "mermaid" => {
                inside = true;
                found.push(String::new());
            }
            Event::Text(text) if inside => found.last_mut().unwrap().push_str(&text),
            Event::End(TagEnd::CodeBlock) => inside = false,
            _ => {}
        }
    }
    found
}

#[tokio::test]
async fn every_diagram_of_the_book_can_be_drawn() {
    let scripts = fs::read_dir(root("target/tools"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let script = scripts
        .filter(|path| path.to_string_lossy().ends_with(".min.js"))
        .max()
        .expect("what draws diagrams is missing: run scripts/setup");
    let folder = tempfile::tempdir().unwrap();
    fs::copy(script, folder.path().join("mermaid.js")).unwrap();
    fs::write(
        folder.path().join("index.html"),
        "<!doctype html><script src=mermaid.js></script>",
    )
    .unwrap();

    let browser = Browser::open(800, 600).await;
    let page = format!("file://{}", folder.path().join("index.html").display());
    browser.goto(&page).await.unwrap();
    let draw = "const [diagram, done] = arguments;
        mermaid.parse(diagram).then(() => done('drawn'), (error) => done(String(error)))";
    let mut drawn = 0;
    for chapter in ["concepts.md", "one-order.md"] {
        let text = fs::read_to_string(root("docs/book").join(chapter)).unwrap();
        for diagram in diagrams(&text) {
            let answer = browser
                .execute_async(draw, vec![Value::from(diagram.clone())])
                .await
                .unwrap();
            assert_eq!(answer, "drawn", "{chapter}:\n{diagram}");
            drawn += 1;
        }
    }
    assert!(drawn >= 4, "found only {drawn} diagrams");
}
