//! Messages of `subscriptions/listen` requests to the child: those that open them, and those that
//! arrive.

use std::collections::BTreeSet;

use serde_json::json;

use super::introduction::nothing;
use super::listens::{Filter, Step, Verdict};
use super::{At, Interpreter};
use crate::interpreter::{FromWorker, ToWorker, Traits};
use crate::json::object::Object;
use crate::json::{Answer, Message, line};
use crate::reject::{INTERNAL_ERROR, Reject};
use crate::translate::modern_child::{self, Caller};
use crate::translate::subscription;

impl Interpreter {
    /// Opens and closes listen requests until the wanted ones are open, and answers the requests
    /// that waited for that.
    pub(super) fn go_on_listening(&mut self, at: &mut At<'_>) {
        while let Some(step) = self.listens.next_step(at.now) {
            match step {
                Step::Close(number) => self.send(ToWorker::Cancel { number }),
                Step::Open(filter) => self.open_listen(filter, at),
            }
        }
        while let Some((call, verdict)) = self.listens.next_answer() {
            match verdict {
                Verdict::Done => self.answer(call, nothing()),
                Verdict::Refused => self.answer(call, not_told_of()),
            }
        }
    }

    fn open_listen(&mut self, filter: Filter, at: &mut At<'_>) {
        let number = at.next_upstream();
        let params = params(&filter);
        // The request announces changes only, so it has no log level.
        let caller = Caller { log_level: None, ..self.client.caller() };
        let method = "subscriptions/listen";
        let params = modern_child::params(method, Some(&params), &caller, number);
        let line = line::request(number.to_string().as_bytes(), method, params.as_deref());
        let traits = Traits { listens: true, ..Traits::default() };
        self.send(ToWorker::Request { number, line: line.into(), traits });
        self.listens.opened(number, filter, at.now);
    }

    pub(super) fn on_listen_heard(&mut self, number: u64, heard: &FromWorker, at: &At<'_>) {
        match heard {
            FromWorker::Notification { message, .. } => {
                self.on_listen_notified(number, message, at);
            }
            FromWorker::Lost { reject, .. } => {
                for call in self.listens.ended(number, at.now) {
                    self.fail(call, *reject);
                }
            }
            FromWorker::Answer { message, .. } => match Answer::of(message) {
                Some(Answer::Error(error)) => {
                    let why = modern_child::error("resources/subscribe", &error, None);
                    for call in self.listens.refused(number, at.now) {
                        self.answer(call, why.clone());
                    }
                }
                _ => {
                    for call in self.listens.ended(number, at.now) {
                        self.fail(call, Reject::SubscriptionEnded);
                    }
                }
            },
        }
    }

    fn on_listen_notified(&mut self, number: u64, message: &Message, at: &At<'_>) {
        let method = message.method().unwrap_or_default();
        let params = Object::read_or_empty(message.params());
        match method {
            "notifications/subscriptions/acknowledged" => {
                let honoured = uris(&params);
                if let Some(number) = self.listens.acknowledged(number, &honoured, at.now) {
                    self.send(ToWorker::Cancel { number });
                }
            }
            "notifications/prompts/list_changed"
            | "notifications/resources/list_changed"
            | "notifications/resources/updated"
            | "notifications/tools/list_changed" => {
                let uri = params.text("uri");
                if self.listens.tells(number, uri.as_deref().unwrap_or(method), at.now) {
                    self.tell_change(method, message.params().and_then(subscription::untag));
                }
            }
            // The request asks for no other notification.
            _ => {}
        }
    }
}

fn not_told_of() -> Answer<'static> {
    Answer::error(INTERNAL_ERROR, "The server does not tell of changes of this resource")
}

/// Returns the params of `subscriptions/listen`, without `_meta`.
fn params(filter: &Filter) -> Vec<u8> {
    let mut wanted = serde_json::Map::new();
    let lists = [
        ("promptsListChanged", filter.prompts),
        ("resourcesListChanged", filter.resources),
        ("toolsListChanged", filter.tools),
    ];
    for (name, _) in lists.into_iter().filter(|(_, is_wanted)| *is_wanted) {
        wanted.insert(name.to_owned(), true.into());
    }
    if !filter.uris.is_empty() {
        wanted.insert("resourceSubscriptions".to_owned(), json!(filter.uris));
    }
    json!({ "notifications": wanted }).to_string().into_bytes()
}

/// Returns the resources in an acknowledgement.
fn uris(params: &Object<'_>) -> BTreeSet<Box<str>> {
    let honoured = params.object("notifications");
    let uris = honoured.as_ref().and_then(|honoured| honoured.get("resourceSubscriptions"));
    uris.and_then(|uris| serde_json::from_slice(uris).ok()).unwrap_or_default()
}
