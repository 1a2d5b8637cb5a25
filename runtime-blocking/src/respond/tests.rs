use pontoon_core::http::ContentType;

use super::*;

const FORM: Form = Form { is_http_10: false, is_head: false, close: false };

fn reply(form: Form, status: u16, body: &'static str) -> String {
    let mut bytes = Vec::new();
    let head = ReplyHead::with_body(status, ContentType::Json);
    Response::new(&mut bytes, form).reply(&head, &Chunk::from(body)).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_reply_says_how_long_it_is() {
    let text = reply(FORM, 200, "{}");
    assert!(text.starts_with("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"), "{text}");
    assert!(text.contains("\r\ncontent-length: 2\r\n") && text.contains("\r\ndate: "), "{text}");
    assert!(text.ends_with("\r\n\r\n{}"), "{text}");
    assert!(!text.contains("connection"), "{text}");
}

#[test]
fn head_and_no_content_have_no_body() {
    let text = reply(Form { is_head: true, ..FORM }, 200, "{}");
    assert!(text.contains("content-length: 2") && text.ends_with("\r\n\r\n"), "{text}");
    assert!(!reply(FORM, 204, "").contains("content-length"));
}

#[test]
fn the_end_of_a_connection_is_said_once() {
    assert_eq!(
        reply(Form { close: true, ..FORM }, 200, "").matches("connection: close").count(),
        1
    );
    let mut head = ReplyHead::new(400);
    head.close = true;
    let mut bytes = Vec::new();
    let form = Form { close: true, ..FORM };
    Response::new(&mut bytes, form).reply(&head, &Chunk::new()).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap().matches("connection: close").count(), 1);
    let old = Form { is_http_10: true, ..FORM };
    assert!(reply(old, 200, "").contains("HTTP/1.0 200 OK\r\n"));
    assert!(reply(old, 200, "").contains("connection: keep-alive\r\n"));
}

#[test]
fn a_large_part_is_not_copied_and_keeps_its_place() {
    let large = Bytes::from(vec![b'x'; JOINED_BYTES_MAX + 1]);
    let mut body = Chunk::from("<");
    body.push(large.clone());
    body.push(">");
    let mut bytes = Vec::new();
    let head = ReplyHead::with_body(200, ContentType::Json);
    Response::new(&mut bytes, FORM).reply(&head, &body).unwrap();
    let at = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    assert_eq!(&bytes[at..], body.to_vec());
}
