//! Finds the end of a request body, and measures its rate.
//!
//! Owns: both framings of a body (RFC 9112, sections 6.2 and 7.1). Never: passes a trailer, or a
//! chunk extension whose end readers could see in different places. RFC 9112, section 7.1.1,
//! requires that extensions are ignored, and asks for a limit on them.

use crate::limits::Limits;
use crate::reject::Reject;
use crate::time::Duration;

use super::fields::Framing;
use super::head::{is_token_byte, is_value_byte};

/// A body, as far as it was received.
#[derive(Debug)]
pub(super) struct Body {
    part: Part,
    /// Bytes of the content, without chunk framing.
    received: u64,
    /// Bytes of chunk extensions.
    extended: usize,
}

/// The part that the next byte belongs to.
#[derive(Debug)]
enum Part {
    /// The rest of a body of known length.
    Plain(u64),
    /// The size of a chunk, and its line end.
    Size,
    /// The rest of a chunk.
    Chunk(u64),
    /// The line end after a chunk.
    ChunkEnd,
    /// The empty line after the last chunk.
    LastLine,
    Complete,
}

impl Body {
    pub(super) fn new(framing: Framing) -> Self {
        let part = match framing {
            Framing::Length(0) => Part::Complete,
            Framing::Length(length) => Part::Plain(length),
            Framing::Chunked => Part::Size,
        };
        Body { part, received: 0, extended: 0 }
    }

    pub(super) fn is_complete(&self) -> bool {
        matches!(self.part, Part::Complete)
    }

    /// Whether the next bytes are data, and do not frame a chunk.
    pub(super) fn is_inside_data(&self) -> bool {
        matches!(self.part, Part::Plain(_) | Part::Chunk(_))
    }

    /// Processes bytes of one part and returns their number. Chunk framing passes completely or not
    /// at all, so the HTTP library never sees the beginning of invalid framing.
    pub(super) fn advance(&mut self, bytes: &[u8], limits: &Limits) -> Result<usize, Reject> {
        let (taken, next) = match self.part {
            Part::Plain(left) => match self.receive(bytes, left) {
                taken if taken == left => (taken as usize, Part::Complete),
                taken => (taken as usize, Part::Plain(left - taken)),
            },
            Part::Chunk(left) => match self.receive(bytes, left) {
                taken if taken == left => (taken as usize, Part::ChunkEnd),
                taken => (taken as usize, Part::Chunk(left - taken)),
            },
            Part::Size => {
                // A line is kept until it is complete, so it must fit into the buffer for that.
                let max = EXTENSION_BYTES_MAX.min(limits.head_bytes_max / 2);
                let SizeLine { taken, size, extension } =
                    match size_line(bytes, max.saturating_sub(self.extended))? {
                        Some(line) => line,
                        None => return Ok(0),
                    };
                self.extended += extension;
                if size > limits.body_bytes_max as u64 - self.received {
                    return Err(Reject::BodyTooLarge { limit: limits.body_bytes_max });
                }
                (taken, if size == 0 { Part::LastLine } else { Part::Chunk(size) })
            }
            Part::ChunkEnd if is_line_end(bytes)? => (2, Part::Size),
            Part::LastLine if bytes.first().is_some_and(|byte| is_token_byte(*byte)) => {
                return Err(Reject::Trailer);
            }
            Part::LastLine if is_line_end(bytes)? => (2, Part::Complete),
            Part::ChunkEnd | Part::LastLine | Part::Complete => return Ok(0),
        };
        self.part = next;
        Ok(taken)
    }

    /// Returns the time from the head within which this body must be complete, as far as it was
    /// received.
    pub(super) fn time_max(&self, limits: &Limits) -> Duration {
        let pace = limits.body_bytes_per_second_min as u64;
        match self.received.saturating_mul(1_000_000).checked_div(pace) {
            None => limits.body_time_max,
            Some(micros) => {
                Duration::from_micros(micros).max(limits.body_grace).min(limits.body_time_max)
            }
        }
    }

    fn receive(&mut self, bytes: &[u8], left: u64) -> u64 {
        let taken = left.min(bytes.len() as u64);
        self.received += taken;
        taken
    }
}

/// The line in front of a chunk.
struct SizeLine {
    /// Bytes of the line, including its end.
    taken: usize,
    /// Bytes of the chunk.
    size: u64,
    /// Bytes of the extension.
    extension: usize,
}

/// Parses `1*HEXDIG [";" extension] CRLF`, or returns `None` while it is incomplete.
fn size_line(bytes: &[u8], extension_max: usize) -> Result<Option<SizeLine>, Reject> {
    let mut size = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        match (byte as char).to_digit(16) {
            Some(digit) if index < SIZE_DIGITS_MAX => size = size << 4 | u64::from(digit),
            None if index > 0 => {
                let extension = match byte {
                    b';' => bytes[index..].iter().take_while(|byte| is_value_byte(**byte)).count(),
                    _ => 0,
                };
                if extension > extension_max {
                    return Err(Reject::BadChunk);
                }
                let taken = index + extension + 2;
                let is_whole = is_line_end(&bytes[taken - 2..])?;
                return Ok(is_whole.then_some(SizeLine { taken, size, extension }));
            }
            _ => return Err(Reject::BadChunk),
        }
    }
    Ok(None)
}

/// Returns whether `bytes` begin with CRLF; false while that is unknown.
fn is_line_end(bytes: &[u8]) -> Result<bool, Reject> {
    match bytes {
        [] | [b'\r'] => Ok(false),
        [b'\r', b'\n', ..] => Ok(true),
        _ => Err(Reject::BadChunk),
    }
}

/// The maximum total length of a body's chunk extensions, below the limits of the HTTP libraries.
const EXTENSION_BYTES_MAX: usize = 4 * 1024;

/// The number of hexadecimal digits of a 64-bit number.
const SIZE_DIGITS_MAX: usize = 16;
