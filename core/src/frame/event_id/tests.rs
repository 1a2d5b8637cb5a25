use proptest::prelude::*;

use super::*;

#[test]
fn an_id_is_stream_and_sequence() {
    let id = EventId { stream: 3, sequence: 0 };
    assert_eq!(id.to_string(), "3-0");
    assert_eq!(EventId::parse(b"3-0"), Some(id));
}

#[test]
fn the_largest_id_is_read() {
    let id = EventId { stream: u64::MAX, sequence: u64::MAX };
    assert_eq!(EventId::parse(id.to_string().as_bytes()), Some(id));
}

#[test]
fn other_spellings_are_no_ids() {
    for text in [
        "",
        "-",
        "1",
        "1-",
        "-1",
        "1-2-3",
        "1--2",
        "01-2",
        "1-02",
        "00-0",
        "+1-2",
        "1-+2",
        "-1-2",
        " 1-2",
        "1-2 ",
        "1 -2",
        "1-2\n",
        "1_2",
        "a-b",
        "0x1-2",
        "1.0-2",
        "\u{661}-2",
        "18446744073709551616-0",
        "0-18446744073709551616",
    ] {
        assert_eq!(EventId::parse(text.as_bytes()), None, "{text:?}");
    }
    assert_eq!(EventId::parse(b"1-2\xff"), None);
}

#[test]
fn ids_of_a_stream_are_ordered_by_sequence() {
    let id = |stream, sequence| EventId { stream, sequence };
    assert!(id(1, 9) < id(1, 10));
    assert!(id(1, 10) < id(2, 0));
}

proptest! {
    #[test]
    fn what_is_written_is_read(stream: u64, sequence: u64) {
        let id = EventId { stream, sequence };
        let text = id.to_string();
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
        prop_assert_eq!(EventId::parse(text.as_bytes()), Some(id));
    }

    #[test]
    fn only_what_is_written_is_read(text in "[0-9+-]{0,8}") {
        if let Some(id) = EventId::parse(text.as_bytes()) {
            prop_assert_eq!(id.to_string(), text);
        }
    }
}
