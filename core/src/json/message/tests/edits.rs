//! Replaced values in some fields.

use super::*;

fn edited(line: &str, edits: &[Edit<'_>]) -> String {
    String::from_utf8(message(line).with(edits).to_vec()).unwrap()
}

const REQUEST: &str = r#"{ "params":{"_meta":{"progressToken" : "t"},"x":"é"}, "jsonrpc":"2.0" ,"id": 1.0 , "method":"m"}"#;

#[test]
fn only_the_value_of_the_field_changes() {
    assert_eq!(edited(REQUEST, &[(Field::Id, b"\"new\"")]), REQUEST.replace("1.0", "\"new\""));
    assert_eq!(edited(REQUEST, &[(Field::ProgressToken, b"42")]), REQUEST.replace("\"t\"", "42"));
    let cancelled =
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#;
    assert_eq!(edited(cancelled, &[(Field::CorrelationId, b"8")]), cancelled.replace('7', "8"));
    let progress =
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"a"}}"#;
    assert_eq!(edited(progress, &[(Field::CorrelationId, b"8")]), progress.replace("\"a\"", "8"));
}

#[test]
fn the_order_of_edits_does_not_matter() {
    let expected = REQUEST.replace("1.0", "2").replace("\"t\"", "3");
    assert_eq!(edited(REQUEST, &[(Field::Id, b"2"), (Field::ProgressToken, b"3")]), expected);
    assert_eq!(edited(REQUEST, &[(Field::ProgressToken, b"3"), (Field::Id, b"2")]), expected);
}

#[test]
fn the_first_of_two_edits_to_a_field_counts() {
    let edits: [Edit<'_>; 3] = [(Field::Id, b"2"), (Field::ProgressToken, b"3"), (Field::Id, b"4")];
    assert_eq!(edited(REQUEST, &edits), REQUEST.replace("1.0", "2").replace("\"t\"", "3"));
}

#[test]
fn absent_fields_stay_absent() {
    assert_eq!(edited(REQUEST, &[]), REQUEST);
    assert_eq!(edited(REQUEST, &[(Field::CorrelationId, b"1")]), REQUEST);
    let notification = r#"{"jsonrpc":"2.0","method":"m"}"#;
    let all: [Edit<'_>; 3] =
        [(Field::Id, b"1"), (Field::ProgressToken, b"1"), (Field::CorrelationId, b"1")];
    assert_eq!(edited(notification, &all), notification);
    let error = r#"{"jsonrpc":"2.0","id":null,"error":{}}"#;
    assert_eq!(edited(error, &all), error);
}

#[test]
fn a_short_message_is_one_part() {
    assert_eq!(
        message(REQUEST).with(&[(Field::Id, b"2"), (Field::ProgressToken, b"3")]).parts().len(),
        1
    );
}

#[test]
fn the_payload_of_a_long_message_is_not_copied() {
    for len in [COPY_BYTES_MAX, 100_000] {
        let line = REQUEST.replace('é', &"x".repeat(len));
        let long = message(&line);
        let changed = long.with(&[(Field::Id, b"2"), (Field::ProgressToken, b"3")]);
        assert_eq!(changed.to_vec(), line.replace("1.0", "2").replace("\"t\"", "3").into_bytes());
        let theirs = long.bytes().as_ptr_range();
        let parts = changed.parts();
        assert_eq!(parts.len(), 5);
        for kept in [&parts[0], &parts[2], &parts[4]] {
            assert!(theirs.contains(&kept.as_ptr()));
        }
    }
}

#[test]
fn a_message_without_edits_is_not_copied() {
    let message = message(REQUEST);
    assert_eq!(message.with(&[]).parts()[0].as_ptr(), message.bytes().as_ptr());
}
