use std::io::{Read, Write};

use super::*;

fn lines(head: &str) -> (String, Head) {
    let head = Head::adapt(head.as_bytes());
    (String::from_utf8(head.lines.clone()).unwrap(), head)
}

#[test]
fn our_lines_come_first_and_no_wish_about_the_connection_gets_through() {
    let (text, head) = lines(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nCONNECTION: Upgrade, HTTP2-Settings\r\n\
         Upgrade: h2c\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n",
    );
    assert_eq!(
        text,
        "POST /mcp HTTP/1.1\r\nconnection: close\r\nHost: localhost\r\nUpgrade: h2c\r\n\
         Content-Length: 5\r\n\r\n",
    );
    assert!(!head.is_last && !head.expects && head.is_eager);
    assert_eq!(&text[head.number_at..][..10], "connection");
}

#[test]
fn a_connection_ends_when_its_client_wants_it() {
    for (head, is_last) in [
        ("GET / HTTP/1.1\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n", true),
        ("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", true),
        ("GET / HTTP/1.1\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", true),
        ("GET / HTTP/1.1\r\nconnection: foo,  CLOSE , bar\r\n\r\n", true),
        ("GET / HTTP/1.1\r\nConnection: closed\r\n\r\n", false),
        ("GET / HTTP/1.0\r\n\r\n", true),
        ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", false),
    ] {
        assert_eq!(lines(head).1.is_last, is_last, "{head}");
    }
}

#[test]
fn an_expectation_counts_only_where_it_exists() {
    let (text, head) =
        lines("POST / HTTP/1.1\r\nexpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert!(head.expects && !head.is_eager && text.contains("expect"));
    let (text, head) =
        lines("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert!(!head.expects && head.is_eager && !text.contains("xpect"));
}

#[test]
fn a_body_the_library_may_read_at_once_is_eager() {
    for (length, is_eager) in [("1024", true), ("0", true), ("4194304", false)] {
        let head = format!("POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n");
        assert_eq!(lines(&head).1.is_eager, is_eager, "{length}");
    }
    assert!(!lines("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").1.is_eager);
}

/// Opens a link for a request with this head, with a taker that answers by the request's target.
fn ask(library: &Arc<Library>, head: &str) -> String {
    let hire = || {
        let library = library.clone();
        thread::spawn(move || {
            library.take_all(|request, link| {
                let answer = format!("{} {}", link.number, request.url());
                request.into_writer().write_all(answer.as_bytes()).unwrap();
            });
        });
        Ok(())
    };
    let link = library.link(false, hire).unwrap();
    let bytes = Head::adapt(head.as_bytes()).into_bytes(&link);
    let mut stream = link.stream();
    stream.set_nonblocking(false).unwrap();
    stream.write_all(&bytes).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    library.unlink(&link);
    answer
}

#[test]
fn nobody_gets_the_request_of_another_by_naming_a_link() {
    let library = Arc::new(Library::open().unwrap());
    assert_eq!(ask(&library, "GET /a HTTP/1.1\r\npontoon-link: 7\r\n\r\n"), "1 /a");
    assert_eq!(ask(&library, "GET /b HTTP/1.1\r\nPontoon-Link: 1\r\n\r\n"), "2 /b");
    library.close();
}

#[test]
fn a_library_that_has_stopped_listening_is_replaced() {
    let library = Arc::new(Library::open().unwrap());
    assert_eq!(ask(&library, "GET /a HTTP/1.1\r\n\r\n"), "1 /a");
    // As after an accept that has failed.
    fs::remove_file(socket(&library.dir, 0)).unwrap();
    drop(UnixListener::bind(socket(&library.dir, 0)).unwrap());
    assert_eq!(ask(&library, "GET /b HTTP/1.1\r\n\r\n"), "2 /b");
    assert_eq!(lock(&library.state).renewals, 1);
    library.close();
}

#[test]
fn the_directory_is_for_this_user_and_does_not_stay() {
    use std::os::unix::fs::PermissionsExt;
    let library = Library::open().unwrap();
    let dir = library.dir.clone();
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    library.close();
    assert!(!dir.exists());
}
