//! What a venue answers is not trusted: whatever it answers is understood or odd, and proves nothing that it does not say.

use order_core::failure::VenueError;
use reqwest::StatusCode;
use serde::de::DeserializeOwned;

use super::http::refused;
use crate::RemoteError;
use crate::wire::{PoolsAnswer, SnapshotAnswer, StatusAnswer};

const INPUTS: usize = 3_000;

/// What a venue says when all is well, to be damaged.
const ANSWERS: [&str; 3] = [
    r#"{"code":"rate_limited","detail":"slow down","status":503}"#,
    r#"{"txHash":"1111111111111111111111111111111111111111111111111111111111111111","status":"landed","slot":7,"legs":[],"removesDuplicates":true}"#,
    r#"{"instance_id":1,"slot":2,"secs":3,"pools":[{"id":"raydium:SOL/USDC","dex":"Raydium","base":"SOL","quote":"USDC","version":1}]}"#,
];

/// One of the answers, cut off and with noise behind.
fn damaged((which, cut, noise): &(u8, u16, Vec<u8>)) -> Vec<u8> {
    let answer = ANSWERS[usize::from(*which) % ANSWERS.len()].as_bytes();
    let kept = usize::from(*cut) % (answer.len() + 1);
    [&answer[..kept], noise].concat()
}

fn decode<T: DeserializeOwned>(body: &[u8]) {
    // That it comes back at all is what is asked here.
    let _ = serde_json::from_slice::<T>(body);
}

#[test]
fn answers_of_noise() {
    let inputs = bolero::check!()
        .with_iterations(INPUTS)
        .with_type::<(u8, u16, Vec<u8>)>();
    inputs.for_each(|parts| {
        let body = damaged(parts);
        decode::<StatusAnswer>(&body);
        decode::<PoolsAnswer>(&body);
        decode::<SnapshotAnswer>(&body);
    });
}

#[test]
fn only_the_venues_own_word_proves_that_nothing_was_done() {
    let inputs = bolero::check!()
        .with_iterations(INPUTS)
        .with_type::<((u8, u16, Vec<u8>), u16)>();
    inputs.for_each(|(parts, status)| {
        let (body, status) = (damaged(parts), 100 + status % 500);
        let status = StatusCode::from_u16(status).unwrap();
        if let RemoteError::Refused(error) = refused(status, &body) {
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(
                error,
                VenueError::RateLimited,
                "{}",
                String::from_utf8_lossy(&body)
            );
        }
    });
}
