//! The events of a stream (HTML standard, server-sent events).

use serde_json::Value;

use super::Broken;

/// One block of a stream, up to its empty line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// `id`.
    pub id: Option<String>,
    /// `event`.
    pub name: Option<String>,
    /// `data`; several lines are joined by a newline.
    pub data: Option<String>,
    /// `retry`, in milliseconds.
    pub retry: Option<u64>,
    /// Comment lines.
    pub comments: Vec<String>,
}

impl Event {
    /// Returns the message in it, or `None` for a comment or an event that only has an id.
    pub fn message(&self) -> Option<Value> {
        let data = self.data.as_deref().filter(|data| !data.is_empty())?;
        Some(serde_json::from_str(data).unwrap_or_else(|error| panic!("{error} in {data:?}")))
    }

    fn take_line(&mut self, line: &str) -> Result<(), Broken> {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => self.comments.push(value.to_owned()),
            "id" => self.id = Some(value.to_owned()),
            "event" => self.name = Some(value.to_owned()),
            "retry" => self.retry = value.parse().ok(),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                none => *none = Some(value.to_owned()),
            },
            _ => return Err(Broken::Malformed(format!("event field {line:?}"))),
        }
        Ok(())
    }
}

/// Parses the events of a whole stream.
pub(crate) fn parse_all(stream: &[u8]) -> Result<Vec<Event>, Broken> {
    let text = std::str::from_utf8(stream).map_err(|e| Broken::Malformed(e.to_string()))?;
    text.split_terminator("\n\n").map(|block| parse(block.as_bytes())).collect()
}

/// Parses an event.
pub(crate) fn parse(block: &[u8]) -> Result<Event, Broken> {
    let text = std::str::from_utf8(block).map_err(|e| Broken::Malformed(e.to_string()))?;
    if text.contains('\r') {
        return Err(Broken::Malformed(format!("a carriage return in {text:?}")));
    }
    let mut event = Event::default();
    for line in text.lines().filter(|line| !line.is_empty()) {
        event.take_line(line)?;
    }
    Ok(event)
}
