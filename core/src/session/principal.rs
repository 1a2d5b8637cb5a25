//! stub
/// stub
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Principal;
