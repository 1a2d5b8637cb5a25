//! Clients of every revision in front of a command of either era: every feature crosses the bridge,
//! and every message is valid.

use pontoon_suite::Target;
use pontoon_suite::client::Client;
use pontoon_suite::fixture_client::{FixtureClient, answer};
use pontoon_suite::modern::{LOG_LEVEL, Modern};
use pontoon_suite::pontoon::Pontoon;
use pontoon_suite::schema::LEGACY;
use pontoon_suite::target;
use pontoon_suite::wait::millis;
use pontoon_suite::wire::Events;
use serde_json::{Value, json};

fn bridge(era: &str) -> Pontoon {
    let fixture = target::fixture().to_str().expect("a plain path");
    Target::new("tokio").proxy().wrapping(&[fixture, "--era", era]).start()
}

/// A client that uses a session.
struct InSession(Client);

impl FixtureClient for InSession {
    fn ask(&mut self, method: &str, mut params: Value) -> Value {
        let id = self.0.id();
        params["_meta"] = json!({"progressToken": id});
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let mut events = self.0.stream(body);
        loop {
            let message = events.message();
            match message["method"].as_str() {
                None => return message,
                Some(asked) if message.get("id").is_some() => {
                    let result = answer(asked, &message["params"]);
                    self.0.respond(&message["id"], result).expect(202, asked);
                }
                Some(_) => {}
            }
        }
    }
}

/// A client with self-contained requests.
struct ByItself(Modern);

impl FixtureClient for ByItself {
    fn ask(&mut self, method: &str, mut params: Value) -> Value {
        params["_meta"] = json!({"progressToken": 1, LOG_LEVEL: "debug"});
        let body = self.0.body(method, params);
        let agree = |_: &str, asked: &Value| {
            answer(asked["method"].as_str().expect("a method"), &asked["params"])
        };
        self.0.converse(&body, agree)
    }
}

/// Returns the methods of the messages on a stream until it is silent.
fn news(events: &mut Events) -> Vec<String> {
    let mut news = Vec::new();
    while let Ok(Some(event)) = events.try_next(millis(500)) {
        let message = event.message().unwrap_or_default();
        news.extend(message["method"].as_str().map(str::to_owned));
    }
    news
}

fn sessions_of_every_revision(era: &str) {
    let pontoon = bridge(era);
    for revision in LEGACY {
        let client = Client::open_revision(&pontoon, revision);
        let mut listening = client.listen();
        InSession(client).use_every_session_feature();
        let news = news(&mut listening);
        for list in ["tools", "prompts"] {
            let changed = format!("notifications/{list}/list_changed");
            assert!(news.contains(&changed), "{revision}, {era}: {news:?}");
        }
    }
}

fn requests_that_describe_themselves(era: &str) {
    let pontoon = bridge(era);
    let mut client = ByItself(Modern::new(&pontoon));
    let mut listening =
        client.0.listen(json!({"toolsListChanged": true, "promptsListChanged": true}));
    client.ask("server/discover", json!({}));
    client.use_every_feature();
    let news = news(&mut listening.events);
    for list in ["tools", "prompts"] {
        let changed = format!("notifications/{list}/list_changed");
        assert!(news.contains(&changed), "{era}: {news:?}");
    }
}

#[test]
fn sessions_with_a_legacy_command() {
    sessions_of_every_revision("legacy");
}

#[test]
fn sessions_with_a_modern_command() {
    sessions_of_every_revision("modern");
}

#[test]
fn requests_that_describe_themselves_with_a_legacy_command() {
    requests_that_describe_themselves("legacy");
}

#[test]
fn requests_that_describe_themselves_with_a_modern_command() {
    requests_that_describe_themselves("modern");
}
