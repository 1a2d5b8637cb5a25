use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use super::{Broken, Request, Wire};

/// Starts a server that reads one request, answers with these bytes, and closes.
fn answering(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        stream.write_all(bytes).unwrap();
    });
    addr
}

fn get(bytes: &'static [u8]) -> Wire {
    Request::new("GET", "/").open(answering(bytes))
}

#[test]
fn reads_bodies_of_every_framing() {
    for bytes in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody and more"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nbody",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
    ] {
        assert_eq!(get(bytes).response().text(), "body", "{}", bytes.escape_ascii());
    }
}

#[test]
fn tells_how_a_response_broke() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody";
    assert_eq!(get(cut).try_response().unwrap_err(), Broken::Closed);
    let bare = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbodyxx0\r\n\r\n";
    assert!(matches!(get(bare).try_response(), Err(Broken::Malformed(_))));
    assert!(matches!(get(b"hello\r\n\r\n").try_response(), Err(Broken::Malformed(_))));
    let mut closed = get(b"");
    assert_eq!(closed.try_response().unwrap_err(), Broken::Closed);
    assert!(closed.has_ended());
}

#[test]
fn reads_events_as_they_come() {
    let stream = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
        Transfer-Encoding: chunked\r\n\r\n\
        10\r\nid: 1-0\ndata:\n\n:\r\n\
        2b\r\n \n\nevent: another\nid: 1-1\nretry: 5\ndata: {}\r\n2\r\n\n\n\r\n0\r\n\r\n";
    let mut events = get(stream).events();
    let first = events.next_event().unwrap();
    assert_eq!((first.id.as_deref(), first.data.as_deref()), (Some("1-0"), Some("")));
    assert_eq!(events.next_event().unwrap().comments, [""]);
    let (event, message) = events.next_message().unwrap();
    assert_eq!((event.name.as_deref(), event.retry), (Some("another"), Some(5)));
    assert_eq!(message, serde_json::json!({}));
    assert!(events.next_event().is_none());
}

#[test]
fn notices_silence() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut wire =
        Wire::connect(listener.local_addr().unwrap()).patience(Duration::from_millis(20));
    assert_eq!(wire.try_response().unwrap_err(), Broken::Silent);
    assert!(wire.is_quiet(Duration::from_millis(20)));
    assert!(!wire.has_arrived(Duration::from_millis(1)) && !wire.has_ended());
}
