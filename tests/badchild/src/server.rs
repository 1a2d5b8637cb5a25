//! The conversation on standard input and output.

use std::collections::HashMap;
use std::future::poll_fn;
use std::mem;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::flags::Flags;
use crate::{LIFETIME, Output, System, tools};

const NEWEST: &str = "2025-11-25";
const REVISIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", NEWEST];

/// A line of the client, with its parts as the text they came in.
#[derive(Deserialize)]
pub(crate) struct Line<'a> {
    #[serde(borrow)]
    pub(crate) id: Option<&'a RawValue>,
    pub(crate) method: Option<String>,
    #[serde(borrow)]
    pub(crate) params: Option<&'a RawValue>,
}

/// The state all calls share.
pub(crate) struct Server<S> {
    pub(crate) system: Arc<S>,
    pub(crate) flags: Flags,
    /// The client's answers to requests of calls that wait for them, by the id of the request;
    /// none as long as there is no answer.
    asked: Mutex<HashMap<String, Option<String>>>,
    /// The client's answers that nobody waited for.
    pub(crate) stray: Mutex<Vec<String>>,
    /// The ids of cancelled requests, as text, in the order of their cancellation.
    cancelled: Mutex<Vec<String>>,
    /// Calls that wait for an answer or a cancellation.
    waiting: Mutex<Vec<Waker>>,
    calls: Mutex<usize>,
    /// Whether nothing is to be read any more.
    pub(crate) deaf: AtomicBool,
}

impl<S: System> Server<S> {
    pub(crate) fn start(system: Arc<S>, flags: Flags) -> Arc<Self> {
        Arc::new(Server {
            system,
            flags,
            asked: Mutex::default(),
            stray: Mutex::default(),
            cancelled: Mutex::default(),
            waiting: Mutex::default(),
            calls: Mutex::default(),
            deaf: AtomicBool::new(false),
        })
    }

    /// Reads lines until standard input ends.
    pub(crate) async fn serve(self: &Arc<Self>) {
        if self.flags.noise {
            self.write(b"badchild 1.0 - hello!\n").await;
        }
        let mut line = Vec::new();
        loop {
            self.system.read_line(&mut line).await;
            if line.is_empty() {
                break;
            }
            self.system.keep(&line);
            // The pipe is drained no further, though this line has already left it.
            if self.deaf.load(Ordering::Relaxed) {
                self.system.sleep(LIFETIME).await;
            }
            self.take(&line).await;
            line.clear();
        }
        self.system.note("eof", "standard input ended");
        if self.flags.ignore_eof {
            self.system.sleep(LIFETIME).await;
        }
    }

