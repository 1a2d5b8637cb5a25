//! The listening socket.

use std::io::{self, ErrorKind};
use std::net::TcpListener;

use crate::errors::Failure;

/// Listens on the first usable address of a host.
pub(crate) fn bind(host: &str, port: u16) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind((host, port)).map_err(|error| failure(&error, host, port))?;
    // The standard library asks for 128. Connections of a burst beyond that wait a second for their
    // next try. If the system refuses, listening still works.
    let _ = rustix::net::listen(&listener, BACKLOG_LEN_MAX);
    Ok(listener)
}

/// The length of the backlog; the system may have a lower limit.
const BACKLOG_LEN_MAX: i32 = 1024;

fn failure(error: &io::Error, host: &str, port: u16) -> Failure {
    let (why, fix) = match error.kind() {
        ErrorKind::AddrInUse => (
            "another program listens there".to_owned(),
            format!("--port 0 for any free port; `lsof -i :{port}` tells whose it is"),
        ),
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
