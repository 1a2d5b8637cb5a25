//! `pontoon probe`: requests the health of a server, for images without curl.

mod tls;

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::args::ProbeArgs;
use crate::banner::scheme;
use crate::errors::Failure;
use crate::probe::tls::TlsStream;
use crate::values::{self, ProbeUrl};
use crate::variables::Variables;

/// Requests the health, and prints nothing if the server is healthy.
///
/// Without a URL the first server that accepts a connection decides.
pub(crate) fn probe(args: &ProbeArgs, variables: &Variables) -> Result<ExitCode, Failure> {
    let deadline = Instant::now() + args.timeout;
    let urls = args.url.clone().map_or_else(|| own_servers(variables), |url| vec![url]);
    let mut urls = urls.iter().peekable();
    while let Some(url) = urls.next() {
        let why = match ask(url, args.cacert.as_deref(), deadline) {
            Ok(status) if (200..300).contains(&status) => break,
            Ok(404) => {
                "it answered with status 404; with --admin, /health is at the address of that, \
                        and /readyz stays here"
                    .to_owned()
            }
            Ok(status) => format!("it answered with status {status}"),
            Err(error) if is_refused(&error) && urls.peek().is_some() => continue,
            Err(error) if is_late(&error) => format!("no answer within {:?}", args.timeout),
            Err(error) => error.to_string(),
        };
        return Err(unhealthy(url, why));
    }
    Ok(ExitCode::SUCCESS)
}

fn unhealthy(url: &ProbeUrl, why: String) -> Failure {
    // A query may hold a token, and this message ends in logs.
    let path = url.target.split('?').next().unwrap_or_default();
    Failure {
        what: format!("{}://{}{path} is unhealthy", scheme(url.tls), authority(url)),
        why,
        fix: "read the server's log, or give the URL of another: pontoon probe \
              http://127.0.0.1:PORT/health"
            .into(),
        code: 1,
    }
}

/// Returns the `/health` URLs of the servers of this machine: the address of `MCP_ADMIN`, or the host
/// and the port of each program whose port is set by a variable, or else the default ports of
/// loopback.
fn own_servers(variables: &Variables) -> Vec<ProbeUrl> {
    let tls = variables.first(&["MCP_TLS_CERT"]).is_some();
    let url = |host, port| ProbeUrl { tls, host, port, target: "/health".into() };
    let text = |name| variables.first(&[name]).and_then(|found| found.value.to_str());
    let admin = text("MCP_ADMIN").and_then(|it| values::probe_url(&format!("http://{it}")).ok());
    if let Some(ProbeUrl { host, port, .. }) = admin {
        return vec![url(reachable(Some(&host)), port)];
    }
    let servers = SERVERS.into_iter().filter_map(|(host, port)| {
        // An invalid port is reported by the server.
        let port = text(port)?.parse().ok().filter(|port| *port > 0)?;
        Some(url(reachable(text(host)), port))
    });
    let servers: Vec<_> = servers.collect();
    match servers.is_empty() {
        true => [3000, 1071].map(|port| url(reachable(None), port)).into(),
        false => servers,
    }
}

/// The variables for the host and the port of the proxy, the echo servers and the calculator.
const SERVERS: [(&str, &str); 3] =
    [("MCP_BIND_HOST", "MCP_PORT"), ("MCP_ECHO_HOST", "MCP_ECHO_PORT"), ("MCP_BIND_HOST", "PORT")];

/// Returns an address of this machine that reaches a server that listens on this one.
fn reachable(host: Option<&str>) -> String {
    match host.and_then(|host| values::bind_host(host).ok()).as_deref() {
        None | Some("0.0.0.0") => "127.0.0.1".to_owned(),
        Some("::") => "::1".to_owned(),
        Some(host) => host.to_owned(),
    }
}

/// Returns the status of the answer, all of which must arrive by the deadline.
fn ask(url: &ProbeUrl, certificates: Option<&Path>, deadline: Instant) -> io::Result<u16> {
    let socket = connect(url, deadline)?;
    let mut stream = match (url.tls, certificates) {
        (false, _) => Stream::Plain(socket),
        (true, Some(file)) => Stream::Tls(Box::new(tls::connect(socket, &url.host, file)?)),
        (true, None) => {
            let why = "its certificate cannot be checked: give --cacert FILE";
            return Err(io::Error::other(why));
        }
    };
    stream.limit(deadline)?;
    let head = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        url.target,
        authority(url)
    );
    stream.write_all(head.as_bytes())?;
    let mut line = Vec::new();
    let mut chunk = [0; LINE_BYTES_MAX];
    while line.len() < LINE_BYTES_MAX && !line.contains(&b'\n') {
        stream.limit(deadline)?;
        match stream.read(&mut chunk)? {
            0 => break,
            count => line.extend_from_slice(&chunk[..count]),
        }
    }
    status(&line).ok_or_else(|| io::Error::other("its answer is not HTTP"))
}

/// The stream of a connection, with TLS or without.
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream>),
}

impl Stream {
    /// Limits the time of the next step. A handshake reads and writes.
    fn limit(&self, deadline: Instant) -> io::Result<()> {
        let socket = match self {
            Stream::Plain(socket) => socket,
            Stream::Tls(stream) => &stream.sock,
        };
        let left = left(deadline)?;
        socket.set_read_timeout(Some(left))?;
        socket.set_write_timeout(Some(left))
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.read(buf),
            Stream::Tls(stream) => stream.read(buf),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.write(buf),
            Stream::Tls(stream) => stream.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(socket) => socket.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}

/// Connects to the first address of the host that accepts.
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

/// Parses the status in a status line (RFC 9112, section 4).
fn status(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.1 ").or_else(|| line.strip_prefix(b"HTTP/1.0 "))?;
    let digits = rest.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn is_refused(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

fn authority(url: &ProbeUrl) -> String {
    let ProbeUrl { host, port, .. } = url;
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// More than the length of a status line.
const LINE_BYTES_MAX: usize = 1024;

#[cfg(test)]
mod tests;
