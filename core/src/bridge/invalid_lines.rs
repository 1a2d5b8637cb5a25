//! Invalid lines of a child's standard output, for the log.
//!
//! Owns: their rate limit, and the consequence of each.

use bytes::Bytes;

use crate::bridge::bucket::Bucket;
use crate::cx::Cx;
use crate::ids::ChildId;
use crate::json::{InvalidLine, LineSubject, Message, parse_number};
use crate::observe::Event;
use crate::reject::Flaw;
use crate::time::{Duration, Instant};

/// The consequence of an invalid line.
#[derive(Debug)]
pub(crate) enum Consequence {
    /// Nothing.
    None,
    /// The request with this number fails, because it has no other answer.
    Fails(u64),
    /// A message was read from it.
    Message(Box<Message>),
}

/// Returns the consequence of an invalid line. `only` is the number of the request in flight, if
/// there is only one and an answer without an id can only belong to that.
pub(crate) fn consequence(line: &mut InvalidLine, only: Option<u64>) -> Consequence {
    let number = match std::mem::replace(&mut line.concerns, LineSubject::Nothing) {
        LineSubject::Nothing => None,
        LineSubject::Request(id) => parse_number(&id),
        LineSubject::AnyRequest => only,
        LineSubject::Quoted(message) => {
            if only.is_some() && message.id().and_then(parse_number) == only {
                line.flaw = Flaw::BehindText;
                return Consequence::Message(message);
            }
            None
        }
    };
    number.map_or(Consequence::None, Consequence::Fails)
}

/// The invalid lines of a child, for the log.
#[derive(Debug, Default)]
pub(crate) struct InvalidLines {
    bucket: Bucket,
    /// The beginning of the first.
    first: Option<Bytes>,
    /// The number of lines left out of the log, and when it is logged.
    skipped: Option<(u64, Instant)>,
}

impl InvalidLines {
    /// Logs or counts a line.
    pub(crate) fn push(&mut self, child: ChildId, line: &InvalidLine, cx: &mut Cx<'_>) {
        self.first.get_or_insert_with(|| line.excerpt.clone());
        let (burst, per_second) = (cx.limits.noise_lines_burst, cx.limits.noise_lines_per_second);
        if let Some((lines, _)) = &mut self.skipped {
            *lines += 1;
        } else if self.bucket.take(burst, per_second, cx.now) {
            let InvalidLine { flaw, excerpt, bytes, .. } = line.clone();
            cx.log(Event::ChildNoise { child, flaw, excerpt, bytes });
        } else {
            let due = cx.now + Duration::from_secs(1);
            self.skipped = Some((1, due));
            cx.wake(due);
        }
    }

    /// Returns the beginning of the first line.
    pub(crate) fn first(&self) -> Option<&Bytes> {
        self.first.as_ref()
    }

    /// Returns when the number of skipped lines is logged.
    pub(crate) fn next_due(&self) -> Instant {
        self.skipped.map_or(Instant::FAR, |(_, due)| due)
    }

    /// Logs the number of skipped lines.
    pub(crate) fn report(&mut self, child: ChildId, cx: &mut Cx<'_>) {
        if let Some((lines, _)) = self.skipped.take() {
            cx.log(Event::ChildNoiseSkipped { child, lines });
        }
    }
}
