//! Standard input: from a line to the function that handles it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::json;
use serde_json::value::RawValue;

use crate::server::{Line, Server};
use crate::{LIFETIME, System, modern, resources, tools};

const NEWEST: &str = "2025-11-25";
const REVISIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", NEWEST];

impl<S: System> Server<S> {
    /// Reads lines until standard input ends.
    pub(crate) async fn serve(self: &Arc<Self>) {
        if self.flags.noise {
            self.write(b"test-server 1.0 - hello!\n").await;
        }
        if !self.flags.start.is_empty() {
            self.write(self.flags.start.as_bytes()).await;
        }
        self.system.sleep(self.flags.delay_start).await;
        let mut line = Vec::new();
        loop {
            self.system.read_line(&mut line).await;
            if line.is_empty() {
                break;
            }
            self.system.keep(&line);
            // No further line is read, though this one has already left the pipe.
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
            (Some("notifications/initialized"), None) => self.initialized(),
            (Some("notifications/cancelled"), None) => self.cancel(&line),
            (Some(method), Some(id)) if self.flags.modern => match modern::refusal(method, &line) {
                Some(error) => self.refuse(id.get(), &error).await,
                None => self.take_modern(method, id.get(), &line).await,
            },
            (Some(method), Some(id)) => self.take_legacy(method, id.get(), &line).await,
            (None, Some(id)) => self.answered(id.get(), String::from_utf8_lossy(bytes).trim_end()),
            _ => {}
        }
    }

    async fn take_legacy(self: &Arc<Self>, method: &str, id: &str, line: &Line<'_>) {
        match method {
            "initialize" => self.initialize(id, line).await,
            "server/discover" if self.flags.exit_on_discover => match self.system.exit(1).await {},
            "logging/setLevel" => {
                *self.level.lock().unwrap() = line.params()["level"].as_str().map(str::to_owned);
                self.result(id, "{}").await;
            }
            "ping" | "resources/subscribe" | "resources/unsubscribe" => {
                self.result(id, "{}").await;
            }
            _ => self.take_either(method, id, line).await,
        }
    }

    /// Handles a request that both eras have.
    pub(crate) async fn take_either(self: &Arc<Self>, method: &str, id: &str, line: &Line<'_>) {
        match method {
            "resources/list" => self.listing(id, resources::list()).await,
            "resources/read" => resources::read(self, id, &line.params()).await,
            "tools/list" if self.flags.odd_lists => {
                self.listing(id, json!({"tools": {"pid": {"name": "pid"}}})).await;
            }
            "tools/list" => self.listing(id, tools::list()).await,
            "tools/call" => {
                self.count_call().await;
                tools::call(self, id, line.params.map_or("{}", RawValue::get));
            }
            _ => self.error(id, -32601, &format!("Method not found: {method}")).await,
        }
    }

    async fn initialize(&self, id: &str, line: &Line<'_>) {
        self.system.sleep(self.flags.delay_init).await;
        if self.flags.refuse_init {
            return self.error(id, -32000, "test-server refuses, as told").await;
        }
        let params = line.params();
        let asked = params["protocolVersion"].as_str().filter(|asked| REVISIONS.contains(asked));
        let revision = self.flags.revision.as_deref().or(asked).unwrap_or(NEWEST);
        let result = json!({
            "protocolVersion": revision,
            "capabilities": {
                "logging": {},
                "resources": {"listChanged": true, "subscribe": true},
                "tools": {"listChanged": true},
            },
            "serverInfo": {"name": "test-server", "version": "1.0.0"},
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
        // Floods run in parallel, because a full pipe must not stop this from reading.
        self.system.spawn(async move {
            server.flood_stderr(server.flags.flood_stderr, true).await;
            server.flood(server.flags.flood_stdout).await;
        });
        self.deaf.fetch_or(self.flags.ignore_stdin, Ordering::Relaxed);
    }

    /// Counts a call, and exits if it is the one to exit at.
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
}
