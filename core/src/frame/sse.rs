//! stub
use crate::machine::Chunk;
use crate::session::EventId;
/// stub
pub fn event(_id: Option<EventId>, _payload: Chunk) -> Chunk {
    Chunk::new()
}

/// stub
pub fn priming(_id: EventId, _r: Option<std::time::Duration>) -> Chunk {
    Chunk::new()
}
/// stub
pub fn comment() -> bytes::Bytes {
    bytes::Bytes::new()
}
/// stub
pub fn retry(_r: std::time::Duration) -> Chunk {
    Chunk::new()
}
