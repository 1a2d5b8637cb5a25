//! The lines of a request head that the guard has let through.

use std::ops::Range;

use crate::http::{Headers, RequestHead};
use crate::time::Instant;

use core::net::IpAddr;

/// A request head: its bytes, and where its parts are.
#[derive(Debug)]
pub struct RequestLines {
    bytes: Vec<u8>,
    method: Range<usize>,
    /// The path and the query.
    target: Range<usize>,
    lines: Vec<Line>,
    pub(super) is_http_10: bool,
    /// Whether the client wants the connection to stay open.
    pub(super) persists: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub(super) expects_continue: bool,
    arrived: Instant,
}

/// The usual maximum number of headers.
const LINES_TYPICAL: usize = 16;

/// The places of a header's name and value.
#[derive(Debug)]
struct Line {
    name: Range<usize>,
    value: Range<usize>,
}

impl RequestLines {
    /// Reads a head that the guard has let through, from its first byte to its empty line.
    pub(super) fn read(bytes: Vec<u8>, arrived: Instant) -> RequestLines {
        // An empty line may stand before the request line.
        let start = if bytes.starts_with(b"\r\n") { 2 } else { 0 };
        let end = line_end(&bytes, start);
        let mut words = bytes[start..end].split(|byte| *byte == b' ').map(<[u8]>::len);
        let mut word = |start: usize| start..start + words.next().unwrap_or_default();
        let method = word(start);
        let target = word(method.end + 1);
        let is_http_10 = bytes[..end].ends_with(b"HTTP/1.0");
        let path = path_start(&bytes[target.clone()]);
        let mut head = RequestLines {
            method,
            target: target.start + path..target.end,
            lines: Vec::with_capacity(LINES_TYPICAL),
            is_http_10,
            persists: false,
            expects_continue: false,
            arrived,
            bytes,
        };
        head.read_fields(end + 2);
        head.read_connection();
        let expectation = head.values("expect").next().is_some();
        // HTTP/1.0 has no `100 Continue` (RFC 9110, section 10.1.1).
        head.expects_continue = expectation && !is_http_10;
        head
    }

    fn read_fields(&mut self, mut start: usize) {
        let bytes = &self.bytes;
        while start < bytes.len() {
            let end = line_end(bytes, start);
            let Some(colon) = memchr::memchr(b':', &bytes[start..end]) else { return };
            let name = start..start + colon;
            let rest = &bytes[name.end + 1..end];
            let value = rest.trim_ascii();
            let value_start = end - rest.trim_ascii_start().len();
            self.lines.push(Line { name, value: value_start..value_start + value.len() });
            start = end + 2;
        }
    }

    /// Reads `Connection`. `close` is stronger than `keep-alive`, in any order (RFC 9112, section
    /// 9.3).
    fn read_connection(&mut self) {
        let has = |wanted: &str| {
            let options = self.values("connection").flat_map(|line| line.split(|it| *it == b','));
            let mut options = options.map(<[u8]>::trim_ascii);
            options.any(|option| option.eq_ignore_ascii_case(wanted.as_bytes()))
        };
        self.persists = !has("close") && (!self.is_http_10 || has("keep-alive"));
    }

    /// Returns the head as the rules take it.
    pub(super) fn head(&self, peer: Option<IpAddr>) -> RequestHead<'_, RequestLines> {
        RequestHead {
            method: self.text(&self.method),
            target: self.text(&self.target),
            headers: self,
            peer,
            arrived: self.arrived,
        }
    }

    pub(super) fn is_head(&self) -> bool {
        &self.bytes[self.method.clone()] == b"HEAD"
    }

    /// The guard lets only ASCII through here.
    fn text(&self, place: &Range<usize>) -> &str {
        str::from_utf8(&self.bytes[place.clone()]).unwrap_or_default()
    }
}

impl Headers for RequestLines {
    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let named = move |line: &&Line| {
            line.name.len() == name.len()
                && self.bytes[line.name.clone()].eq_ignore_ascii_case(name.as_bytes())
        };
        self.lines.iter().filter(named).map(|line| &self.bytes[line.value.clone()])
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let line = |line: &Line| (line.name.clone(), line.value.clone());
        let lines = self.lines.iter().map(line);
        lines.map(|(name, value)| (self.text(&name), &self.bytes[value]))
    }
}

/// Returns where the line that begins at `start` ends: at its CR.
fn line_end(bytes: &[u8], start: usize) -> usize {
    memchr::memchr(b'\r', &bytes[start..]).map_or(bytes.len(), |at| start + at)
}

/// Returns where the path begins in a target, which may be in absolute form.
fn path_start(target: &[u8]) -> usize {
    if target.starts_with(b"/") {
        return 0;
    }
    let authority = memchr::memmem::find(target, b"://").map_or(0, |at| at + 3);
    let path = memchr::memchr(b'/', &target[authority..]);
    path.map_or(target.len(), |at| authority + at)
}
