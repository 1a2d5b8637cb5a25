use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use pontoon_core::Duration;
use pontoon_core::auth::{FetchId, Secret, TokenDigest};

use super::*;

/// Answers one request with these bytes; returns the URL, and what the request was.
fn server(answer: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !is_complete(&request) {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).unwrap();
            assert!(read > 0, "the request is incomplete");
            request.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    (url, thread)
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .split_once("content-length: ")
        .map_or(0, |(_, rest)| rest.lines().next().unwrap().parse().unwrap());
    body.len() >= length
}

fn get(url: &str, etag: Option<&str>) -> Fetch {
    Fetch {
        id: FetchId::Token(TokenDigest::of(b"token")),
        url: url.into(),
        method: FetchMethod::Get { etag: etag.map(Box::from) },
        bytes_max: 100,
        time_max: Duration::from_secs(20),
    }
}

#[test]
fn status_etag_and_body_are_reported() {
    let (url, server) = server(
        "HTTP/1.1 200 OK\r\nETag: \"2\"\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\n{}",
    );
    let fetched = Client::default().fetch(&get(&url, Some("\"1\""))).unwrap();
    assert_eq!((fetched.status, &*fetched.body), (200, &b"{}"[..]));
    assert_eq!(fetched.etag.as_deref(), Some("\"2\""));
    assert_eq!(fetched.cache_control.as_deref(), Some("max-age=60"));
    let request = server.join().unwrap().to_ascii_lowercase();
    assert!(request.starts_with("get /jwks http/1.1\r\n"), "{request}");
    assert!(request.contains("if-none-match: \"1\"\r\n"), "{request}");
}

#[test]
fn a_form_is_posted_with_its_credentials() {
    let (url, server) = server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    let secret = |text: &str| Secret::new(text);
    let method =
        FetchMethod::Post { form: secret("token=a"), authorization: secret("Basic cG9udG9vbg==") };
    let fetched = Client::default().fetch(&Fetch { method, ..get(&url, None) }).unwrap();
    assert_eq!(fetched.status, 200);
    let request = server.join().unwrap();
    assert!(request.starts_with("POST /jwks HTTP/1.1\r\n"), "{request}");
    assert!(request.to_ascii_lowercase().contains("authorization: basic cg9udg9vbg==\r\n"));
    assert!(request.ends_with("\r\n\r\ntoken=a"), "{request}");
}

#[test]
fn a_redirect_is_not_followed() {
    let (url, server) = server(
        "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
    );
    assert_eq!(Client::default().fetch(&get(&url, None)).unwrap().status, 302);
    server.join().unwrap();
}

#[test]
fn a_body_over_the_limit_is_an_error() {
    let long = "x".repeat(101);
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n{long}");
    let (url, server) = server(answer.leak());
    assert_eq!(Client::default().fetch(&get(&url, None)), Err(FetchError::TooLong));
    server.join().unwrap();
}

#[test]
fn silence_ends_with_the_time_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let fetch = Fetch { time_max: Duration::from_millis(100), ..get(&url, None) };
    assert_eq!(Client::default().fetch(&fetch), Err(FetchError::TimedOut));
}

#[test]
fn a_refused_connection_and_garbage_are_errors() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let refused = Client::default().fetch(&get(&url, None));
    assert!(matches!(refused, Err(FetchError::Failed(_))), "{refused:?}");
    let (url, server) = server("SSH-2.0-OpenSSH_9.6\r\n\r\n");
    let garbage = Client::default().fetch(&get(&url, None));
    assert!(matches!(garbage, Err(FetchError::Failed(_))), "{garbage:?}");
    server.join().unwrap();
}
