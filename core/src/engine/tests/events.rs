//! A client's parser for event streams that also returns what clients ignore.

/// A block of an event stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A comment line.
    Comment,
    /// An event with an id and no data.
    Priming(String),
    /// A reconnection time, in milliseconds.
    Retry(u64),
    /// The URI for messages, in HTTP+SSE.
    Endpoint(String),
    /// A message: its event id, empty if it has none, and its data.
    Message(String, String),
}

impl Item {
    /// Returns the data of a message.
    pub(super) fn data(&self) -> Option<&str> {
        match self {
            Item::Message(_, data) => Some(data),
            _ => None,
        }
    }

    /// Returns the id of an event.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Item::Message(id, _) | Item::Priming(id) => Some(id),
            _ => None,
        }
    }
}

/// Parses every block of a body. Nothing is skipped: unknown fields panic.
pub(super) fn items(body: &[u8]) -> Vec<Item> {
    let text = std::str::from_utf8(body).expect("event streams are UTF-8");
    assert!(text.is_empty() || text.ends_with("\n\n"), "half an event: {text:?}");
    text.split_terminator("\n\n").map(item).collect()
}

fn item(block: &str) -> Item {
    let (mut id, mut data, mut retry, mut name) = (None, None, None, "message");
    for line in block.split('\n') {
        match line.split_once(':').map(|(name, value)| (name, value.trim_start_matches(' '))) {
            Some(("", _)) => return Item::Comment,
            Some(("id", value)) => assert!(id.replace(value.to_owned()).is_none(), "{block:?}"),
            Some(("data", value)) => assert!(data.replace(value).is_none(), "{block:?}"),
            Some(("retry", value)) => retry = value.parse().ok(),
            Some(("event", value)) => name = value,
            _ => panic!("not a field: {line:?}"),
        }
    }
    match (name, id, data, retry) {
        ("endpoint", None, Some(uri), None) => Item::Endpoint(uri.to_owned()),
        ("message", Some(id), Some(""), _) => Item::Priming(id),
        ("message", id, Some(data), None) => Item::Message(id.unwrap_or_default(), data.to_owned()),
        ("message", None, None, Some(retry)) => Item::Retry(retry),
        _ => panic!("not an event: {block:?}"),
    }
}
