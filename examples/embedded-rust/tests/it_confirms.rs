//! The example does what it says.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

#[test]
fn the_embedded_engine_confirms_its_order() {
    let output = Command::new(env!("CARGO_BIN_EXE_embedded")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    let lines: Vec<_> = said.lines().collect();
    assert!(lines.first().unwrap().starts_with("ORD-"), "{said}");
    assert!(lines.last().unwrap().starts_with("confirmed: "), "{said}");
}
