//! Event streams, read event by event (HTML standard, server-sent events).

use std::time::Duration;

use serde_json::Value;

use super::response::Framing;
use super::{Broken, Head, PATIENCE, Wire};
use crate::wait::Instant;

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

/// A response that is an event stream.
#[derive(Debug)]
pub struct Events {
    /// The head of the response.
    pub head: Head,
    wire: Wire,
    framing: Framing,
    text: Vec<u8>,
    /// The length of the text that is known to hold no end of a block.
    searched: usize,
}

impl Events {
    pub(super) fn new(wire: Wire, head: Head) -> Events {
        let framing = head.framing();
        Events { head, wire, framing, text: Vec::new(), searched: 0 }
    }

    /// Returns the next block, or `None` if the stream ended normally.
    pub fn try_next(&mut self, within: Duration) -> Result<Option<Event>, Broken> {
        self.wire.deadline = Instant::now() + within;
        loop {
            if let Some(block) = self.block() {
                let event = parse(&block)?;
                self.wire.check.event(&self.head, &event);
                return Ok(Some(event));
            }
            match self.framing.read(&mut self.wire)? {
                Some(part) => self.text.extend_from_slice(&part),
                None if self.text.is_empty() => return Ok(None),
                None => return Err(Broken::Malformed("a stream that ends inside an event".into())),
            }
        }
    }

    fn block(&mut self) -> Option<Vec<u8>> {
        let at = self.text[self.searched..].windows(2).position(|pair| pair == b"\n\n");
        match at {
            Some(at) => {
                let end = std::mem::take(&mut self.searched) + at + 2;
                Some(self.text.drain(..end).collect())
            }
            None => {
                self.searched = self.text.len().saturating_sub(1);
                None
            }
        }
    }

    /// Returns the next block; panics on anything but a block or the stream's end.
    pub fn next_event(&mut self) -> Option<Event> {
        self.next_within(PATIENCE)
    }

    /// Returns the next message with its event, skipping comments and events that only have an id,
    /// or `None` if the stream ended normally.
    pub fn next_message(&mut self) -> Option<(Event, Value)> {
        // Comments do not extend the wait.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let event = self.next_within(deadline.left())?;
            if let Some(message) = event.message() {
                return Some((event, message));
            }
        }
    }

    fn next_within(&mut self, within: Duration) -> Option<Event> {
        self.try_next(within).unwrap_or_else(|broken| panic!("no event: {broken}"))
    }

    /// Returns the next message; panics if the stream ends.
    pub fn message(&mut self) -> Value {
        self.next_message().expect("one more message on the stream").1
    }

    /// Returns the messages up to the end of the stream.
    pub fn messages(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.next_message()).map(|(_, message)| message).collect()
    }

    /// Returns whether no message arrives for this long, while the stream stays open.
    pub fn is_quiet(&mut self, during: Duration) -> bool {
        let deadline = Instant::now() + during;
        loop {
            match self.try_next(deadline.left()) {
                Ok(Some(event)) if event.message().is_none() => {}
                Err(Broken::Silent) => return true,
                _ => return false,
            }
        }
    }

    /// Resets the connection.
    pub fn reset(self) {
        self.wire.reset();
    }
}

/// Parses the events of a whole stream.
pub(super) fn parse_all(stream: &[u8]) -> Result<Vec<Event>, Broken> {
    let text = std::str::from_utf8(stream).map_err(|e| Broken::Malformed(e.to_string()))?;
    text.split_terminator("\n\n").map(|block| parse(block.as_bytes())).collect()
}

fn parse(block: &[u8]) -> Result<Event, Broken> {
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
