use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::echo::tests::rig::{SESSION, stateful, stateless, text};

#[test]
fn the_stateful_server_says_which_session_and_how_often() {
    let arguments = json!({ "message": "Hello, stateful world!", "uppercase": true });
    let result = stateful().call("echo", arguments);
    assert_eq!(
        text(&result),
        format!("HELLO, STATEFUL WORLD!\nSession: {SESSION}\nEcho count in session: 1")
    );
    assert_eq!(
        result.structured.unwrap(),
        json!({ "message": "HELLO, STATEFUL WORLD!", "session": SESSION, "echo_count": 1 })
    );
}

#[test]
fn the_stateless_server_says_the_message_and_nothing_else() {
    let arguments = json!({ "message": "Hello, MCP!", "uppercase": false, "reverse": true });
    let result = stateless().call("echo", arguments);
    assert_eq!(result, ToolResult::text("!PCM ,olleH"));
    let arguments = json!({ "message": "straße", "uppercase": true, "reverse": true });
    assert_eq!(stateless().text("echo", arguments), "ESSARTS");
}

#[test]
fn a_replay_says_the_last_echo_once_more() {
    let stage = stateful();
    let mut handler = stage.open();
    let (nothing, _) = stage.ask(&mut *handler, "replayLastEcho", &json!({}));
    let nothing = nothing.unwrap();
    assert!(nothing.is_error);
    assert_eq!(text(&nothing), "Nothing has been echoed in this session yet: call echo first.");
    let echo = json!({ "message": "Hello, stateful world!", "uppercase": true });
    stage.ask(&mut *handler, "echo", &echo).0.unwrap();
    let replay = stage.ask(&mut *handler, "replayLastEcho", &json!({})).0.unwrap();
    assert_eq!(
        text(&replay),
        "\
🔄 Replaying last echo:
HELLO, STATEFUL WORLD!
Original echo count: 1
This session has replayed 1 messages"
    );
    stage.ask(&mut *handler, "echo", &json!({ "message": "two" })).0.unwrap();
    stage.ask(&mut *handler, "replayLastEcho", &json!({})).0.unwrap();
    let replay = stage.ask(&mut *handler, "replayLastEcho", &json!({})).0.unwrap();
    assert_eq!(
        replay.structured.unwrap(),
        json!({ "message": "two", "original_echo_count": 2, "replay_count": 3 })
    );
}

#[test]
fn an_echo_is_queued_for_listeners() {
    let stage = stateful();
    let mut handler = stage.open();
    stage.ask(&mut *handler, "echo", &json!({ "message": "one" })).0.unwrap();
    let (_, notices) = stage.ask(&mut *handler, "echo", &json!({ "message": "two" }));
    assert_eq!(
        notices,
        [Notification::Unrelated {
            level: LogLevel::Info,
            logger: Some("echo"),
            data: json!({ "message": "two", "echo": 2 }),
        }]
    );
    let stage = stateless();
    assert_eq!(stage.ask(&mut *stage.open(), "echo", &json!({ "message": "x" })).1, []);
}

#[test]
fn a_message_has_to_be_there_and_may_not_be_too_long() {
    for mut stage in [stateful(), stateless()] {
        stage.settings.message_bytes_max = 4;
        let ask = |arguments| stage.ask(&mut *stage.open(), "echo", &arguments).0;
        let missing = ask(json!({})).unwrap_err();
        assert_eq!((missing.code, &*missing.message), (-32602, "message must be a string"));
        assert!(ask(json!({ "message": "äö" })).is_ok());
        let long = ask(json!({ "message": "äöü" })).unwrap_err();
        assert_eq!(
            (long.code, &*long.message),
            (-32602, "message is too long: 6 bytes, and ECHO_MAX_MESSAGE_SIZE is 4")
        );
    }
}

#[test]
fn a_data_url_comes_back_as_bytes_too() {
    let url = "data:image/gif;base64,R0lGODlh";
    let mut stage = stateless();
    let result = stage.call("echo", json!({ "message": url }));
    let blob = Contents::Blob {
        uri: "echo://message".to_owned(),
        mime_type: "image/gif".to_owned(),
        blob: "R0lGODlh".to_owned(),
    };
    assert_eq!(result.content, [Content::Text(url.to_owned()), Content::Resource(blob)]);
    for text in ["data:image/gif,R0lGODlh", "data:;base64,R0lGODl", "data:;base64,*"] {
        assert_eq!(stage.call("echo", json!({ "message": text })), ToolResult::text(text));
    }
    stage.settings.binary = false;
    assert_eq!(stage.call("echo", json!({ "message": url })), ToolResult::text(url));
}

#[test]
fn what_a_reader_takes_for_a_character_stays_whole() {
    for (message, reversed) in [
        ("e\u{301}a", "ae\u{301}"),
        ("👩‍👩‍👧!", "!👩‍👩‍👧"),
        ("🇩🇪🇫🇷", "🇫🇷🇩🇪"),
        ("a\r\nb", "b\r\na"),
        ("각ㄱ", "ㄱ각"),
    ] {
        let arguments = json!({ "message": message, "reverse": true });
        assert_eq!(stateless().text("echo", arguments), reversed);
    }
}

proptest! {
    #[test]
    fn any_string_comes_back(message in any::<String>()) {
        let arguments = json!({ "message": message });
        prop_assert_eq!(stateless().text("echo", arguments.clone()), message.clone());
        prop_assert_eq!(&stateful().data("echo", arguments)["message"], &message);
    }

    #[test]
    fn reversed_it_has_the_same_characters(message in any::<String>()) {
        let reversed = stateless().text("echo", json!({ "message": message, "reverse": true }));
        let sorted = |text: &str| {
            let mut chars: Vec<_> = text.chars().collect();
            chars.sort_unstable();
            chars
        };
        prop_assert_eq!(sorted(&reversed), sorted(&message));
        let mut rest = &*reversed;
        for cluster in message.graphemes(true).rev() {
            prop_assert!(rest.starts_with(cluster), "{cluster:?} was torn apart");
            rest = &rest[cluster.len()..];
        }
    }

    // This is not true of any string: an accent at the start has no letter, and reversal moves it
    // onto one.
    #[test]
    fn reversed_twice_it_is_the_same(
        clusters in proptest::collection::vec("[a-zà-ÿ][\u{300}-\u{304}]{0,2}|👩‍👩‍👧|🇩🇪|\r\n", 0..20),
    ) {
        let message = clusters.concat();
        let reverse = |message: &str| {
            stateless().text("echo", json!({ "message": message, "reverse": true }))
        };
        let reversed = reverse(&message);
        prop_assert_eq!(&reversed, &clusters.iter().rev().cloned().collect::<String>());
        prop_assert_eq!(reverse(&reversed), message);
    }
}
