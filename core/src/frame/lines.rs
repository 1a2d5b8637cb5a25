//! stub
use bytes::Bytes;
/// stub
pub struct Lines;
/// stub
#[derive(Debug)]
pub enum Framed {
    /// stub
    Line(Bytes),
    /// stub
    Overlong,
}
impl Lines {
    /// stub
    pub fn new(_max: usize) -> Self {
        Lines
    }
}
