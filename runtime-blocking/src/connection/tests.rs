use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};

use pontoon_core::{ChildSpec, Config, Duration, Level, Limits, Serves};
use pontoon_driver::Options;
use pontoon_driver::child::SpawnRequest;
use rustix::io::Errno;

use super::*;

const LIVEZ: &str = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn front(limits: Limits) -> Arc<Front> {
    front_with_orders(limits).0
}

/// The same, with the children to start.
fn front_with_orders(limits: Limits) -> (Arc<Front>, Receiver<SpawnRequest>) {
    let config = Config {
        origins: vec!["https://app.example".into()],
        limits,
        log_level: Level::Warning,
        ..Config::new(Serves::Command(ChildSpec {
            program: "nothing".into(),
            args: Vec::new(),
            env: None,
            cwd: None,
        }))
    };
    let (site, orders) = Site::new(&Options::new(config)).unwrap();
    site.start();
    (Front::new(site).unwrap(), orders)
}

/// Returns a client, and the thread that serves it.
fn connect(front: &Arc<Front>) -> (TcpStream, JoinHandle<()>) {
    connect_saying(front, "")
}

/// The same, with bytes that have arrived before.
fn connect_saying(front: &Arc<Front>, first: &str) -> (TcpStream, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    peer.write_all(first.as_bytes()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    let front = front.clone();
    let link = front.link(Io::new(stream).unwrap(), Surface::Endpoints).unwrap();
    (peer, thread::spawn(move || front.run(&link).unwrap()))
}

/// Returns all answers until the connection ends.
fn rest(mut peer: TcpStream) -> String {
    let mut answers = String::new();
    peer.read_to_string(&mut answers).unwrap();
    answers.to_ascii_lowercase()
}

#[test]
fn requests_that_come_together_are_answered_in_their_order() {
    let front = front(Limits::default());
    let (mut peer, served) = connect(&front);
    let last = "GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    peer.write_all([LIVEZ, LIVEZ, last].concat().as_bytes()).unwrap();
    let answers = rest(peer);
    let statuses: Vec<_> =
        answers.match_indices("http/1.1 ").map(|(at, _)| &answers[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["200", "200", "404"], "{answers}");
    served.join().unwrap();
}

#[test]
fn what_the_guard_refuses_is_answered_after_what_it_let_through() {
    let front = front(Limits::default());
    let (mut peer, served) = connect(&front);
    let bad = "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n";
    peer.write_all([LIVEZ, bad, LIVEZ].concat().as_bytes()).unwrap();
    let answers = rest(peer);
    let (first, second) = answers.split_at(answers.rfind("http/1.1 ").unwrap());
    assert!(first.starts_with("http/1.1 200 "), "{answers}");
    assert!(second.starts_with("http/1.1 400 ") && second.contains("connection: close"));
    assert_eq!(answers.matches("http/1.1 ").count(), 2, "{answers}");
    served.join().unwrap();
}

#[test]
fn a_browser_may_read_why_its_body_was_refused() {
    let front = front(Limits::default());
    // Kept until it is whole, passed as it arrives, and broken together with its head.
    for body in [
        "Content-Length: 5\r\n\r\n{}",
        "Content-Length: 50000\r\n\r\n{}",
        "Transfer-Encoding: chunked\r\n\r\nno chunk\r\n",
    ] {
        let (mut peer, served) = connect(&front);
        let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example\r\n\
                    Content-Type: application/json\r\nAccept: application/json\r\n";
        peer.write_all([head, body].concat().as_bytes()).unwrap();
        peer.shutdown(std::net::Shutdown::Write).unwrap();
        let answer = rest(peer);
        assert!(answer.starts_with("http/1.1 400 "), "{body}: {answer}");
        let allowed = "access-control-allow-origin: https://app.example\r\n";
        assert!(answer.contains(allowed), "{body}: {answer}");
        served.join().unwrap();
    }
}

#[test]
fn an_answer_arrives_without_a_descriptor_for_an_event() {
    let (mut front, orders) = front_with_orders(Limits::default());
    let events = &mut Arc::get_mut(&mut front).unwrap().events;
    Arc::get_mut(events).unwrap().make = || Err(Errno::MFILE.into());
    thread::spawn(move || {
        for order in orders {
            // The thread of the connection waits by now.
            thread::sleep(Duration::from_millis(50));
            let driver = order.driver().expect("the program runs");
            order.failed(&driver, &Errno::MFILE.into());
        }
    });
    let (mut peer, served) = connect(&front);
    // Its answer has to wait for a child, which cannot be started.
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}"#;
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Accept: application/json, text/event-stream\r\nConnection: close\r\nContent-Length";
    peer.write_all(format!("{head}: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    assert!(rest(peer).starts_with("http/1.1 503 "));
    served.join().unwrap();
}

#[test]
fn a_half_closed_client_gets_all_its_answers() {
    let front = front(Limits::default());
    let (mut peer, served) = connect(&front);
    peer.write_all([LIVEZ, LIVEZ].concat().as_bytes()).unwrap();
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(rest(peer).matches("http/1.1 200 ").count(), 2);
    served.join().unwrap();
}

#[test]
fn silence_and_a_head_that_never_ends_have_their_time() {
    let limits = Limits { head_time_max: Duration::from_millis(200), ..Limits::default() };
    let front = front(limits);
    let (peer, served) = connect(&front);
    assert_eq!(rest(peer), "");
    served.join().unwrap();
    let (peer, served) = connect_saying(&front, &LIVEZ[..20]);
    assert!(rest(peer).starts_with("http/1.1 408 "));
    served.join().unwrap();
}

#[test]
fn an_idle_connection_ends_with_the_first_wish_to_stop() {
    let front = front(Limits::default());
    let (peer, served) = connect(&front);
    front.site.stop();
    front.stopped.set();
    assert_eq!(rest(peer), "");
    served.join().unwrap();
}

#[test]
fn a_connection_ends_when_its_peer_has_gone() {
    let front = front(Limits::default());
    let (mut peer, served) = connect(&front);
    peer.write_all(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n").unwrap();
    drop(peer);
    served.join().unwrap();
}
