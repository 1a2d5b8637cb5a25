//! Questions to the client: server requests in the legacy era, results in the modern one.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::System;
use crate::call::{Call, text};
use crate::server::Server;

/// One question.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Ask {
    /// The id of the request; the key in the modern era.
    id: Value,
    method: String,
    #[serde(default)]
    params: Value,
}

/// The reply of a modern call that has no result yet.
pub(crate) enum Reply {
    Required(Value),
    Error(Value),
}

impl Ask {
    /// Returns the question in the arguments of a tool.
    pub(crate) fn of(arguments: &Value) -> Ask {
        let method = arguments["method"].as_str().unwrap_or("roots/list").to_owned();
        Ask { id: arguments["id"].clone(), method, params: arguments["params"].clone() }
    }

    pub(crate) fn key(&self) -> String {
        self.id.as_str().map_or_else(|| self.id.to_string(), str::to_owned)
    }

    fn capability(&self) -> &str {
        self.method.split('/').next().unwrap_or_default()
    }

    fn request(&self) -> Value {
        match &self.params {
            Value::Null => json!({"method": self.method, "params": {}}),
            params => json!({"method": self.method, "params": params}),
        }
    }
}

/// Returns the client's answers to these questions in a modern call.
///
/// # Errors
///
/// An answer is missing; with the reply that asks for it.
pub(crate) fn answers(call: &Call<'_>, asks: &[Ask]) -> Result<Map<String, Value>, Reply> {
    // The state only affects the client's own call, so it is not protected.
    let state = call.state.as_deref().and_then(|state| state.parse::<Value>().ok());
    let mut answers = state.and_then(|state| state.as_object().cloned()).unwrap_or_default();
    answers.extend(call.answers.as_object().cloned().unwrap_or_default());
    let missing: Vec<_> = asks.iter().filter(|ask| !answers.contains_key(&ask.key())).collect();
    if missing.is_empty() {
        return Ok(answers);
    }
    let capabilities = call.meta.capabilities.as_ref();
    let can = |ask: &&&Ask| capabilities.is_some_and(|all| all.get(ask.capability()).is_some());
    if let Some(ask) = missing.iter().find(|ask| !can(ask)) {
        return Err(Reply::Error(json!({
            "code": -32021,
            "message": format!("the client does not know {}", ask.method),
            "data": {"requiredCapabilities": {ask.capability(): {}}},
        })));
    }
    let requests: Map<_, _> = missing.iter().map(|ask| (ask.key(), ask.request())).collect();
    let mut required = json!({"resultType": "input_required", "inputRequests": requests});
    if !answers.is_empty() {
        required["requestState"] = json!(Value::Object(answers).to_string());
    }
    Err(Reply::Required(required))
}

/// The tool `rounds`: returns the answers by the keys of the questions.
pub(crate) async fn rounds<S: System>(
    server: &Server<S>,
    id: &str,
    call: &Call<'_>,
    arguments: &Value,
    pause: Duration,
) {
    let rounds: Vec<Vec<Ask>> =
        serde_json::from_value(arguments["rounds"].clone()).unwrap_or_default();
    let total = rounds.len() as u64;
    let mut found = Map::new();
    for (round, step) in rounds.iter().zip(1..) {
        server.progress(call, step, total).await;
        if server.wait(id, pause).await {
            return;
        }
        if server.flags.modern {
            match answers(call, round) {
                Ok(answers) => found = answers,
                Err(reply) => return server.reply(id, reply).await,
            }
            continue;
        }
        let question = |ask: &Ask| server.question(&ask.id, &ask.method, &ask.request()["params"]);
        let questions: Vec<_> = round.iter().map(question).collect();
        server.lines(&questions).await;
        for ask in round {
            let Some(line) = server.answer(&ask.id, || server.is_cancelled(id)).await else {
                return;
            };
            let line: Value = line.parse().expect("an answer");
            let result = line.get("result").unwrap_or(&line);
            found.insert(ask.key(), result.clone());
        }
    }
    found.retain(|key, _| rounds.iter().flatten().any(|ask| ask.key() == *key));
    server.result(id, &text(&Value::Object(found).to_string())).await;
}

impl<S: System> Server<S> {
    /// Sends the reply to a call that has no result yet.
    pub(crate) async fn reply(&self, id: &str, reply: Reply) {
        match reply {
            Reply::Required(result) => {
                self.line(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)).await;
            }
            Reply::Error(error) => self.refuse(id, &error).await,
        }
    }
}
