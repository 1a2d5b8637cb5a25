//! Self-contained requests of the modern era, which belong to no session.
//!
//! Owns: their route.

use crate::cx::Upstream;
use crate::engine::Engine;
use crate::http::McpHead;
use crate::ids::ExchangeId;
use crate::json::Body;
use crate::modern::envelope;
use crate::native::Serving;
use crate::protocol::is_removed;
use crate::reject::Reject;

impl Engine {
    pub(super) fn on_modern(
        &mut self,
        exchange: ExchangeId,
        head: &McpHead,
        body: &Body,
    ) -> Result<(), Reject> {
        match self.shared.upstream {
            Upstream::Command(_) => {
                let may_have = |method: &str| !is_removed(method);
                let message = envelope::admit(head, body, self.shared.served(), may_have)?;
                self.on_bridged(exchange, head, message, None)
            }
            Upstream::Native(_) => {
                self.on_native(exchange, head, body);
                Ok(())
            }
            Upstream::None => Err(Reject::NotFound),
        }
    }

    /// Handles a request for a server in this process that named an unknown session.
    fn on_native(&mut self, exchange: ExchangeId, head: &McpHead, body: &Body) {
        let now = self.shared.now;
        let Some(server) = self.stateless() else { return };
        let (head, body, at) = (head.clone(), body.clone(), (now, self.shared.unix_time(now)));
        let (events, changes) = (Vec::new(), Vec::new());
        let serving = Serving { exchange, server, head, body, at, events, changes };
        self.serve(serving);
    }
}
