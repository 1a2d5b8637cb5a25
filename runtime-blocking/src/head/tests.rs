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

#[test]
fn the_rules_see_each_value_of_a_name_in_any_spelling() {
    let head = HeadLines(b"GET /a:b HTTP/1.1\r\nHost:x\r\nORIGIN: \t http://y \r\nhost: z\r\n\r\n");
    assert_eq!(head.values("host").collect::<Vec<_>>(), [b"x", b"z"]);
    assert_eq!(head.values("Origin").collect::<Vec<_>>(), [b"http://y"]);
    assert_eq!(head.values("get /a").count(), 0);
}

#[test]
fn what_the_library_does_not_understand_is_replaced_for_it_alone() {
    let head = b"\r\nGET http://a/b?c=/d HTTP/1.1\r\nHost: a\r\nX-Name: J\xf6rg\r\n\r\n";
    let adapted = Head::adapt(head);
    let expected: &[u8] =
        b"GET /b?c=/d HTTP/1.1\r\nconnection: close\r\nHost: a\r\nX-Name: J?rg\r\n\r\n";
    assert_eq!(adapted.lines.escape_ascii().to_string(), expected.escape_ascii().to_string());
    assert_eq!(&adapted.lines[adapted.number_at..][..10], b"connection");
    let lines = HeadLines(head);
    assert_eq!(lines.lines().map(|line| line.1).collect::<Vec<_>>(), [&b"a"[..], b"J\xf6rg"]);
}
