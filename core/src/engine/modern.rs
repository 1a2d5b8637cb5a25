//! Requests of the modern era: each says of itself what it is, and belongs to no session.

use crate::engine::Engine;
use crate::http::McpHead;
use crate::ids::ExchangeId;
use crate::json::Body;
use crate::machine::Actions;
use crate::modern::envelope;
use crate::reject::Reject;
use crate::time::Instant;

impl Engine {
    pub(super) fn on_modern(
        &mut self,
        _exchange: ExchangeId,
        head: &McpHead,
        body: &Body,
        _now: Instant,
        _out: &mut Actions,
    ) -> Result<(), Reject> {
        envelope::admit(head, body, self.desk.served())?;
        Err(Reject::UnsupportedRevision)
    }
}
