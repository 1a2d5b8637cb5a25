use super::*;

/// The ids of the answers that are found in these lines, with their flaws.
fn found(lines: &str) -> Vec<String> {
    let mut spread = MultiLineMessage::default();
    let mut all = Vec::new();
    let mut note = |found: Option<InvalidLine>| {
        all.extend(found.map(|it| match it.concerns {
            LineSubject::Request(id) => format!("{} {}", it.flaw.name(), id.escape_ascii()),
            concerns => format!("{} {concerns:?}", it.flaw.name()),
        }));
    };
    for line in lines.split_inclusive('\n') {
        match line.strip_suffix('\n') {
            Some(line) => note(spread.take(line.as_bytes(), true)),
            None => note(spread.take_pending(line.as_bytes())),
        }
    }
    all
}

const PRETTY: &str = r#"{
  "jsonrpc": "2.0",
  "id": 7,
  "result": {
    "content": [
      { "type": "text", "text": "} ] {" }
    ],
    "id": 8
  }
}"#;

#[test]
fn an_answer_over_several_lines_is_found_with_its_end() {
    assert_eq!(found(&format!("{PRETTY}\n")), ["several_lines 7"]);
    assert_eq!(found(PRETTY), ["several_lines 7"], "its last line may never end");
    assert_eq!(found(&PRETTY.replace("7", "\"era\"")), [r#"several_lines \"era\""#]);
    let windows = PRETTY.replace('\n', "\r\n");
    assert_eq!(found(&format!("{windows}\r\n")), ["several_lines 7"]);
    let error = "{\n\t\"error\": {\n\t\t\"code\": 1\n\t},\n\t\"id\": 3,\n\t\"jsonrpc\": \"2.0\"\n}";
    assert_eq!(found(error), ["several_lines 3"]);
    assert_eq!(
        found("{\n\"jsonrpc\": \"2.0\",\n\"result\": {}\n}\n"),
        ["several_lines AnyRequest"]
    );
}

#[test]
fn the_next_answer_may_follow_on_the_same_line() {
    let mut spread = MultiLineMessage::default();
    for id in ["7", "8"] {
        let text = PRETTY.replace('7', id);
        let mut lines: Vec<_> = text.lines().collect();
        let last = lines.pop().unwrap();
        lines[0] = if id == "7" { "{" } else { "}{" };
        assert!(lines.iter().all(|line| spread.take(line.as_bytes(), true).is_none()));
        let found = spread.take_pending(last.as_bytes()).expect("an answer");
        assert!(matches!(found.concerns, LineSubject::Request(it) if it == id));
    }
}

#[test]
fn other_json_over_several_lines_answers_nothing() {
    for text in [
        "{\n  name: 'x',\n  error: null\n}\n",
        "{\n  \"error\": \"x\"\n}\n",
        "{\n  \"level\": \"error\",\n  \"id\": 7,\n  \"error\": \"x\"\n}\n",
        "{\n  \"level\": \"info\",\n  \"id\": 7\n}\n",
        "{\n  \"jsonrpc\": \"2.0\",\n  \"id\": 7,\n  \"method\": \"ping\"\n}\n",
        "}\n{\n  \"a\n}\n",
        "{\n]]\n\"id\": 7, \"jsonrpc\": \"2.0\", \"result\": 1\n}\n",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn a_message_in_between_ends_what_has_begun() {
    let mut spread = MultiLineMessage::default();
    for line in ["{", "\"jsonrpc\": \"2.0\",", "\"id\": 7,"] {
        assert!(spread.take(line.as_bytes(), true).is_none());
    }
    assert!(spread.take(b"x", false).is_none());
    assert!(spread.take(b"\"result\": 1 }", true).is_none());
    assert!(spread.take(b"}", true).is_none());
}

#[test]
fn an_answer_behind_a_header_is_found_once_it_is_whole() {
    let body = r#"{"jsonrpc":"2.0","id":7,"result":{}}"#;
    let header = format!("Content-Length: {}\r\n", body.len());
    assert_eq!(found(&format!("{header}{body}")), ["content_length 7"]);
    let both = format!("{header}Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n{body}");
    assert_eq!(found(&both), ["content_length 7"]);
    assert_eq!(found(&header.to_lowercase().replace("\r\n", &format!("\n{body}"))).len(), 1);
    let next = format!("{body}{header}{}", body.replace('7', "8"));
    assert_eq!(found(&next), ["content_length 8"], "behind the message before");
    assert_eq!(found(&format!("{header}{}", &body[..20])), [""; 0], "not whole yet");
    assert_eq!(found(&format!("{header}log\n{body}")), [""; 0], "something stands between");
    assert_eq!(found(&format!("Content-Length: many\n{body}")), [""; 0]);
}

#[test]
fn what_is_kept_of_a_message_has_a_limit() {
    let mut spread = MultiLineMessage::default();
    spread.take(b"{", true);
    for _ in 0..10_000 {
        spread.take(b"\"key\": \"value of some length\",", true);
    }
    assert!(spread.outline.len() <= EDGE_BYTES);
    spread.take(b"\"jsonrpc\": \"2.0\", \"id\": 5, \"result\": {}", true);
    assert!(spread.take(b"}", true).is_none(), "its id is not known");
}
