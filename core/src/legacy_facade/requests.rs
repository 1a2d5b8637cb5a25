//! Requests of the client: those answered here, and those passed to the child.

use super::initialize::{empty_result, refusal};
use super::subscriptions::TooMany;
use super::{FacadeCx, LegacyFacade};
use crate::json::object::Object;
use crate::json::{Answer, Message};
use crate::reject::{INTERNAL_ERROR, Reject};

impl LegacyFacade {
    pub(super) fn on_request(&mut self, call: u64, message: &Message, at: &mut FacadeCx<'_>) {
        let method = message.method().unwrap_or_default();
        match method {
            "initialize" => self.initialize(call, message.params(), at),
            "logging/setLevel" => self.set_level(call, message.params()),
            "ping" => self.answer(call, empty_result()),
            "resources/subscribe" | "resources/unsubscribe" => {
                self.subscribe(call, method == "resources/subscribe", message.params(), at);
            }
            _ if is_of_one_era(method) => self.answer(call, refusal(Reject::UnknownMethod)),
            _ => self.begin(call, message, at),
        }
    }

    fn subscribe(&mut self, call: u64, subscribes: bool, params: Option<&[u8]>, at: &FacadeCx<'_>) {
        if !self.client.may_subscribe() {
            return self.answer(call, refusal(Reject::UnknownMethod));
        }
        let params = Object::read_or_empty(params);
        let Some(uri) = params.text("uri") else {
            return self.answer(call, refusal(Reject::BadParams));
        };
        if !subscribes {
            return self.subscriptions.unsubscribe(call, &uri, at.now);
        }
        if let Err(TooMany) = self.subscriptions.subscribe(call, &uri, at.now) {
            self.answer(call, Answer::error(INTERNAL_ERROR, "Too many subscriptions"));
        }
    }
}

/// Returns whether a method differs between a legacy client and a modern child, or exists for one
/// only.
fn is_of_one_era(method: &str) -> bool {
    method.starts_with("tasks/") || matches!(method, "server/discover" | "subscriptions/listen")
}
