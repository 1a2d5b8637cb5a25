use super::*;

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn each_stream_has_its_mark_beside_what_is_there() {
    let params = br#"{"uri":"a:b","_meta":{"x":1.0}}"#;
    let tagged = tag(Some(params), br#""listen-1""#);
    assert_eq!(
        std::str::from_utf8(&tagged).unwrap(),
        r#"{"uri":"a:b","_meta":{"x":1.0,"io.modelcontextprotocol/subscriptionId":"listen-1"}}"#
    );
    assert_eq!(id(&tagged).as_deref(), Some(&br#""listen-1""#[..]));
    assert_eq!(untag(&tagged).unwrap(), params);
}

#[test]
fn a_notification_without_params_gets_some_and_loses_them() {
    let tagged = tag(None, b"7");
    assert_eq!(
        std::str::from_utf8(&tagged).unwrap(),
        r#"{"_meta":{"io.modelcontextprotocol/subscriptionId":7}}"#
    );
    assert_eq!(id(&tagged).as_deref(), Some(&b"7"[..]));
    assert_eq!(untag(&tagged), None);
}

#[test]
fn a_mark_of_another_stream_does_not_survive() {
    let tagged = tag(Some(&tag(None, b"1")), b"2");
    assert_eq!(text(tagged), r#"{"_meta":{"io.modelcontextprotocol/subscriptionId":2}}"#);
    assert_eq!(id(b"{}"), None);
}