    async fn take(self: &Arc<Self>, bytes: &[u8]) {
        let Ok(line) = serde_json::from_slice::<Line<'_>>(bytes) else {
            self.system.note("garbage", &String::from_utf8_lossy(bytes));
            return;
        };
        match (line.method.as_deref(), line.id) {
            (Some("initialize"), Some(id)) => self.initialize(id.get(), &line).await,
            (Some("notifications/initialized"), None) => self.initialized(),
            (Some("notifications/cancelled"), None) => self.cancel(&line),
            (Some("ping"), Some(id)) => self.result(id.get(), "{}").await,
            (Some("tools/list"), Some(id)) => {
                self.result(id.get(), &tools::list().to_string()).await;
            }
            (Some("tools/call"), Some(id)) => {
                self.count_call().await;
                tools::call(self, id.get(), line.params.map_or("{}", RawValue::get));
            }
            (Some(method), Some(id)) => {
                self.error(id.get(), -32601, &format!("Method not found: {method}")).await;
            }
            (None, Some(id)) => self.answered(id.get(), String::from_utf8_lossy(bytes).trim_end()),
            _ => {}
        }
    }

    async fn initialize(&self, id: &str, line: &Line<'_>) {
        self.system.sleep(self.flags.delay_init).await;
        if self.flags.refuse_init {
            return self.error(id, -32000, "badchild refuses, as told").await;
        }
        let params: Value = line.params.map_or(Value::Null, |p| p.get().parse().unwrap());
        let asked = params["protocolVersion"].as_str().filter(|asked| REVISIONS.contains(asked));
        let revision = self.flags.revision.as_deref().or(asked).unwrap_or(NEWEST);
        let result = json!({
            "protocolVersion": revision,
            "capabilities": {"tools": {"listChanged": true}, "logging": {}},
            "serverInfo": {"name": "badchild", "version": "1.0.0"},
        });
        self.result(id, &result.to_string()).await;
        if self.flags.close_stdout {
            self.system.close_stdout();
        }
        if self.flags.close_stdin {
            self.system.close_stdin();
            self.system.sleep(LIFETIME).await;
        }
    }

    fn initialized(self: &Arc<Self>) {
        let server = Arc::clone(self);
        // Floods run beside the conversation: a full pipe must not keep this from reading.
        self.system.spawn(async move {
            server.flood_stderr(server.flags.flood_stderr, true).await;
            server.flood(server.flags.flood_stdout).await;
        });
        self.deaf.fetch_or(self.flags.ignore_stdin, Ordering::Relaxed);
    }

    /// Counts a call, and is the end of this process if it is the one to exit at.
    async fn count_call(&self) {
        let calls = {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            *calls
        };
        if self.flags.exit_after == Some(calls) {
            match self.system.exit(3).await {}
        }
    }

    fn cancel(&self, line: &Line<'_>) {
        let params: Value = line.params.map_or(Value::Null, |p| p.get().parse().unwrap());
        self.cancelled.lock().unwrap().push(params["requestId"].to_string());
        self.something_came();
    }

    /// The ids of the requests that were cancelled so far.
    pub(crate) fn cancelled(&self) -> Vec<String> {
        self.cancelled.lock().unwrap().clone()
    }

    /// Waits; returns early, with true, when this request is cancelled.
    pub(crate) async fn wait(&self, id: &str, time: Duration) -> bool {
        let is_cancelled = || self.cancelled.lock().unwrap().iter().any(|other| other == id);
        self.until(time, || is_cancelled().then_some(())).await.is_some()
    }

    /// Sends a request to the client and waits for the line that answers it.
    pub(crate) async fn ask(&self, id: &Value, method: &str, params: &Value) -> Option<String> {
        let key = id.to_string();
        self.asked.lock().unwrap().insert(key.clone(), None);
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await;
        let answer = || self.asked.lock().unwrap().get_mut(&key)?.take();
        let answer = self.until(Duration::from_secs(20), answer).await;
        self.asked.lock().unwrap().remove(&key);
        answer
    }

    fn answered(&self, id: &str, line: &str) {
        match self.asked.lock().unwrap().get_mut(id) {
            Some(answer @ None) => *answer = Some(line.to_owned()),
            _ => self.stray.lock().unwrap().push(line.to_owned()),
        }
        self.something_came();
    }

    /// Waits for what comes from the client, for at most this long.
    async fn until<T>(&self, time: Duration, mut came: impl FnMut() -> Option<T>) -> Option<T> {
        let mut sleep = pin!(self.system.sleep(time));
        poll_fn(|cx| {
            // Before it looks, so that nothing comes in between.
            self.waiting.lock().unwrap().push(cx.waker().clone());
            match came() {
                Some(it) => Poll::Ready(Some(it)),
                None => sleep.as_mut().poll(cx).map(|()| None),
            }
        })
        .await
    }

    fn something_came(&self) {
        let waiting = mem::take(&mut *self.waiting.lock().unwrap());
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Writes log notifications of this many bytes in all.
    pub(crate) async fn flood(&self, bytes: usize) {
        let data = "f".repeat(1000);
        let message = json!({"jsonrpc": "2.0", "method": "notifications/message",
                             "params": {"level": "info", "data": data}});
        let message = message.to_string();
        for _ in 0..bytes / 1000 {
            self.line(&message).await;
        }
    }

    /// Writes this many bytes to standard error, in lines of 80 bytes or without a line end.
    pub(crate) async fn flood_stderr(&self, bytes: usize, lines: bool) {
        let mut line = [b'e'; 80];
        if lines {
            line[79] = b'\n';
        }
        let block = line.repeat(100);
        let mut left = bytes;
        while left > 0 {
            let part = &block[..left.min(block.len())];
            if self.system.write(Output::Stderr, part).await.is_err() {
                return;
            }
            left -= part.len();
        }
    }

    /// Answers with a result, given as JSON text.
    pub(crate) async fn result(&self, id: &str, result: &str) {
        self.spoil().await;
        self.line(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)).await;
    }

    /// Answers with an error.
    pub(crate) async fn error(&self, id: &str, code: i32, message: &str) {
        let error = json!({"code": code, "message": message});
        self.line(&format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#)).await;
    }

    /// Sends a message.
    pub(crate) async fn send(&self, message: &Value) {
        self.line(&message.to_string()).await;
    }

    /// Sends a line.
    pub(crate) async fn line(&self, text: &str) {
        let end = if self.flags.crlf { "\r\n" } else { "\n" };
        self.write(format!("{text}{end}").as_bytes()).await;
    }

    /// Writes bytes, whole and at once; the end of this process if nobody reads them.
    pub(crate) async fn write(&self, bytes: &[u8]) {
        if self.system.write(Output::Stdout, bytes).await.is_err() {
            match self.system.exit(4).await {}
        }
    }

    async fn spoil(&self) {
        if self.flags.bad_utf8 {
            self.write(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"\xff\xfe\"}\n").await;
        }
        if self.flags.noise {
            self.write(b"warning: {\n\n   \n[1,2,3]\n\"text\"\n17\n{\"not\":\"a message\"}\n")
                .await;
        }
    }
}
