use super::*;

/// Returns the id of the request that a whole text concerns, `*` for an unknown request.
fn id_of(text: &str) -> Option<String> {
    shown(Glimpse::of(text.as_bytes()).concerns())
}

fn shown(concerns: Concerns) -> Option<String> {
    match concerns {
        Concerns::Request(id) => Some(String::from_utf8(id.to_vec()).unwrap()),
        Concerns::AnyRequest => Some("*".to_owned()),
        Concerns::Nothing => None,
        Concerns::Quoted(_) => panic!("{concerns:?}"),
    }
}

#[test]
fn an_id_is_found_at_either_end_of_a_broken_answer() {
    for text in [
        r#"{"jsonrpc":"2.0","id":7,"result":{"a":"#,
        r#"{"id" : 7 , "result":{"#,
        r#"{"jsonrpc":"2.0","id":7,"result""#,
        r#"{"result":{"text":"{\"id\":9,"},"id":7,"x":nonsense"#,
        r#"{"result":{"a":[1,{"id":9}]},"id":7,"#,
        r#"{"result":{"a":oh no},"jsonrpc":"2.0","id":7}"#,
        r#"{"result":{"id":9,"a":"unfinished},"jsonrpc":"2.0","id":7}"#,
        r#"{"result":[[[},"id":7,"jsonrpc":"2.0"}  "#,
        r#"{"result":[[[},"id" : 7 , "note":"a \" quote, \\"}"#,
        r#"{"jsonrpc":"2.0","error":nope,"id":7}"#,
        r#"{"jsonrpc":"2.0","id":7,"id":7,"result":1}"#,
    ] {
        assert_eq!(id_of(text).as_deref(), Some("7"), "{text}");
    }
    assert_eq!(id_of(r#"{"id":"a\"b","result":"#).as_deref(), Some(r#""a\"b""#));
}

#[test]
fn an_answer_whose_id_is_not_clear_is_one() {
    for text in [
        r#"{"jsonrpc":"2.0","result":{"a":"#,
        r#"{"jsonrpc":"2.0","id":null,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":7,"id":8,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":7.5,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":,"error":{}}"#,
        r#"{"jsonrpc":"2.0","error":{"code":"#,
    ] {
        assert_eq!(id_of(text).as_deref(), Some("*"), "{text}");
    }
}

#[test]
fn nothing_else_is_an_answer() {
    for text in [
        "",
        "{",
        "{}",
        "hello",
        r#"{"id":7}"#,
        r#"{"level":"info","id":7,"msg":"#,
        r#"{ id: 7, result: 1 }"#,
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"#,
        r#"{"params":{oh},"jsonrpc":"2.0","id":7,"method":"roots/list"}"#,
        r#"{"jsonrpc":"2.0","#,
        r#"[{"jsonrpc":"2.0","id":7,"result":"#,
        r#"hello {"jsonrpc":"2.0","id":7,"result":"#,
    ] {
        assert_eq!(id_of(text), None, "{text}");
    }
}

#[test]
fn a_null_method_is_none() {
    assert_eq!(id_of(r#"{"jsonrpc":"2.0","method":null,"id":7,"result":{"#).as_deref(), Some("7"));
}

#[test]
fn a_long_line_is_an_answer_unless_it_calls() {
    let long = |start: &str, end: &str| {
        let mut glimpse = Glimpse::of_start(start.as_bytes());
        let first = glimpse.concerns_of_long_line();
        glimpse.look_at_end(end.as_bytes());
        (shown(first), shown(glimpse.concerns()))
    };
    let (any, seven) = (|| Some("*".to_owned()), || Some("7".to_owned()));
    assert_eq!(long("AAAA", "AAAA"), (any(), None));
    assert_eq!(long(r#"{"id":7,"result":{"#, "whatever}"), (seven(), seven()));
    assert_eq!(long(r#"{"result":{"#, r#"xyz"}},"id":7}"#), (any(), seven()));
    assert_eq!(long(r#"{"result":{"#, r#"xyz"}},"id":7,"jsonrpc":"2.0"}"#), (any(), seven()));
    assert_eq!(long(r#"{"result":{"#, r#"xyz\"}},\"id\":7}"#), (any(), any()));
    assert_eq!(long(r#"{"params":{"#, r#"},"method":"m"}"#), (any(), None));
    assert_eq!(long(r#"{"method":"m","params":{"#, r#"},"id":7}"#).0, None);
}
