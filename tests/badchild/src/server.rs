//! The conversation on standard input and output.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use std::{fs, process, thread};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::flags::Flags;
use crate::record::Record;
use crate::{LIFETIME, flood_stderr, tools};

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
pub(crate) struct Server {
    pub(crate) flags: Flags,
    pub(crate) record: Record,
    output: Mutex<io::Stdout>,
    /// Who waits for the client's answer, by the id this server gave its request.
    asked: Mutex<HashMap<String, Sender<String>>>,
    /// The client's answers that nobody waited for.
    pub(crate) stray: Mutex<Vec<String>>,
    /// The ids of cancelled requests, as text, in the order of their cancellation.
    cancelled: Mutex<Vec<String>>,
    cancelling: Condvar,
    calls: Mutex<usize>,
    /// Whether nothing is to be read any more.
    pub(crate) deaf: AtomicBool,
}

impl Server {
    pub(crate) fn start(flags: Flags, record: Record) -> Arc<Server> {
        let server = Server {
            flags,
            record,
            output: Mutex::new(io::stdout()),
            asked: Mutex::default(),
            stray: Mutex::default(),
            cancelled: Mutex::default(),
            cancelling: Condvar::new(),
            calls: Mutex::default(),
            deaf: AtomicBool::new(false),
        };
        if server.flags.noise {
            server.write(b"badchild 1.0 - hello!\n");
        }
        Arc::new(server)
    }

