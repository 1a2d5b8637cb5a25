use super::*;

#[test]
fn a_line_is_told_by_its_keys() {
    let cases: [(&str, Kind, Option<&str>); 6] = [
        (r#"{"jsonrpc":"2.0","id":7,"result":{"id":8,"error":1}}"#, Kind::Result, Some("7")),
        (r#"{"jsonrpc":"2.0","id":"a\"b","error":{"code":1}}"#, Kind::Error, Some(r#""a\"b""#)),
        (r#"{"jsonrpc":"2.0","error":{"code":1}}"#, Kind::Error, None),
        (r#"{"jsonrpc":"2.0","method":"x","params":{"id":1}}"#, Kind::Notification, None),
        (r#"{"jsonrpc":"2.0","id":3,"method":"x"}"#, Kind::Request, Some("3")),
        (r#"{"jsonrpc":"2.0","method":"x","id":3}"#, Kind::Request, Some("3")),
    ];
    for (line, kind, id) in cases {
        assert_eq!(classify(line.as_bytes()), (kind, id.map(str::as_bytes)), "{line}");
    }
}
