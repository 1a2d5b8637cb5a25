//! `pontoon probe`: asks a server how it is, for images that have no curl.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::args::ProbeArgs;
use crate::errors::Failure;
use crate::values::ProbeUrl;

/// Asks, and says nothing where all is well.
pub(crate) fn probe(args: &ProbeArgs) -> Result<ExitCode, Failure> {
    let deadline = Instant::now() + args.timeout;
    let why = match ask(&args.url, deadline) {
        Ok(status) if (200..300).contains(&status) => return Ok(ExitCode::SUCCESS),
        Ok(status) => format!("it answers with status {status}"),
        Err(error) if is_late(&error) => format!("no answer within {:?}", args.timeout),
        Err(error) => error.to_string(),
    };
    // A query may hold a token, and what is said here ends in logs.
    let path = args.url.target.split('?').next().unwrap_or_default();
    Err(Failure {
        what: format!("http://{}{path} is not well", authority(&args.url)),
        why,
        fix: "look at the log of the server".into(),
        code: 1,
    })
}

/// The status of the answer. All of it has to be there by the deadline.
fn ask(url: &ProbeUrl, deadline: Instant) -> io::Result<u16> {
    let mut stream = connect(url, deadline)?;
    stream.set_write_timeout(Some(left(deadline)?))?;
    let head = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        url.target,
        authority(url)
    );
    stream.write_all(head.as_bytes())?;
    let mut line = Vec::new();
    let mut chunk = [0; LINE_BYTES_MAX];
    while line.len() < LINE_BYTES_MAX && !line.contains(&b'\n') {
        stream.set_read_timeout(Some(left(deadline)?))?;
        match stream.read(&mut chunk)? {
            0 => break,
            count => line.extend_from_slice(&chunk[..count]),
        }
    }
    status(&line).ok_or_else(|| io::Error::other("its answer is not HTTP"))
}

/// A connection to the first address of the host that takes one.
fn connect(url: &ProbeUrl, deadline: Instant) -> io::Result<TcpStream> {
    let mut failed = io::Error::other("the host has no address");
    for addr in (url.host.as_str(), url.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&addr, left(deadline)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// The status in a status line (RFC 9112, section 4).
fn status(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.1 ").or_else(|| line.strip_prefix(b"HTTP/1.0 "))?;
    let digits = rest.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

fn authority(url: &ProbeUrl) -> String {
    let ProbeUrl { host, port, .. } = url;
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// More than a status line has.
const LINE_BYTES_MAX: usize = 1024;

#[cfg(test)]
mod tests;
