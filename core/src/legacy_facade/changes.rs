//! Messages of `subscriptions/listen` requests to the child: those that open them, and those that
//! arrive.

use std::collections::BTreeSet;

use serde_json::json;

use super::initialize::empty_result;
use super::subscriptions::{Filter, ListenAction, Verdict};
use super::{FacadeCx, LegacyFacade};
use crate::json::object::Object;
use crate::json::{Answer, Message, line};
use crate::legacy_facade::{FromWorker, RequestFlags, ToWorker};
use crate::reject::{INTERNAL_ERROR, Reject};
use crate::translate::modern_child::{self, Caller};
use crate::translate::subscription;

impl LegacyFacade {
    /// Opens and closes listen requests until the wanted ones are open, and answers the requests
    /// that waited for that.
    pub(super) fn update_subscriptions(&mut self, at: &mut FacadeCx<'_>) {
        while let Some(step) = self.subscriptions.next_action(at.now) {
            match step {
                ListenAction::Close(number) => self.send_upstream(ToWorker::Cancel { number }),
                ListenAction::Open(filter) => self.open_subscription(filter, at),
            }
        }
        while let Some((call, verdict)) = self.subscriptions.next_answer() {
            match verdict {
                Verdict::Done => self.answer(call, empty_result()),
                Verdict::Refused => self.answer(call, unknown_resource()),
            }
        }
    }

    fn open_subscription(&mut self, filter: Filter, at: &mut FacadeCx<'_>) {
        let number = at.next_upstream();
        let params = params(&filter);
        // The request announces changes only, so it has no log level.
        let caller = Caller { log_level: None, ..self.client.caller() };
        let method = "subscriptions/listen";
        let params = modern_child::params(method, Some(&params), &caller, number);
        let line = line::request(number.to_string().as_bytes(), method, params.as_deref());
        let flags = RequestFlags { is_subscription: true, ..RequestFlags::default() };
        self.send_upstream(ToWorker::Request { number, line: line.into(), flags });
        self.subscriptions.opened(number, filter, at.now);
    }

    pub(super) fn on_subscription_event(
        &mut self,
        number: u64,
        heard: &FromWorker,
        at: &FacadeCx<'_>,
    ) {
        match heard {
            FromWorker::Notification { message, .. } => {
                self.on_subscription_message(number, message, at);
            }
            FromWorker::Lost { reject, .. } => {
                for call in self.subscriptions.ended(number, at.now) {
                    self.fail(call, *reject);
                }
            }
            FromWorker::Answer { message, .. } => match Answer::of(message) {
                Some(Answer::Error(error)) => {
                    let why = modern_child::error("resources/subscribe", &error, None);
                    for call in self.subscriptions.refused(number, at.now) {
                        self.answer(call, why.clone());
                    }
                }
                _ => {
                    for call in self.subscriptions.ended(number, at.now) {
                        self.fail(call, Reject::SubscriptionEnded);
                    }
                }
            },
        }
    }

    fn on_subscription_message(&mut self, number: u64, message: &Message, at: &FacadeCx<'_>) {
        let method = message.method().unwrap_or_default();
        let params = Object::read_or_empty(message.params());
        match method {
            "notifications/subscriptions/acknowledged" => {
                let honoured = uris(&params);
                if let Some(number) = self.subscriptions.acknowledged(number, &honoured, at.now) {
                    self.send_upstream(ToWorker::Cancel { number });
                }
            }
            "notifications/prompts/list_changed"
            | "notifications/resources/list_changed"
            | "notifications/resources/updated"
            | "notifications/tools/list_changed" => {
                let uri = params.text("uri");
                if self.subscriptions.should_announce(
                    number,
                    uri.as_deref().unwrap_or(method),
                    at.now,
                ) {
                    self.announce_change(method, message.params().and_then(subscription::untag));
                }
            }
            // The request asks for no other notification.
            _ => {}
        }
    }
}

fn unknown_resource() -> Answer<'static> {
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
