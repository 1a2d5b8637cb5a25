//! Clients that do not follow the rules.

use std::time::Duration;

use super::Scene;
use crate::client::{NEWEST, initialize, tool_call};
use crate::sim::dice::Dice;
use crate::sim::link::Link;
use crate::sim::lock;
use crate::wire::{Request, response};

/// Runs a few attacks, one after the other.
pub(super) async fn live(scene: &Scene, mut dice: Dice) {
    for _ in 0..dice.within(2..8) {
        scene.pause(Duration::from_millis(dice.within(0..500))).await;
        let Some(mut link) = scene.connect() else { return };
        let (bytes, requests) = attack(&mut dice);
        link.send(&bytes).await;
        match dice.within(0..4) {
            0 => link.socket.reset(),
            1 => {
                link.socket.half_close();
                judge(scene, &mut link, requests).await;
            }
            // Sends nothing more, until a timeout.
            2 => judge(scene, &mut link, requests).await,
            _ => {
                scene.pause(Duration::from_millis(dice.within(0..20_000))).await;
                drop(link);
            }
        }
    }
}

/// Returns bytes, and the maximum number of their answers.
fn attack(dice: &mut Dice) -> (Vec<u8>, usize) {
    let call = tool_call("stolen", "echo", serde_json::json!({"text": "x", "ms": 10}));
    let good = match dice.within(0..4) {
        0 => Request::new("GET", "/livez"),
        1 => Request::post(initialize(NEWEST).to_string()),
        2 => Request::post(call.to_string())
            .header("Mcp-Session-Id", "00000000-0000-4000-8000-000000000000"),
        _ => Request::listen(),
    }
    .bytes();
    match dice.within(0..5) {
        // One byte replaced.
        0 => {
            let mut bytes = good;
            let at = dice.within(0..bytes.len() as u64) as usize;
            bytes[at] = dice.roll() as u8;
            (bytes, usize::MAX)
        }
        // Cut off.
        1 => {
            let len = dice.within(0..good.len() as u64) as usize;
            (good[..len].to_vec(), 1)
        }
        // Several at once.
        2 => {
            let count = dice.within(2..40) as usize;
            (good.repeat(count), count)
        }
        // Noise.
        3 => ((0..dice.within(1..5000)).map(|_| dice.roll() as u8).collect(), usize::MAX),
        // Two lengths.
        _ => {
            let text = String::from_utf8(good).expect("it is text");
            let lines = "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n";
            (text.replacen("\r\n", &format!("\r\n{lines}"), 1).into_bytes(), 1)
        }
    }
}

/// Asserts that only answers arrive, and not too many.
async fn judge(scene: &Scene, link: &mut Link, requests: usize) {
    let came = link.rest(Duration::from_secs(100)).await;
    let mut rest = &came[..];
    let mut answers = 0;
    while !rest.is_empty() {
        match response::parse(rest, true) {
            Ok(Some((response, len))) => {
                scene.tell(&response.status());
                rest = &rest[len..];
                answers += 1;
            }
            // A stream does not end on its own.
            Ok(None) => break,
            Err(broken) => panic!("{broken}: {}", came.escape_ascii()),
        }
    }
    assert!(answers <= requests, "{answers} answers to {requests} requests");
    lock(&scene.story).tally.answers += answers as u64;
}
