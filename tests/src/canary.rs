//! A healthy session during an attack: it sends calls continuously, and measures them.
//!
//! Owns: one session, one connection, and the thread that uses them, or in a simulated world the
//! task. On failure it reports which call failed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::json;

use crate::client::{Client, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::sim::link::Link;
use crate::sim::process::SUITE;
use crate::sim::{self, World, lock};
use crate::wait::{Instant, eventually, millis, seconds};
use crate::wire::{Broken, Response, Wire};

/// The time limit of a call under any load. It is about being served at all on a busy machine;
/// speed is measured by the benchmark.
const CALL_TIME_MAX: Duration = seconds(15);

/// The same in a simulated world, where work takes no time, so that any delay is caused by waiting.
const SIMULATED_CALL_TIME_MAX: Duration = millis(50);

/// The pause between two calls.
const PERIOD: Duration = millis(20);

/// A session that sends calls continuously.
#[derive(Debug)]
pub struct Canary {
    over: Arc<AtomicBool>,
    runner: Runner,
}

/// The duration of each call, or the failure.
type Outcome = Result<Vec<Duration>, String>;

/// The thread or task of a canary.
#[derive(Debug)]
enum Runner {
    Thread(JoinHandle<Outcome>),
    /// A task of a simulated world, and the place for its results.
    Task(Arc<Mutex<Option<Outcome>>>),
}

impl Canary {
    /// Opens its session, and starts.
    #[track_caller]
    pub fn start(pontoon: &Pontoon) -> Canary {
        Canary::begin(pontoon, false)
    }

    /// Does the same; a call whose connection was closed between two requests is repeated once on a
    /// new connection, as HTTP clients do.
    #[track_caller]
    pub fn start_reconnecting(pontoon: &Pontoon) -> Canary {
        Canary::begin(pontoon, true)
    }

    #[track_caller]
    fn begin(pontoon: &Pontoon, reconnects: bool) -> Canary {
        let over = Arc::new(AtomicBool::new(false));
        let caller = Caller { client: Client::open(pontoon), over: over.clone() };
        let runner = match sim::current() {
            Some(world) => {
                let outcome = Arc::<Mutex<_>>::default();
                let link = Link::connect(&world, pontoon.addr.port()).expect("it listens");
                let (own, place) = (world.clone(), outcome.clone());
                world.spawn(SUITE, async move {
                    let outcome = caller.run_in_task(&own, link).await;
                    *lock(&place) = Some(outcome);
                });
                Runner::Task(outcome)
            }
            None => {
                let addr = pontoon.addr;
                let connect = move || Wire::connect(addr).patience(CALL_TIME_MAX);
                Runner::Thread(thread::spawn(move || caller.run_in_thread(connect, reconnects)))
            }
        };
        Canary { over, runner }
    }

    /// Stops, and returns the duration of each call. Panics unless every call was answered, in
    /// order and in time.
    #[track_caller]
    pub fn finish(self) -> Vec<Duration> {
        self.over.store(true, Ordering::Release);
        let outcome = match self.runner {
            Runner::Thread(calls) => {
                calls.thread().unpark();
                calls.join().expect("it does not panic")
            }
            Runner::Task(outcome) => {
                eventually("its last call is over", CALL_TIME_MAX, || lock(&outcome).is_some());
                lock(&outcome).take().expect("it was there")
            }
        };
        let latencies = outcome.unwrap_or_else(|broken| panic!("the canary has died: {broken}"));
        assert!(!latencies.is_empty(), "the canary never called");
        latencies
    }
}

/// The client of a canary.
struct Caller {
    client: Client,
    over: Arc<AtomicBool>,
}

impl Caller {
    fn run_in_thread(self, connect: impl Fn() -> Wire, reconnects: bool) -> Outcome {
        let mut latencies = Vec::new();
        let mut wire = connect();
        while !self.is_over() {
            let call = Call::new(&self.client);
            let mut response = call.send(&mut wire);
            if reconnects && matches!(response, Err(Broken::Closed | Broken::Reset)) {
                wire = connect();
                response = call.send(&mut wire);
            }
            latencies.push(call.check(response)?);
            thread::park_timeout(PERIOD);
        }
        Ok(latencies)
    }

    async fn run_in_task(self, world: &Arc<World>, mut link: Link) -> Outcome {
        let mut latencies = Vec::new();
        while !self.is_over() {
            let call = Call::new(&self.client);
            link.send(&call.request).await;
            latencies.push(call.check(link.response(SIMULATED_CALL_TIME_MAX).await)?);
            world.sleep_in_task(PERIOD).await;
        }
        Ok(latencies)
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
}

/// A call, on a kept connection.
struct Call {
    id: u64,
    text: String,
    request: Vec<u8>,
    began: Instant,
}

impl Call {
    fn new(client: &Client) -> Call {
        let id = client.id();
        let text = format!("canary {id}");
        let request = client.post(tool_call(id, "echo", json!({"text": text}))).bytes();
        Call { id, text, request, began: Instant::now() }
    }

    fn send(&self, wire: &mut Wire) -> Result<Response, Broken> {
        wire.try_send(&self.request)?;
        wire.try_response()
    }

    /// Returns its duration, if this is its answer.
    fn check(self, response: Result<Response, Broken>) -> Result<Duration, String> {
        let took = self.began.elapsed();
        let wrong = |what: String| format!("call {} after {took:?}: {what}", self.id);
        let response = response.map_err(|broken| wrong(broken.to_string()))?;
        if response.status() != 200 || response.head.closes() {
            return Err(wrong(response.describe()));
        }
        let answer = response.answer();
        if answer["id"] != self.id || text_of(&answer) != self.text {
            return Err(wrong(response.describe()));
        }
        Ok(took)
    }
}
