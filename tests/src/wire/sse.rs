//! Event streams, read event by event (HTML standard, server-sent events).

use std::time::Duration;

use serde_json::Value;

use super::{PATIENCE, Wire};
use crate::response::{Broken, Event, Framing, Head, event};
use crate::wait::Instant;

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
                let event = event::parse(&block)?;
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
