//! Revision 2026-07-28: self-contained requests without a handshake.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::System;
use crate::call::{Call, Meta};
use crate::server::{Line, Server};

const REVISION: &str = "2026-07-28";

/// Levels from least to most severe.
const LEVELS: [&str; 8] =
    ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

#[derive(Default, Deserialize)]
struct Params<'a> {
    #[serde(borrow, default, rename = "_meta")]
    meta: Meta<'a>,
}

/// Returns the error for a request with missing metadata, or of another era.
pub(crate) fn refusal(method: &str, line: &Line<'_>) -> Option<Value> {
    let text = line.params.map_or("{}", RawValue::get);
    let meta = serde_json::from_str::<Params<'_>>(text).unwrap_or_default().meta;
    let asked = line.params()["protocolVersion"].clone();
    let (code, data) = match (method, meta.version) {
        ("initialize", None) => (-32022, json!({"supported": [REVISION], "requested": asked})),
        (_, Some(version)) if version != REVISION => {
            (-32022, json!({"supported": [REVISION], "requested": version}))
        }
        (_, Some(_)) if meta.capabilities.is_some_and(|all| all.is_object()) => return None,
        _ => (-32602, Value::Null),
    };
    Some(json!({"code": code, "message": "no request of 2026-07-28", "data": data}))
}

impl<S: System> Server<S> {
    /// Handles a request with valid metadata.
    pub(crate) async fn take_modern(self: &Arc<Self>, method: &str, id: &str, line: &Line<'_>) {
        match method {
            "server/discover" => {
                let discovered = json!({
                    "supportedVersions": [REVISION],
                    "capabilities": {
                        "logging": {},
                        "resources": {"listChanged": true, "subscribe": true},
                        "tools": {"listChanged": true},
                    },
                    "instructions": "Told what to do wrong, it does that.",
                    "_meta": {"io.modelcontextprotocol/serverInfo":
                        {"name": "test-server", "version": "1.0.0"}},
                });
                self.system.sleep(self.flags.delay_init).await;
                self.listing(id, discovered).await;
            }
            "subscriptions/listen" => self.listen(id, &line.params()["notifications"]).await,
            "tasks/get" | "tasks/update" | "tasks/cancel" => {
                let task = json!({"taskId": line.params()["taskId"], "status": "working"});
                self.result(id, &task.to_string()).await;
            }
            _ => self.take_either(method, id, line).await,
        }
    }

    /// Sends the progress of a call, if the client asked for it.
    pub(crate) async fn progress(&self, call: &Call<'_>, step: u64, total: u64) {
        let Some(token) = call.meta.progress_token else { return };
        // The token is sent back unchanged.
        let progress = format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":{step},"total":{total}}}}}"#
        );
        self.line(&progress).await;
    }

    /// Logs a message at this level for a call, if the client asked for it.
    pub(crate) async fn report(&self, call: &Call<'_>, level: &str) {
        let rank = |level: &str| LEVELS.iter().position(|known| *known == level);
        let least = match self.flags.modern {
            true => call.meta.log_level.clone(),
            false => self.level().or_else(|| Some(LEVELS[0].to_owned())),
        };
        if least.is_some_and(|least| rank(&least) <= rank(level)) {
            self.log(level, &json!(format!("as {level}"))).await;
        }
    }

    /// Sends a log message.
    pub(crate) async fn log(&self, level: &str, data: &Value) {
        let params = json!({"level": level, "logger": "test-server", "data": data});
        let method = "notifications/message";
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params})).await;
    }
}
