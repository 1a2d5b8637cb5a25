use std::sync::Arc;

use pontoon_core::http::{Connection, ConnectionConfig, ConnectionEvent, Rules};
use pontoon_core::{ChildSpec, Config, Duration, Instant, Serves};

use super::*;

/// Returns the whole answer of a connection to a request that needs no engine.
fn answer(request: &str) -> String {
    let child = ChildSpec { program: "nothing".into(), args: Vec::new(), env: None, cwd: None };
    let config = Config::new(Serves::Command(child));
    let config = Arc::new(ConnectionConfig {
        rules: Arc::new(Rules::new(&config)),
        limits: Arc::new(config.limits),
        requests_max: u64::MAX,
        write_head,
    });
    let now = Instant::ZERO;
    let mut connection = Connection::new(config.clone(), None, now);
    connection.handle_bytes(request.as_bytes(), now);
    while let Some(event) = connection.poll_event(now) {
        match event {
            ConnectionEvent::Head => {
                let verdict = config.rules.admit(&connection.head().unwrap(), Duration::ZERO);
                connection.admit(verdict, now);
            }
            ConnectionEvent::Refused(_) => {}
            event => panic!("{event:?}"),
        }
    }
    String::from_utf8(connection.poll_transmit().collect::<Vec<_>>().concat()).unwrap()
}

#[test]
fn a_complete_response_has_a_length_a_date_and_no_server() {
    let text = answer("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(text.starts_with("HTTP/1.1 404 Not Found\r\n"), "{text}");
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.contains(&format!("\r\ncontent-length: {}", body.len())), "{text}");
    assert!(head.contains("\r\ndate: ") && head.contains("\r\ncontent-type: application/json"));
    assert!(!head.contains("\r\nserver:") && !head.contains("\r\nconnection:"), "{text}");
}

#[test]
fn head_has_the_length_and_no_body() {
    let text = answer("HEAD /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n").to_ascii_lowercase();
    assert!(text.contains("\r\ncontent-length: ") && text.ends_with("\r\n\r\n"), "{text}");
}

#[test]
fn no_content_has_no_length() {
    let text = answer("OPTIONS /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n").to_ascii_lowercase();
    assert!(text.starts_with("http/1.1 204 no content\r\n"), "{text}");
    assert!(!text.contains("content-length") && text.contains("\r\ndate: "), "{text}");
    assert!(text.contains("\r\nallow: ") && text.ends_with("\r\n\r\n"), "{text}");
}

#[test]
fn the_fate_of_the_connection_is_said_once() {
    let close = "GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(answer(close).matches("connection: close\r\n").count(), 1);
    let old = "GET /nowhere HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n";
    let text = answer(old);
    assert!(text.starts_with("HTTP/1.0 404 Not Found\r\n"), "{text}");
    assert_eq!(text.matches("connection: keep-alive\r\n").count(), 1, "{text}");
}
