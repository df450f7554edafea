//! What the log says, changed while the engine runs.

use nix::sys::signal::Signal;
use order_tests::EngineProcess;

use crate::deployment::sale;

const MEMORY: [(&str, &str); 3] = [
    ("HOST", "127.0.0.1"),
    ("PORT", "0"),
    ("ORDER_ENGINE__VENUES__PROFILE", "instant"),
];

#[tokio::test]
async fn sighup_reads_the_log_levels_again_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("engine.toml");
    std::fs::write(&file, "log.filter = \"info\"\n").unwrap();
    let mut engine = EngineProcess::spawn(&["--config", file.to_str().unwrap()], &MEMORY);
    let client = engine.client().await;
    let quiet = client.accepted(&sale()).await;
    client.finished(&quiet).await;

    std::fs::write(&file, "log.filter = \"info,order_application=debug\"\n").unwrap();
    engine.signal(Signal::SIGHUP);
    engine.says("logging by this filter from now on").await;
    let loud = client.accepted(&sale()).await;
    engine.says("order accepted").await;
    // That it ended is told at any level.
    let told_of_quiet = |line: &String| line.contains("order accepted") && line.contains(&quiet);
    assert!(!engine.lines().iter().any(told_of_quiet));
    client.finished(&loud).await;

    // A mistake changes nothing.
    std::fs::write(&file, "log.colour = \"red\"\n").unwrap();
    engine.signal(Signal::SIGHUP);
    engine.says("the log stays as it is").await;
    client.finished(&client.accepted(&sale()).await).await;
    assert_eq!(engine.terminate().await, Some(0));
}
