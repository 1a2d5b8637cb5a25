//! Checks of the JSON-RPC parser for any bytes, with a slow and simple parser.
//!
//! The simple parser lists everything that is wrong with a text. A text that the real parser
//! accepts must have an empty list, and one that it refuses must have been refused for a reason on
//! the list; of several reasons it may name any.
//!
//! Shared by path between the tests of this crate and the fuzz target `jsonrpc`.

mod reading;

use bytes::Bytes;
use pontoon_core::testing::Field;
use pontoon_core::{Body, InvalidMessage, Message, ParseRules, Peer, Reject};

use self::reading::Reading;

const RULES: ParseRules = ParseRules { depth_max: 5, batch_len_max: 5, sender: Peer::Client };

/// Panics if these bytes are handled wrongly.
pub(crate) fn jsonrpc(bytes: &[u8]) {
    for sender in [Peer::Client, Peer::Child] {
        let rules = ParseRules { sender, ..RULES };
        check_message(bytes, rules);
        check_body(bytes, rules);
    }
    check_senders(bytes);
}

fn check_message(bytes: &[u8], rules: ParseRules) {
    let verdict = Message::parse(Bytes::copy_from_slice(bytes), rules);
    let reading = Reading::of(bytes, rules);
    match &verdict {
        Ok(message) => {
            assert_eq!(reading.must_refuse, [], "was let through");
            assert_eq!(Some(message.kind()), reading.kind);
            check_fields(message, &reading);
            check_line(message, bytes, rules);
            check_edits(message, rules);
            check_padded(message, rules);
        }
        Err(invalid) => check_invalid(invalid, &reading),
    }
}

/// Checks that a refusal names an existing fault, and the request it concerns unless its id is
/// ambiguous.
fn check_invalid(invalid: &InvalidMessage, reading: &Reading) {
    assert!(
        reading.may_refuse.contains(&invalid.reject),
        "refused as {:?}, but only {:?} are wrong",
        invalid.reject,
        reading.may_refuse
    );
    let in_doubt = reading.is_ambiguous || invalid.reject == Reject::ConfusableKey;
    let about = reading.about.clone().filter(|_| !in_doubt);
    assert_eq!(invalid.concerned, about, "refused as {:?}", invalid.reject);
}

/// Checks that a message that is valid from a client is valid, and the same, from a child.
fn check_senders(bytes: &[u8]) {
    let message =
        |sender| Message::parse(Bytes::copy_from_slice(bytes), ParseRules { sender, ..RULES });
    if let Ok(one) = message(Peer::Client) {
        assert_same(&one, &message(Peer::Child).expect("a child may do what a client may"));
    }
}

/// Checks that the fields are those that the simple parser finds, byte for byte.
fn check_fields(message: &Message, reading: &Reading) {
    assert_eq!(message.id(), reading.id.as_deref().map(str::as_bytes));
    assert_eq!(whole(message.method()), reading.method.as_deref());
    assert_eq!(message.progress_token(), reading.progress_token.as_deref().map(str::as_bytes));
    assert_eq!(message.correlation_id(), reading.subject.as_deref().map(str::as_bytes));
    assert_eq!(message.is_modern(), reading.is_modern);
    assert!(message.is_modern() || message.modern_revision().is_none());
    assert_eq!(whole(message.result_revision().as_deref()), reading.result_revision.as_deref());
}

/// Returns a string without a replaced lone surrogate.
fn whole(string: Option<&str>) -> Option<&str> {
    string.filter(|string| !string.contains(char::REPLACEMENT_CHARACTER))
}

/// Checks that the line is the received text, without surrounding white space, on one line.
fn check_line(message: &Message, bytes: &[u8], rules: ParseRules) {
    let line = message.bytes();
    let spaced = |text: &[u8]| -> Vec<u8> {
        text.iter().map(|&b| if b == b'\n' || b == b'\r' { b' ' } else { b }).collect()
    };
    assert_eq!(&line[..], spaced(bytes.trim_ascii()));
    assert_eq!(message.len(), line.len());
    assert_eq!(message.with(&[]).to_vec(), line[..]);
    assert_same(
        &Message::parse(line.clone(), rules).expect("what was taken is taken again"),
        message,
    );
}

