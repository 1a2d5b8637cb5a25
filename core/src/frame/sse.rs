//! stub
use crate::machine::Chunk;
use crate::session::EventId;
/// stub
pub fn event(_id: Option<EventId>, _payload: Chunk) -> Chunk {
    Chunk::new()
}