    /// Reads lines until standard input ends.
    pub(crate) fn serve(self: &Arc<Self>) {
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            self.record.line(&line);
            // The pipe is drained no further, though this line has already left it.
            if self.deaf.load(Ordering::Relaxed) {
                thread::sleep(LIFETIME);
            }
            self.take(&line);
            line.clear();
        }
        self.record.note("eof", "standard input ended");
        if self.flags.ignore_eof {
            thread::sleep(LIFETIME);
        }
    }

    fn take(self: &Arc<Self>, bytes: &[u8]) {
        let Ok(line) = serde_json::from_slice::<Line<'_>>(bytes) else {
            self.record.note("garbage", String::from_utf8_lossy(bytes));
            return;
        };
        match (line.method.as_deref(), line.id) {
            (Some("initialize"), Some(id)) => self.initialize(id.get(), &line),
            (Some("notifications/initialized"), None) => self.initialized(),
            (Some("notifications/cancelled"), None) => self.cancel(&line),
            (Some("ping"), Some(id)) => self.result(id.get(), "{}"),
            (Some("tools/list"), Some(id)) => self.result(id.get(), &tools::list().to_string()),
            (Some("tools/call"), Some(id)) => {
                self.count_call();
                tools::call(self, id.get(), line.params.map_or("{}", RawValue::get));
            }
            (Some(method), Some(id)) => {
                self.error(id.get(), -32601, &format!("Method not found: {method}"));
            }
            (None, Some(id)) => self.answered(id.get(), String::from_utf8_lossy(bytes).trim_end()),
            _ => {}
        }
    }

    fn initialize(&self, id: &str, line: &Line<'_>) {
        thread::sleep(self.flags.delay_init);
        if self.flags.refuse_init {
            return self.error(id, -32000, "badchild refuses, as told");
        }
        let params: Value = line.params.map_or(Value::Null, |p| p.get().parse().unwrap());
        let asked = params["protocolVersion"].as_str().filter(|asked| REVISIONS.contains(asked));
        let revision = self.flags.revision.as_deref().or(asked).unwrap_or(NEWEST);
        let result = json!({
            "protocolVersion": revision,
            "capabilities": {"tools": {"listChanged": true}, "logging": {}},
            "serverInfo": {"name": "badchild", "version": "1.0.0"},
        });
        self.result(id, &result.to_string());
        if self.flags.close_stdout {
            rustix::stdio::dup2_stdout(null()).expect("standard output closes");
        }
        if self.flags.close_stdin {
            rustix::stdio::dup2_stdin(null()).expect("standard input closes");
            thread::sleep(LIFETIME);
        }
    }

    fn initialized(self: &Arc<Self>) {
        let server = Arc::clone(self);
        // Floods run beside the conversation: a full pipe must not keep this from reading.
        thread::spawn(move || {
            flood_stderr(server.flags.flood_stderr, true);
            server.flood(server.flags.flood_stdout);
        });
        self.deaf.fetch_or(self.flags.ignore_stdin, Ordering::Relaxed);
    }

    /// Counts a call, and is the end of this process if it is the one to exit at.
    fn count_call(&self) {
        let mut calls = self.calls.lock().unwrap();
        *calls += 1;
        if self.flags.exit_after == Some(*calls) {
            process::exit(3);
        }
    }

    fn cancel(&self, line: &Line<'_>) {
        let params: Value = line.params.map_or(Value::Null, |p| p.get().parse().unwrap());
        self.cancelled.lock().unwrap().push(params["requestId"].to_string());
        self.cancelling.notify_all();
    }

    /// The ids of the requests that were cancelled so far.
    pub(crate) fn cancelled(&self) -> Vec<String> {
        self.cancelled.lock().unwrap().clone()
    }

    /// Waits; returns early, with true, when this request is cancelled.
    pub(crate) fn wait(&self, id: &str, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut cancelled = self.cancelled.lock().unwrap();
        loop {
            if cancelled.iter().any(|other| other == id) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            cancelled = self.cancelling.wait_timeout(cancelled, left).unwrap().0;
        }
    }

    /// Sends a request to the client and waits for the line that answers it.
    pub(crate) fn ask(&self, id: &Value, method: &str, params: &Value) -> Option<String> {
        let (sender, answer) = mpsc::channel();
        self.asked.lock().unwrap().insert(id.to_string(), sender);
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        answer.recv_timeout(Duration::from_secs(20)).ok()
    }

    fn answered(&self, id: &str, line: &str) {
        match self.asked.lock().unwrap().remove(id) {
            Some(waiting) => drop(waiting.send(line.to_owned())),
            None => self.stray.lock().unwrap().push(line.to_owned()),
        }
    }

    /// Writes log notifications of this many bytes in all.
    pub(crate) fn flood(&self, bytes: usize) {
        let data = "f".repeat(1000);
        let message = json!({"jsonrpc": "2.0", "method": "notifications/message",
                             "params": {"level": "info", "data": data}});
        for _ in 0..bytes / 1000 {
            self.send(&message);
        }
    }

    /// Answers with a result, given as JSON text.
    pub(crate) fn result(&self, id: &str, result: &str) {
        self.spoil();
        self.line(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#));
    }

    /// Answers with an error.
    pub(crate) fn error(&self, id: &str, code: i32, message: &str) {
        let error = json!({"code": code, "message": message});
        self.line(&format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#));
    }

    /// Sends a message.
    pub(crate) fn send(&self, message: &Value) {
        self.line(&message.to_string());
    }

    /// Sends a line.
    pub(crate) fn line(&self, text: &str) {
        let end = if self.flags.crlf { "\r\n" } else { "\n" };
        self.write(format!("{text}{end}").as_bytes());
    }

    /// Writes bytes, whole and at once; the end of this process if nobody reads them.
    pub(crate) fn write(&self, bytes: &[u8]) {
        let mut output = self.output.lock().unwrap();
        if output.write_all(bytes).and_then(|()| output.flush()).is_err() {
            process::exit(4);
        }
    }

    fn spoil(&self) {
        if self.flags.bad_utf8 {
            self.write(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"\xff\xfe\"}\n");
        }
        if self.flags.noise {
            self.write(b"warning: {\n\n   \n[1,2,3]\n\"text\"\n17\n{\"not\":\"a message\"}\n");
        }
    }
}

/// Something to put in place of a standard stream.
pub(crate) fn null() -> OwnedFd {
    let null = fs::OpenOptions::new().read(true).write(true).open("/dev/null");
    null.expect("/dev/null").into()
}
