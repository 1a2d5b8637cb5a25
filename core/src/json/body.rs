//! stub
use crate::json::{Message, ParseRules};
use crate::reject::Reject;
use bytes::Bytes;
/// stub
#[derive(Clone, Debug)]
pub enum Body {
    /// One message.
    One(Message),
    /// An array of messages, each with its own verdict.
    Batch(Vec<Result<Message, Reject>>),
}
impl Body {
    /// stub
    pub fn parse(body: Bytes, rules: ParseRules) -> Result<Body, Reject> {
        Message::parse(body, rules).map(Body::One)
    }
}
