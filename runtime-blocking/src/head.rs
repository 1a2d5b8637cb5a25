//! The head of a request: as the library gets it, and as the rules take it.
//!
//! Never: a head that the guard has not passed.
//!
//! What could make the library read or answer otherwise than the guard has understood is replaced:
//!
//! | of a head | instead | because otherwise |
//! |---|---|---|
//! | - | a first line with the link's number | nobody could tell whose request it is |
//! | every `Connection` | one that says `close` | an offer to upgrade would unbound the body |
//! | `Expect` in HTTP/1.0 | - | it would be met, against RFC 9110, section 10.1.1 |
//! | an empty line before the request line | - | it would be taken for the request line |
//! | a target in absolute form | its path | it would be taken for the path |
//! | a byte above 0x7f in a value | `?` | it would be refused |
//!
//! The rules read the lines that the client sent ([`HeadLines`]).

use std::borrow::Cow;

use pontoon_core::http::Headers;

/// A head as the library gets it, and what was taken from it.
pub(crate) struct Head {
    /// The bytes of the head, but for the link's number.
    lines: Vec<u8>,
    /// Where that goes.
    number_at: usize,
    /// Whether the client wants the connection to end with the answer.
    pub(crate) is_last: bool,
    /// Whether the client waits for a word before it sends the body.
    pub(crate) expects: bool,
    /// Whether the library takes the whole body before it tells of the request.
    pub(crate) is_eager: bool,
}

impl Head {
    /// Makes one of a clean head, from its first byte to its empty line.
    pub(crate) fn adapt(head: &[u8]) -> Head {
        let mut rest = without_empty_line(head).split_inclusive(|byte| *byte == b'\n');
        let first = request_line(rest.next().unwrap_or_default());
        let is_http_10 = first.ends_with(b"1.0\r\n");
        let mut adapted = Head {
            lines: Vec::with_capacity(head.len() + OWN_BYTES),
            number_at: first.len(),
            is_last: false,
            expects: false,
            is_eager: false,
        };
        adapted.lines.extend_from_slice(&first);
        adapted.lines.extend_from_slice(b"connection: close\r\n");
        let mut persists = !is_http_10;
        for line in rest {
            let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
            let (name, value) = line.split_at(colon);
            if name.eq_ignore_ascii_case(b"connection") {
                persists |= adapted.connection(value);
                continue;
            }
            if name.eq_ignore_ascii_case(b"expect") {
                if is_http_10 {
                    continue;
                }
                adapted.expects = true;
            }
            if name.eq_ignore_ascii_case(b"content-length") {
                let value = value.strip_prefix(b":").unwrap_or_default().trim_ascii();
                adapted.is_eager = value.len() <= EAGER_DIGITS_MAX;
            }
            let ascii = |byte: &u8| if byte.is_ascii() { *byte } else { b'?' };
            adapted.lines.extend(line.iter().map(ascii));
        }
        adapted.is_last |= !persists;
        adapted.is_eager &= !adapted.expects;
        adapted
    }

    /// Takes a `Connection`; returns whether it asks to keep the connection. One that asks for its
    /// end is stronger, wherever it stands (RFC 9112, section 9.3).
    fn connection(&mut self, value: &[u8]) -> bool {
        let mut persists = false;
        for option in value.split(|byte| matches!(byte, b':' | b',')).map(<[u8]>::trim_ascii) {
            self.is_last |= option.eq_ignore_ascii_case(b"close");
            persists |= option.eq_ignore_ascii_case(b"keep-alive");
        }
        persists
    }

    /// The bytes for the link of this number.
    pub(crate) fn into_bytes(self, number: u64) -> Vec<u8> {
        let mut lines = self.lines;
        let number = format!("pontoon-link: {number}\r\n");
        lines.splice(self.number_at..self.number_at, number.into_bytes());
        lines
    }
}

/// The guard lets one empty line pass in front of a head.
fn without_empty_line(head: &[u8]) -> &[u8] {
    head.strip_prefix(b"\r\n").unwrap_or(head)
}

/// A request line whose target is a path.
fn request_line(line: &[u8]) -> Cow<'_, [u8]> {
    let space = line.iter().position(|byte| *byte == b' ').map_or(line.len(), |at| at + 1);
    let (method, target) = line.split_at(space);
    if target.starts_with(b"/") {
        return line.into();
    }
    let authority = memchr::memmem::find(target, b"://").map_or(0, |at| at + 3);
    let path = target[authority..].iter().position(|byte| *byte == b'/').unwrap_or_default();
    [method, &target[authority + path..]].concat().into()
}

/// The library reads up to 1024 bytes of body at once. A few more make no difference.
const EAGER_DIGITS_MAX: usize = 4;

const OWN_BYTES: usize = 64;

/// The header lines of a clean head.
pub(crate) struct HeadLines<'a>(pub(crate) &'a [u8]);

impl Headers for HeadLines<'_> {
    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let named = move |line: &(&str, &[u8])| line.0.eq_ignore_ascii_case(name);
        self.lines().filter(named).map(|(_, value)| value)
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let lines = without_empty_line(self.0).split(|byte| *byte == b'\n').skip(1);
        lines.filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((str::from_utf8(&line[..colon]).ok()?, line[colon + 1..].trim_ascii()))
        })
    }
}

#[cfg(test)]
mod tests;
