//! The listening sockets.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};

use pontoon_config::settings::Listen;
use pontoon_core::Level;

use crate::errors::Failure;
use crate::log::Notice;

/// Listens on every address of a host, with one port. An address that this machine does not have is
/// left out with a notice, unless there is no other.
pub(crate) fn bind(
    host: &str,
    port: u16,
    notices: &mut Vec<Notice>,
) -> Result<Vec<TcpListener>, Failure> {
    let message = "cannot listen on one of the addresses of --host";
    bind_to(&resolved(host, port)?, message, host, notices)
}

/// Listens on these addresses of a host; `message` is for one that is left out.
fn bind_to(
    addrs: &[SocketAddr],
    message: &'static str,
    host: &str,
    notices: &mut Vec<Notice>,
) -> Result<Vec<TcpListener>, Failure> {
    let bound = bind_all(addrs);
    let bound = bound.map_err(|(addr, error)| failure(&error, host, addr.port(), Some(addr)))?;
    let unavailable = bound.unavailable.into_iter().map(|(addr, error)| Notice {
        level: Level::Info,
        name: "address_unavailable",
        message,
        fields: vec![("address", addr.to_string()), ("error", error.to_string())],
        words: None,
    });
    notices.extend(unavailable);
    Ok(bound.listeners)
}

/// Listens at the address of `--admin`.
pub(crate) fn bind_admin(
    admin: &Listen,
    notices: &mut Vec<Notice>,
) -> Result<Vec<TcpListener>, Failure> {
    let message = "cannot listen on one of the addresses of --admin";
    let addrs = resolved(&admin.host, admin.port);
    let bound = addrs.and_then(|addrs| bind_to(&addrs, message, &admin.host, notices));
    let listeners = bound.map_err(|failure| Failure {
        what: format!("{} for --admin", failure.what),
        fix: "--admin with another address or port; port 0 for any free port".into(),
        ..failure
    })?;
    let addrs = listeners.iter().filter_map(|it| it.local_addr().ok());
    let reachable = addrs.filter(|addr| !addr.ip().is_loopback());
    notices.extend(reachable.map(|addr| Notice {
        level: Level::Warning,
        name: "admin_exposed",
        message: "other machines can reach the address of --admin, which asks for no token",
        fields: vec![
            ("address", addr.to_string()),
            ("hint", "keep it on loopback or on a private network".to_owned()),
        ],
        words: None,
    }));
    Ok(listeners)
}

fn resolved(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    resolve(host, port).map_err(|error| failure(&error, host, port, None))
}

/// Returns the addresses of a host. `localhost` has both of loopback, whatever the files of this
/// machine say, because clients resolve this name by themselves (RFC 6761, section 6.3).
fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]);
    }
    let mut addrs = Vec::new();
    for addr in (host, port).to_socket_addrs()? {
        if !addrs.contains(&addr) {
            addrs.push(addr);
        }
    }
    if addrs.is_empty() {
        return Err(io::Error::new(ErrorKind::NotFound, "this name has no address"));
    }
    Ok(addrs)
}

/// The sockets of a host.
#[derive(Debug)]
struct Bound {
    /// At least one.
    listeners: Vec<TcpListener>,
    unavailable: Vec<(SocketAddr, io::Error)>,
}

type BindError = (SocketAddr, io::Error);

/// Listens on all of these addresses that this machine has. For port 0 all get the same free port.
fn bind_all(addrs: &[SocketAddr]) -> Result<Bound, BindError> {
    let mut bound = bind_once(addrs);
    for _ in 1..PORTS_TRIED_MAX {
        match &bound {
            // The port that the first address got is taken on another one.
            Err((_, error)) if addrs[0].port() == 0 && error.kind() == ErrorKind::AddrInUse => {
                bound = bind_once(addrs);
            }
            _ => break,
        }
    }
    bound
}

fn bind_once(addrs: &[SocketAddr]) -> Result<Bound, BindError> {
    let (mut listeners, mut unavailable) = (Vec::new(), Vec::new());
    let mut port = addrs[0].port();
    for &(mut addr) in addrs {
        addr.set_port(port);
        let listening = listen(addr).and_then(|it| Ok((it.local_addr()?.port(), it)));
        match listening {
            Ok((bound, listener)) => {
                port = bound;
                listeners.push(listener);
            }
            // Some clients of this name would reach the other program.
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err((addr, error)),
            Err(error) => unavailable.push((addr, error)),
        }
    }
    if listeners.is_empty() {
        return Err(unavailable.remove(0));
    }
    Ok(Bound { listeners, unavailable })
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(addr)?;
    // The standard library asks for 128. Connections of a burst beyond that wait a second for their
    // next try. If the system refuses, listening still works.
    let _ = rustix::net::listen(&listener, BACKLOG_LEN_MAX);
    Ok(listener)
}

/// The maximum number of free ports that are tried for a host with several addresses.
const PORTS_TRIED_MAX: u32 = 16;

/// The length of the backlog; the system may have a lower limit.
const BACKLOG_LEN_MAX: i32 = 1024;

/// Describes why nothing listens on `host`; `addr` is the address that failed.
fn failure(error: &io::Error, host: &str, port: u16, addr: Option<SocketAddr>) -> Failure {
    let (why, fix) = match error.kind() {
        ErrorKind::AddrInUse => {
            let addr = addr.filter(|addr| addr.ip().to_string() != host);
            (
                addr.map_or("another program listens there".to_owned(), |addr| {
                    format!("another program listens on {addr}")
                }),
                format!("--port 0 for any free port; `lsof -i :{port}` tells whose it is"),
            )
        }
        ErrorKind::PermissionDenied if port < 1024 => (
            "ports below 1024 are reserved for privileged programs".to_owned(),
            "--port 3000, or any other from 1024 on".to_owned(),
        ),
        ErrorKind::AddrNotAvailable => (
            "this machine has no such address".to_owned(),
            "--host 127.0.0.1 for this machine only, --host 0.0.0.0 for every address".to_owned(),
        ),
        _ => (error.to_string(), "--host and --port with other values".to_owned()),
    };
    let address = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    Failure { what: format!("cannot listen on {address}:{port}"), why, fix, code: 1 }
}

#[cfg(test)]
mod tests;
