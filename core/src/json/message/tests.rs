use super::*;
use crate::json::Peer;

mod concerns;
mod edits;
mod fields;
mod leniency;
mod verdicts;

fn parse_of(sender: Peer, text: &str) -> Result<Message, Invalid> {
    let rules = ParseRules { depth_max: 128, batch_len_max: 50, sender };
    Message::parse(Bytes::copy_from_slice(text.as_bytes()), rules)
}

/// Parses a message of a client.
fn parse(text: &str) -> Result<Message, Invalid> {
    parse_of(Peer::Client, text)
}

fn message(text: &str) -> Message {
    parse(text).unwrap_or_else(|reject| panic!("{text}: {reject:?}"))
}

fn verdict(text: &str) -> Result<Kind, Reject> {
    verdict_of(Peer::Client, text)
}

fn verdict_of(sender: Peer, text: &str) -> Result<Kind, Reject> {
    match parse_of(sender, text) {
        Ok(message) => Ok(message.kind()),
        Err(invalid) => Err(invalid.reject),
    }
}

/// Returns a message with these members besides `jsonrpc`.
fn with(members: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0",{members}}}"#)
}

fn text(bytes: Option<&[u8]>) -> Option<&str> {
    bytes.map(|bytes| std::str::from_utf8(bytes).unwrap())
}
