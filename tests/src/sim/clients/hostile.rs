//! Clients that do not follow the rules.

use std::time::Duration;

use super::Run;
use crate::client::{NEWEST, initialize, tool_call};
use crate::response;
use crate::sim::link::Link;
use crate::sim::lock;
use crate::sim::rng::Rng;
use crate::wire::Request;

/// Runs a few attacks, one after the other.
pub(super) async fn run(run: &Run, mut rng: Rng) {
    for _ in 0..rng.range(2..8) {
        run.pause(Duration::from_millis(rng.range(0..500))).await;
        let Some(mut link) = run.connect() else { return };
        let (bytes, requests) = attack(&mut rng);
        link.send(&bytes).await;
        match rng.range(0..4) {
            0 => link.socket.reset(),
            1 => {
                link.socket.half_close();
                check(run, &mut link, requests).await;
            }
            // Sends nothing more, until a timeout.
            2 => check(run, &mut link, requests).await,
            _ => {
                run.pause(Duration::from_millis(rng.range(0..20_000))).await;
                drop(link);
            }
        }
    }
}

/// Returns bytes, and the maximum number of their answers.
fn attack(rng: &mut Rng) -> (Vec<u8>, usize) {
    let call = tool_call("stolen", "echo", serde_json::json!({"text": "x", "ms": 10}));
    let good = match rng.range(0..4) {
        0 => Request::new("GET", "/livez"),
        1 => Request::post(initialize(NEWEST).to_string()),
        2 => Request::post(call.to_string())
            .header("Mcp-Session-Id", "00000000-0000-4000-8000-000000000000"),
        _ => Request::listen(),
    }
    .bytes();
    match rng.range(0..5) {
        // One byte replaced.
        0 => {
            let mut bytes = good;
            let at = rng.range(0..bytes.len() as u64) as usize;
            bytes[at] = rng.next_u64() as u8;
            (bytes, usize::MAX)
        }
        // Cut off.
        1 => {
            let len = rng.range(0..good.len() as u64) as usize;
            (good[..len].to_vec(), 1)
        }
        // Several at once.
        2 => {
            let count = rng.range(2..40) as usize;
            (good.repeat(count), count)
        }
        // Noise.
        3 => ((0..rng.range(1..5000)).map(|_| rng.next_u64() as u8).collect(), usize::MAX),
        // Two lengths.
        _ => {
            let text = String::from_utf8(good).expect("it is text");
            let lines = "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n";
            (text.replacen("\r\n", &format!("\r\n{lines}"), 1).into_bytes(), 1)
        }
    }
}

/// Asserts that only answers arrive, and not too many.
async fn check(run: &Run, link: &mut Link, requests: usize) {
    let came = link.rest(Duration::from_secs(100)).await;
    let mut rest = &came[..];
    let mut answers = 0;
    while !rest.is_empty() {
        match response::parse(rest, true) {
            Ok(Some((response, len))) => {
                run.record(&response.status());
                rest = &rest[len..];
                answers += 1;
            }
            // A stream does not end on its own.
            Ok(None) => break,
            Err(broken) => panic!("{broken}: {}", came.escape_ascii()),
        }
    }
    assert!(answers <= requests, "{answers} answers to {requests} requests");
    lock(&run.log).stats.answers += answers as u64;
}
