//! The signals by which a process is asked to stop, or to read its log levels again.

use tokio::signal::unix::{SignalKind, signal};

/// Returns at the first SIGTERM or SIGINT. Another one ends the process at once: its sender has waited
/// long enough, and nothing is lost by it.
pub async fn stop() {
    let (mut terminate, mut interrupt) =
        match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
            (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
            (Err(error), _) | (_, Err(error)) => {
                // Without handlers the signals do what they do by default, which is safe.
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot listen for signals"
                );
                return std::future::pending().await;
            }
        };
    let name = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    tracing::info!(signal = name, "asked to stop; once more ends the process at once");
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        std::process::exit(EXIT_AT_ONCE);
    });
}

/// Calls this at every SIGHUP, for as long as the runtime runs.
pub fn at_hangup(mut act: impl FnMut() + Send + 'static) {
    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => hangups,
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "cannot listen for SIGHUP"
            );
            return;
        }
    };
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            act();
        }
    });
}

/// As a shell reports a process that SIGINT ended.
const EXIT_AT_ONCE: i32 = 130;
