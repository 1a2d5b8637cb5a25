//! The translation that a message of a child of the pool needs.
//!
//! Never: changes the pool. So a long message is translated outside the engine's lock
//! ([`crate::job`]) and comes back with its translation.

use super::*;
use crate::job::stateless::LOG_LEVEL;
use crate::job::{Client, Translation, severity};
use crate::json::object::text;
use crate::json::parse_number;
use crate::random::Rng;
use bytes::Bytes;

/// Returns whether a request wants log messages of this severity.
pub(super) fn is_level_wanted(post: &Post, level: Option<usize>) -> bool {
    let wanted = match post.era() {
        Era::Legacy => severity(LOG_LEVEL),
        Era::Modern => {
            let level = post.request.log_level().and_then(text);
            level.and_then(|level| severity(&level))
        }
    };
    wanted.is_some_and(|wanted| level.is_none_or(|level| level >= wanted))
}

impl Pool {
    /// Returns the translation that a message of this child needs now. `seal` has the key that
    /// states are sealed with, if principals are verified.
    pub(crate) fn translation(
        &self,
        child: ChildId,
        message: &Message,
        now: Instant,
        seal: Option<&Arc<Rng>>,
    ) -> Translation {
        let Some(worker) = self.workers.get(&child) else { return Translation::None };
        match message.kind() {
            Kind::Result | Kind::Error => self.translation_of_answer(worker, message, seal),
            Kind::Request if self.era == Some(Era::Legacy) && message.method() != Some("ping") => {
                let client =
                    self.asked_by(worker, now).and_then(|number| worker.in_flight.get(number));
                let client = client.and_then(|task| self.client_of(task));
                Translation::Question(client.map(|(id, post)| Box::new((id, post.request.clone()))))
            }
            Kind::Request => Translation::None,
            Kind::Notification => self.translation_of_notification(worker, message),
        }
    }

    fn translation_of_answer(
        &self,
        worker: &Worker,
        message: &Message,
        seal: Option<&Arc<Rng>>,
    ) -> Translation {
        let number = match message.id() {
            Some(id) => parse_number(id),
            None => worker.sole_in_flight(),
        };
        let task = number.and_then(|number| worker.in_flight.get(number));
        match task.map(|task| task.requester) {
            Some(Requester::ToolsList) => Translation::Tools(self.tools.listing()),
            Some(Requester::Initialize) => {
                Translation::Initialize { served: self.served.clone(), offered: self.offered }
            }
            Some(Requester::Request(exchange)) => match self.posts.get(&exchange) {
                // It is passed on unchanged, but for a list of which its client may not see all.
                Some(post) if post.era() == Era::Legacy && self.era != Some(Era::Modern) => {
                    post.filter.clone().map_or(Translation::None, Translation::List)
                }
                Some(post) => Translation::Answer(Box::new(Client {
                    exchange,
                    request: post.request.clone(),
                    legacy: post.legacy,
                    era: self.era.unwrap_or(Era::Legacy),
                    server_info: self.server_info().cloned(),
                    served: self.served.clone(),
                    filter: post.filter.clone(),
                    owner: seal.map(|rng| (post.principal, rng.clone())),
                    tools: (post.method() == "tools/list").then(|| self.tools.known()),
                })),
                None => Translation::None,
            },
            _ => Translation::None,
        }
    }

    fn translation_of_notification(&self, worker: &Worker, message: &Message) -> Translation {
        let is_legacy = self.era == Some(Era::Legacy);
        let is_tagged = match is_legacy {
            true => self.posts.values().any(|post| post.subscription.is_some()),
            false => !self.posts.is_empty(),
        };
        match (message.method(), message.correlation_id()) {
            (Some("notifications/progress"), Some(number)) => {
                let number = parse_number(number);
                match worker
                    .pending_input
                    .as_ref()
                    .is_some_and(|asking| Some(asking.number) == number)
                {
                    true => Translation::Progress,
                    false => Translation::None,
                }
            }
            (Some("notifications/cancelled"), Some(_)) => Translation::None,
            (Some("notifications/message"), _) => Translation::Log,
            _ if is_legacy && !is_tagged => Translation::None,
            _ => Translation::Change { is_tagged },
        }
    }

    /// Returns the request that a question of a legacy child belongs to, if it can be determined.
    pub(super) fn asked_by(&self, worker: &Worker, now: Instant) -> Option<u64> {
        let number = worker.pending_input.as_deref().map(|asking| asking.number);
        number.or_else(|| {
            worker
                .sole_match(|task| task.flags.non_interactive)
                .filter(|_| !worker.is_quarantined(now))
        })
    }

    /// Returns the client of a task.
    fn client_of(&self, task: &InFlight) -> Option<(ExchangeId, &Post)> {
        let Requester::Request(exchange) = task.requester else { return None };
        Some((exchange, self.posts.get(&exchange)?))
    }

    /// Returns the legacy child's `serverInfo`, a JSON text.
    pub(super) fn server_info(&self) -> Option<&Bytes> {
        self.initialize_result.as_ref().and_then(|welcome| welcome.server_info.as_ref())
    }
}
