use super::*;

const RULES: ParseRules = ParseRules { depth_max: 3, batch_len_max: 1, sender: Peer::Client };

fn members(text: &str) -> Vec<(&str, &str)> {
    let mut cursor = Cursor::new(text.as_bytes());
    let mut members = Vec::new();
    cursor.enter();
    while let Some(key) = cursor.key() {
        members.push((string::as_str(key), &text[cursor.value().range()]));
    }
    assert_eq!(cursor.at, text.len(), "the walk ends behind the object");
    assert_eq!(cursor.depth, 0);
    members
}

fn check(text: &str, rules: ParseRules) -> Result<(), Reject> {
    let mut cursor = Cursor::new(text.as_bytes());
    cursor.value();
    assert_eq!(cursor.at, text.len());
    cursor.check(rules)
}

#[test]
fn members_are_found_whatever_is_around_and_in_them() {
    assert_eq!(members("{}"), []);
    assert_eq!(members("{  }"), []);
    assert_eq!(
        members(r#"{"a":1,"b" : -2.5e+3 ,"c":[ ] , "d":{"a":[{}, "]}"]},"e":null}"#),
        [("a", "1"), ("b", "-2.5e+3"), ("c", "[ ]"), ("d", r#"{"a":[{}, "]}"]}"#), ("e", "null")]
    );
    assert_eq!(
        members(r#"{"\"":"\\","":"\\\"","k":"{[,:\"]}"}"#),
        [("\\\"", r#""\\""#), ("", r#""\\\"""#), ("k", r#""{[,:\"]}""#)]
    );
}

#[test]
fn strings_of_every_length_end_at_their_quote() {
    for len in 0..70 {
        let (long, escaped) = ("x".repeat(len), format!("{}\\\"", "y".repeat(len)));
        let text = format!(r#"{{"{long}":"{escaped}","{escaped}":"{long}"}}"#);
        let quoted = [format!("\"{escaped}\""), format!("\"{long}\"")];
        assert_eq!(members(&text), [(&*long, &*quoted[0]), (&*escaped, &*quoted[1])]);
    }
}

#[test]
fn elements_are_found() {
    let text = "[1 , [2], {\"a\":[3]},\"4\"]";
    let mut cursor = Cursor::new(text.as_bytes());
    let mut elements = Vec::new();
    cursor.enter();
    while cursor.element() {
        elements.push(&text[cursor.value().range()]);
    }
    assert_eq!(elements, ["1", "[2]", "{\"a\":[3]}", "\"4\""]);
    assert_eq!(cursor.at, text.len());
}

#[test]
fn depth_is_that_of_the_deepest_place() {
    for shallow in ["1", "\"[[[[\"", "[[[]]]", "[[],[[]],[]]", r#"{"a":{"b":{}}}"#, "[[[1,2],3],4]"]
    {
        assert_eq!(check(shallow, RULES), Ok(()), "{shallow}");
    }
    for deep in ["[[[[]]]]", "[[],[[[]]]]", "[[[[]]],[]]", r#"{"a":[{"b":[]}]}"#] {
        assert_eq!(check(deep, RULES), Err(Reject::TooDeep), "{deep}");
    }
}

#[test]
fn half_a_surrogate_pair_is_seen_in_keys_and_values() {
    let lenient = ParseRules { sender: Peer::Child, ..RULES };
    for text in [
        r#""\ud800""#,
        r#""\uDC00""#,
        r#""\udc00\ud800""#,
        r#""\ud800\ud800\udc00""#,
        r#""\ud800\\udc00""#,
        r#""\ud800 \udc00""#,
        r#"{"\ud800":1}"#,
        r#"[{"a":["\udfff"]}]"#,
    ] {
        assert_eq!(check(text, RULES), Err(Reject::LoneSurrogate), "{text}");
        assert_eq!(check(text, lenient), Ok(()), "{text}");
    }
    for text in [r#""\ud83d\ude00""#, r#""\\ud800""#, r#""\ud7ff\ue000""#, r#""\uD83D\uDE00\\""#] {
        assert_eq!(check(text, RULES), Ok(()), "{text}");
    }
}
