use std::net::TcpListener;
use std::thread;

use super::*;

/// Requests the health of a server that answers with these pieces, and closes.
fn asked(pieces: &[&str]) -> io::Result<u16> {
    asked_within(Duration::from_secs(20), pieces, false)
}

/// The same with a time limit; a server that stays open is silent until the client has left.
fn asked_within(time: Duration, pieces: &[&str], stays: bool) -> io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let pieces: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 1024];
        let count = stream.read(&mut head).unwrap();
        for piece in pieces {
            stream.write_all(piece.as_bytes()).unwrap();
            thread::sleep(Duration::from_millis(20));
        }
        if stays {
            let _ = stream.read(&mut [0]);
        }
        String::from_utf8(head[..count].to_vec()).unwrap()
    });
    let url = ProbeUrl { tls: false, host: "127.0.0.1".into(), port, target: "/health?x".into() };
    let answer = ask(&url, None, Instant::now() + time);
    let head = server.join().unwrap();
    assert!(head.starts_with(&format!("GET /health?x HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n")));
    answer
}

#[test]
fn servers_are_where_their_variables_put_them() {
    let asked = |set: &[(&str, &str)]| -> Vec<String> {
        let set = set.iter().map(|(name, value)| (name.into(), value.into()));
        own_servers(&Variables::of(set, "")).iter().map(authority).collect()
    };
    assert_eq!(asked(&[]), ["127.0.0.1:3000", "127.0.0.1:1071"]);
    assert_eq!(asked(&[("MCP_BIND_HOST", "0.0.0.0"), ("MCP_PORT", "8080")]), ["127.0.0.1:8080"]);
    assert_eq!(asked(&[("MCP_ECHO_HOST", "::"), ("MCP_ECHO_PORT", "8080")]), ["[::1]:8080"]);
    assert_eq!(asked(&[("MCP_BIND_HOST", "10.0.0.5"), ("MCP_PORT", "1")]), ["10.0.0.5:1"]);
    assert_eq!(asked(&[("PORT", "1071"), ("MCP_PORT", "2")]), ["127.0.0.1:2", "127.0.0.1:1071"]);
    let admin = ("MCP_ADMIN", "0.0.0.0:9090");
    assert_eq!(asked(&[admin, ("MCP_PORT", "8080")]), ["127.0.0.1:9090"]);
    assert_eq!(asked(&[("MCP_ADMIN", "[::1]:9090")]), ["[::1]:9090"]);
    // A Kubernetes service with the name `mcp` puts this into every pod.
    assert_eq!(asked(&[("MCP_PORT", "tcp://10.96.12.7:3000")]).len(), 2);
}

#[test]
fn a_server_with_tls_is_requested_with_tls() {
    let set = [("MCP_TLS_CERT".into(), "cert.pem".into()), ("MCP_PORT".into(), "1".into())];
    assert!(own_servers(&Variables::of(set, "")).iter().all(|url| url.tls));
    let url = ProbeUrl { tls: true, host: "127.0.0.1".into(), port: 1, target: "/".into() };
    let deadline = Instant::now() + Duration::from_secs(20);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = ProbeUrl { port: listener.local_addr().unwrap().port(), ..url };
    let error = ask(&url, None, deadline).unwrap_err();
    assert!(error.to_string().contains("--cacert"), "{error}");
    let error = ask(&url, Some(Path::new("/none.pem")), deadline).unwrap_err();
    assert!(error.to_string().contains("/none.pem"), "{error}");
}

#[test]
fn the_status_is_read_however_it_comes() {
    assert_eq!(asked(&["HTTP/1.1 200 OK\r\n\r\n"]).unwrap(), 200);
    assert_eq!(asked(&["HTTP/1", ".1 5", "03 Not now\r\n"]).unwrap(), 503);
    assert_eq!(asked(&["HTTP/1.0 404"]).unwrap(), 404);
    assert!(asked(&["SSH-2.0-x\r\n"]).is_err());
    assert!(asked(&["HTTP/1.1 20"]).is_err());
}

#[test]
fn a_server_that_is_silent_is_late() {
    let late = asked_within(Duration::from_millis(500), &["HTTP/1.1 "], true);
    assert!(is_late(&late.unwrap_err()));
}

#[test]
fn an_answer_without_end_is_not_read_to_its_end() {
    let long = "x".repeat(4 * LINE_BYTES_MAX);
    assert!(asked(&[&long]).is_err());
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = ProbeUrl { tls: false, host: "127.0.0.1".into(), port, target: "/".into() };
    let error = ask(&url, None, Instant::now() + Duration::from_secs(20)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}
