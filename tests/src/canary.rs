//! A healthy session beside an attack: it calls without a pause, and tells what became of that.
//!
//! Owns: one session, one connection, and the thread that uses them.
//! Never: gives up at the first failure without saying which call it was.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{Client, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::wait::{millis, seconds};
use crate::wire::Wire;

/// How long one call may take, whatever else goes on. This is about being served at all, on a
/// machine that does much else; how fast is a figure of the benchmark.
const PATIENCE: Duration = seconds(5);

/// From the answer to one call to the next call.
const PERIOD: Duration = millis(20);

/// A session that calls all the time.
#[derive(Debug)]
pub struct Canary {
    over: Arc<AtomicBool>,
    calls: JoinHandle<Result<Vec<Duration>, String>>,
}

impl Canary {
    /// Opens its session, and begins.
    #[track_caller]
    pub fn start(pontoon: &Pontoon) -> Canary {
        let client = Client::open(pontoon);
        let mut wire = Wire::connect(pontoon.addr).patience(PATIENCE);
        let over = Arc::new(AtomicBool::new(false));
        let seen = over.clone();
        let calls = thread::spawn(move || {
            let mut latencies = Vec::new();
            while !seen.load(Ordering::Acquire) {
                let latency = call(&client, &mut wire)
                    .map_err(|broken| format!("call {}: {broken}", latencies.len() + 1))?;
                latencies.push(latency);
                thread::park_timeout(PERIOD);
            }
            Ok(latencies)
        });
        Canary { over, calls }
    }

    /// Ends it, and returns how long each call took. Panics unless every call was answered, in
    /// order and in time.
    #[track_caller]
    pub fn finish(self) -> Vec<Duration> {
        self.over.store(true, Ordering::Release);
        self.calls.thread().unpark();
        let latencies = self.calls.join().expect("it does not panic");
        let latencies = latencies.unwrap_or_else(|broken| panic!("the canary has died: {broken}"));
        assert!(!latencies.is_empty(), "the canary never called");
        latencies
    }
}

/// One call on a connection that is kept, and how long it took.
fn call(client: &Client, wire: &mut Wire) -> Result<Duration, String> {
    let id = client.id();
    let text = format!("canary {id}");
    let began = Instant::now();
    let request = client.post(tool_call(id, "echo", json!({"text": text}))).bytes();
    wire.try_send(request).map_err(|error| error.to_string())?;
    let response = wire.try_response().map_err(|broken| broken.to_string())?;
    let latency = began.elapsed();
    if response.status() != 200 {
        return Err(response.describe());
    }
    let answer = response.answer();
    if answer["id"] != id || text_of(&answer) != text || response.head.closes() {
        return Err(response.describe());
    }
    Ok(latency)
}
