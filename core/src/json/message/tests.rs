use super::*;

mod edits;
mod fields;
mod verdicts;

const RULES: ParseRules = ParseRules { depth_max: 128, batch_len_max: 50, lone_surrogates: false };

fn parse(text: &str) -> Result<Message, Reject> {
    Message::parse(Bytes::copy_from_slice(text.as_bytes()), RULES)
}

fn message(text: &str) -> Message {
    parse(text).unwrap_or_else(|reject| panic!("{text}: {reject:?}"))
}

fn verdict(text: &str) -> Result<Kind, Reject> {
    parse(text).map(|message| message.kind())
}

fn text(bytes: Option<&[u8]>) -> Option<&str> {
    bytes.map(|bytes| std::str::from_utf8(bytes).unwrap())
}
