//! Randomly changed requests, and the verdicts of several runtimes on them.
//!
//! Owns: the generator, and the comparison of verdicts: the same answers in the same order, and the
//! same end. The cases decide which verdict is right.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::pontoon::Pontoon;
use crate::wait::seconds;
use crate::wire::{Broken, Request, Wire};

/// Valid requests; those with a body can be damaged in more ways.
const VALID: [&str; 6] = [
    "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /nothing/here HTTP/1.1\r\nHost: localhost:80\r\nConnection: keep-alive\r\n\r\n",
    "GET /livez HTTP/1.0\r\nHost: localhost\r\n\r\n",
    "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: 2\r\n\r\n{}",
    "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
    "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 30\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n",
];

/// Texts that are inserted anywhere.
const PIECES: [&str; 34] = [
    "\r",
    "\n",
    "\r\n",
    "\r\n\r\n",
    " ",
    "\t",
    "\0",
    "\u{7f}",
    "\u{e9}",
    ":",
    ";",
    ",",
    "/",
    "?",
    "%",
    "+",
    "-",
    "0",
    "9",
    "f",
    "0x",
    "chunked",
    "identity",
    "close",
    "HTTP/1.1",
    "Content-Length: 0\r\n",
    "Content-Length: 2\r\n",
    "Content-Length: 70368744177664\r\n",
    "Transfer-Encoding: chunked\r\n",
    "transfer-encoding: x\r\n",
    "Host: localhost\r\n",
    "Connection: close\r\n",
    "Connection: upgrade, x\r\nUpgrade: h2c\r\n",
    "Expect: 100-continue\r\n",
];

/// A reproducible sequence of pseudo-random numbers.
struct Rng(u64);

impl Rng {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }
}

/// Returns one of the valid requests, changed in up to three places.
fn mutate(seed: usize) -> Vec<u8> {
    let mut numbers = Rng(seed as u64);
    let mut bytes = VALID[numbers.below(VALID.len())].as_bytes().to_vec();
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(bytes.len());
        let line =
            |bytes: &[u8]| bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |n| n + 1);
        let piece = PIECES[numbers.below(PIECES.len())].as_bytes().iter().copied();
        match numbers.below(5) {
            0 => drop(bytes.splice(at..at, piece)),
            1 => {
                let start = line(&bytes);
                drop(bytes.splice(start..start, piece));
            }
            2 => drop(bytes.remove(at)),
            3 => bytes[at] ^= 1 << numbers.below(7),
            _ => {
                let start = line(&bytes);
                let end =
                    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(at, |n| at + n + 1);
                let again = bytes[start..end].to_vec();
                drop(bytes.splice(start..start, again));
            }
        }
    }
    bytes
}

/// The statuses of the answers, which of them announce the close of the connection, and how it
/// ended.
type Verdict = (Vec<(u16, bool)>, Broken);

fn verdict(pontoon: &Pontoon, bytes: &[u8]) -> Verdict {
    let mut wire = Wire::connect(pontoon.addr).patience(seconds(3));
    // A request after it shows where its end was seen, and ends the connection.
    let marker = Request::new("GET", "/readyz").header("Connection", "close").bytes();
    let _ = wire.try_send([bytes, &marker].concat());
    let mut answers = Vec::new();
    loop {
        match wire.try_response() {
            Ok(response) => answers.push((response.status(), response.head.closes())),
            // The system decides between a close and a reset, by the bytes it had not read.
            Err(Broken::Reset) => return (answers, Broken::Closed),
            Err(broken) => return (answers, broken),
        }
    }
}

/// Panics unless all of them give the same verdicts on this many changed requests. Returns how many
/// of those passed, in part or whole.
#[track_caller]
pub fn expect_same_verdicts(judges: &[Pontoon], count: usize) -> usize {
    let (next, passed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let judge = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= count {
            return;
        }
        let bytes = mutate(seed);
        let verdicts = || judges.iter().map(|judge| verdict(judge, &bytes)).collect::<Vec<_>>();
        let agree =
            |verdicts: &[Verdict]| verdicts.windows(2).all(|pair| is_same(&pair[0], &pair[1]));
        // Under load one of them may have been late once.
        let seen = Some(verdicts()).filter(|seen| agree(seen)).unwrap_or_else(verdicts);
        assert!(agree(&seen), "request {seed}, {}: {seen:?}", bytes.escape_ascii());
        let is_good = seen[0].0.iter().any(|(status, closes)| *status == 200 || !closes);
        passed.fetch_add(usize::from(is_good), Ordering::Relaxed);
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(judge);
        }
    });
    passed.into_inner()
}

/// Whether two verdicts are the same. Where the head is refused and the body is malformed as well,
/// the refusal may be about either, depending on how many bytes are read at a time.
fn is_same(one: &Verdict, other: &Verdict) -> bool {
    let refusal = |verdict: &Verdict| match verdict.0[..] {
        [(status @ 400..500, true)] => Some(status),
        _ => None,
    };
    one == other
        || one.1 == other.1
            && matches!((refusal(one), refusal(other)), (Some(400), Some(_)) | (Some(_), Some(400)))
}

/// Threads mostly wait for timeouts.
const THREADS: usize = 12;
