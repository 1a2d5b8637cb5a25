//! The state of the server, and what its calls wait for and write.

use std::collections::HashMap;
use std::future::poll_fn;
use std::mem;
use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::flags::Flags;
use crate::{LIFETIME, Output, System};

/// A line of the client, with its parts as JSON texts.
#[derive(Deserialize)]
pub(crate) struct Line<'a> {
    #[serde(borrow)]
    pub(crate) id: Option<&'a RawValue>,
    pub(crate) method: Option<String>,
    #[serde(borrow)]
    pub(crate) params: Option<&'a RawValue>,
}

impl Line<'_> {
    pub(crate) fn params(&self) -> Value {
        self.params.map_or(Value::Null, |params| params.get().parse().unwrap())
    }
}

/// A subscription of the modern era.
pub(crate) struct Listen {
    /// The id of the request that opened it, as text.
    pub(crate) id: String,
    /// The changes that the client wants.
    pub(crate) wanted: Value,
}

impl Listen {
    /// Returns the `_meta` of every message of the subscription.
    pub(crate) fn meta(&self) -> Value {
        let id: Value = self.id.parse().expect("an id");
        json!({"io.modelcontextprotocol/subscriptionId": id})
    }
}

/// The state all calls share.
pub(crate) struct Server<S> {
    pub(crate) system: Arc<S>,
    pub(crate) flags: Flags,
    /// The client's answers to pending server requests, by id; `None` while unanswered.
    pending: Mutex<HashMap<String, Option<String>>>,
    /// The client's answers that no call waits for.
    pub(crate) stray: Mutex<Vec<String>>,
    /// The ids of cancelled requests, as text, in the order of their cancellation.
    cancelled: Mutex<Vec<String>>,
    /// Calls that wait for an answer or a cancellation.
    waiting: Mutex<Vec<Waker>>,
    /// The number of tool calls so far.
    pub(crate) calls: Mutex<usize>,
    /// The log level that the legacy client set.
    pub(crate) level: Mutex<Option<String>>,
    /// The subscriptions of the modern era.
    pub(crate) listens: Mutex<Vec<Listen>>,
    /// Whether standard input is not read any more.
    pub(crate) deaf: AtomicBool,
}

impl<S: System> Server<S> {
    pub(crate) fn start(system: Arc<S>, flags: Flags) -> Arc<Self> {
        Arc::new(Server {
            system,
            flags,
            pending: Mutex::default(),
            stray: Mutex::default(),
            cancelled: Mutex::default(),
            waiting: Mutex::default(),
            calls: Mutex::default(),
            level: Mutex::default(),
            listens: Mutex::default(),
            deaf: AtomicBool::new(false),
        })
    }

    /// Returns the log level that the legacy client set.
    pub(crate) fn level(&self) -> Option<String> {
        self.level.lock().unwrap().clone()
    }

    pub(crate) fn cancel(&self, line: &Line<'_>) {
        let id = line.params()["requestId"].to_string();
        self.listens.lock().unwrap().retain(|listen| listen.id != id);
        self.cancelled.lock().unwrap().push(id);
        self.something_came();
    }

    /// Returns the ids of all cancelled requests.
    pub(crate) fn cancelled(&self) -> Vec<String> {
        self.cancelled.lock().unwrap().clone()
    }

    /// Waits; returns early, with true, when this request is cancelled.
    pub(crate) async fn wait(&self, id: &str, time: Duration) -> bool {
        self.until(time, || self.is_cancelled(id).then_some(())).await.is_some()
    }

    /// Returns whether this request was cancelled.
    pub(crate) fn is_cancelled(&self, id: &str) -> bool {
        self.cancelled.lock().unwrap().iter().any(|other| other == id)
    }

    /// Sends a request to the client and waits for the line that answers it.
    pub(crate) async fn ask(&self, id: &Value, method: &str, params: &Value) -> Option<String> {
        let question = self.question(id, method, params);
        self.line(&question).await;
        self.answer(id, || false).await
    }

    /// Returns the line of a server request, and records it as pending.
    pub(crate) fn question(&self, id: &Value, method: &str, params: &Value) -> String {
        self.pending.lock().unwrap().insert(id.to_string(), None);
        json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
    }

    /// Waits for the answer to a server request, until it is not needed any more.
    pub(crate) async fn answer(&self, id: &Value, is_over: impl Fn() -> bool) -> Option<String> {
        let key = id.to_string();
        let answer = || match self.pending.lock().unwrap().get_mut(&key)?.take() {
            None if is_over() => Some(None),
            None => None,
            answer => Some(answer),
        };
        let answer = self.until(LIFETIME, answer).await;
        self.pending.lock().unwrap().remove(&key);
        answer.flatten()
    }

    pub(crate) fn answered(&self, id: &str, line: &str) {
        match self.pending.lock().unwrap().get_mut(id) {
            Some(answer @ None) => *answer = Some(line.to_owned()),
            _ => self.stray.lock().unwrap().push(line.to_owned()),
        }
        self.something_came();
    }

    /// Waits for input of the client that satisfies `came`, for at most this long.
    async fn until<T>(&self, time: Duration, mut came: impl FnMut() -> Option<T>) -> Option<T> {
        let mut sleep = pin!(self.system.sleep(time));
        poll_fn(|cx| {
            // Registered before the check, so that no input is missed.
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
        self.write_invalid_lines().await;
        let complete = self.flags.modern.then(|| complete(result));
        let result = complete.as_deref().unwrap_or(result);
        self.line(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)).await;
    }

    /// Answers with a list, or with something else that a client of the modern era may keep.
    pub(crate) async fn listing(&self, id: &str, mut result: Value) {
        if self.flags.modern {
            result["ttlMs"] = json!(0);
            result["cacheScope"] = json!("private");
        }
        self.result(id, &result.to_string()).await;
    }

    /// Answers with an error.
    pub(crate) async fn error(&self, id: &str, code: i32, message: &str) {
        self.refuse(id, &json!({"code": code, "message": message})).await;
    }

    /// Answers with this error.
    pub(crate) async fn refuse(&self, id: &str, error: &Value) {
        self.line(&format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#)).await;
    }

    /// Sends a message.
    pub(crate) async fn send(&self, message: &Value) {
        self.line(&message.to_string()).await;
    }

    /// Sends a line.
    pub(crate) async fn line(&self, text: &str) {
        self.lines(&[text]).await;
    }

    /// Sends lines in one write, so that a reader of the first can read them all.
    pub(crate) async fn lines(&self, texts: &[impl AsRef<str>]) {
        let end = if self.flags.crlf { "\r\n" } else { "\n" };
        let lines: Vec<_> = texts.iter().flat_map(|text| [text.as_ref(), end]).collect();
        self.write(lines.concat().as_bytes()).await;
    }

    /// Writes bytes in one piece; exits if the pipe is closed.
    pub(crate) async fn write(&self, bytes: &[u8]) {
        if self.system.write(Output::Stdout, bytes).await.is_err() {
            match self.system.exit(4).await {}
        }
    }

    async fn write_invalid_lines(&self) {
        if self.flags.bad_utf8 {
            self.write(b"caf\xe9 {\"id\":1,\"result\":\"\xff\xfe\"}\n").await;
        }
        if self.flags.noise {
            self.write(b"warning: {\n\n   \n[1,2,3]\n\"text\"\n17\n{\"not\":\"a message\"}\n")
                .await;
        }
    }
}

/// Returns a result as complete, in the format of the modern era.
fn complete(result: &str) -> String {
    let rest = result.strip_prefix('{').expect("an object");
    let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
    format!(r#"{{"resultType":"complete"{comma}{rest}"#)
}