/// Checks that an edit changes only the field it names.
fn check_edits(message: &Message, rules: ParseRules) {
    let line = &message.bytes()[..];
    let fields = [
        (Field::Id, message.id()),
        (Field::ProgressToken, message.progress_token()),
        (Field::CorrelationId, message.correlation_id()),
    ];
    let new: &[u8] = br#""new \ud83d\ude00""#;
    let mut places: Vec<(usize, usize)> = Vec::new();
    for (field, value) in fields {
        let edited = message.with(&[(field, new)]);
        let Some(value) = value else {
            assert_eq!(edited.to_vec(), line);
            continue;
        };
        let start = value.as_ptr() as usize - line.as_ptr() as usize;
        let end = start + value.len();
        assert_eq!(edited.to_vec(), [&line[..start], new, &line[end..]].concat());
        places.push((start, end));
    }
    places.sort_unstable();
    let mut all = line.to_vec();
    for (start, end) in places.into_iter().rev() {
        all.splice(start..end, new.iter().copied());
    }
    let edits = fields.map(|(field, _)| (field, new));
    assert_eq!(message.with(&edits).to_vec(), all);
    let again = Message::parse(all.into(), rules).expect("an edited message is a message");
    assert_eq!(again.kind(), message.kind());
    assert_eq!(again.id(), message.id().map(|_| new));
    assert_eq!(again.progress_token(), message.progress_token().map(|_| new));
    assert_eq!(again.correlation_id(), message.correlation_id().map(|_| new));
    assert_eq!(again.method(), message.method());
}

/// Checks that white space between tokens has no effect, though it makes a short message long.
fn check_padded(message: &Message, rules: ParseRules) {
    let spaces = " ".repeat(1500);
    let line = &message.bytes()[1..];
    let padded = Message::parse([b"{", spaces.as_bytes(), line].concat().into(), rules)
        .expect("a padded message is a message");
    assert_same(&padded, message);
    let edits: [(Field, &[u8]); 3] =
        [(Field::CorrelationId, b"1"), (Field::ProgressToken, b"2"), (Field::Id, b"3")];
    let (long, short) = (padded.with(&edits).to_vec(), message.with(&edits).to_vec());
    assert_eq!(long[1 + spaces.len()..], short[1..]);
}

fn assert_same(one: &Message, other: &Message) {
    assert_eq!(one.kind(), other.kind());
    assert_eq!(one.id(), other.id());
    assert_eq!(one.method(), other.method());
    assert_eq!(one.progress_token(), other.progress_token());
    assert_eq!(one.correlation_id(), other.correlation_id());
    assert_eq!(one.is_modern(), other.is_modern());
    assert_eq!(one.modern_revision(), other.modern_revision());
    assert_eq!(one.result_revision(), other.result_revision());
}

/// Checks that a body is parsed into its message, or the messages of its array.
fn check_body(bytes: &[u8], rules: ParseRules) {
    let body = Body::parse(Bytes::copy_from_slice(bytes), rules);
    let message = |text: &[u8]| Message::parse(Bytes::copy_from_slice(text), rules);
    let Some(elements) = reading::elements(bytes) else {
        match (body, message(bytes)) {
            (Ok(Body::One(one)), Ok(other)) => assert_same(&one, &other),
            (Err(one), Err(other)) => assert_eq!(one, other),
            (body, message) => panic!("{body:?} is not {message:?}"),
        }
        return;
    };
    match body {
        Ok(Body::Batch(batch)) => {
            assert!((1..=rules.batch_len_max).contains(&batch.len()));
            assert_eq!(batch.len(), elements.len());
            for (one, element) in batch.iter().zip(elements) {
                let other = message(element.as_bytes());
                assert_eq!(one.as_ref().err(), other.as_ref().err());
                if let (Ok(one), Ok(other)) = (one, &other) {
                    assert_eq!(one.bytes(), other.bytes());
                    assert_same(one, other);
                }
            }
        }
        Ok(Body::One(one)) => panic!("an array became {one:?}"),
        Err(InvalidMessage { concerned: Some(about), .. }) => panic!("an array is about {about:?}"),
        Err(InvalidMessage { reject: Reject::BatchEmpty, .. }) => assert!(elements.is_empty()),
        Err(InvalidMessage { reject: Reject::BatchTooLong, .. }) => {
            assert!(elements.len() > rules.batch_len_max);
        }
        Err(InvalidMessage { reject, .. }) => {
            assert!(matches!(reject, Reject::BadJson | Reject::LoneSurrogate | Reject::TooDeep));
            assert!(Reading::of(bytes, rules).may_refuse.contains(&reject));
        }
    }
}
