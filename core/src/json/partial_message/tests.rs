use super::*;

/// Returns the id of the request that a whole text concerns, `*` for an unknown request.
fn id_of(text: &str) -> Option<String> {
    shown(PartialMessage::of(text.as_bytes()).concerns())
}

fn shown(concerns: LineSubject) -> Option<String> {
    match concerns {
        LineSubject::Request(id) => Some(String::from_utf8(id.to_vec()).unwrap()),
        LineSubject::AnyRequest => Some("*".to_owned()),
        LineSubject::Nothing => None,
        LineSubject::Quoted(_) => panic!("{concerns:?}"),
    }
}

#[test]
fn an_id_is_found_at_either_end_of_a_broken_answer() {
    for text in [
        r#"{"jsonrpc":"2.0","id":7,"result":{"a":"#,
        r#"{"id" : 7 , "result":{"#,
        r#"{"jsonrpc":"2.0","id":7,"result""#,
        r#"{"jsonrpc":"2.0","result":{"text":"{\"id\":9,"},"id":7,"x":nonsense"#,
        r#"{"result":{"a":[1,{"id":9}]},"id":7,"#,
        r#"{"result":{"a":oh no},"jsonrpc":"2.0","id":7}"#,
        r#"{"result":{"id":9,"a":"unfinished},"jsonrpc":"2.0","id":7}"#,
        r#"{"result":[[[},"id":7,"jsonrpc":"2.0"}  "#,
        r#"{"result":[[[},"id" : 7 , "jsonrpc":"2.0","note":"a \" quote, \\"}"#,
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
        r#"{"id":null,"error":{"code":-32700,"message":"Parse error"}}"#,
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
fn a_line_of_a_log_is_not_an_answer() {
    for text in [
        // pino, bunyan, winston
        r#"{"level":50,"time":1764400000000,"pid":7,"hostname":"vm","err":{"type":"Error","message":"no"},"msg":"no"}"#,
        r#"{"level":50,"time":1764400000000,"pid":7,"id":1,"error":"connect ECONNREFUSED"}"#,
        r#"{"name":"srv","hostname":"vm","pid":7,"level":50,"error":{"code":-1,"message":"no"},"msg":"","time":"2026-11-29T11:00:00Z","v":0}"#,
        r#"{"error":"no","level":"error","message":"it failed","timestamp":"2026-11-29T11:00:00Z"}"#,
        r#"{"level":"info","id":1,"result":"ok"}"#,
        // zap, zerolog, slog
        r#"{"level":"error","ts":1764400000.1,"caller":"a/b.go:7","msg":"failed","error":"EOF","id":7}"#,
        r#"{"level":"error","error":"EOF","time":"2026-11-29T11:00:00Z"}"#,
        r#"{"time":"2026-11-29T11:00:00Z","level":"ERROR","msg":"failed","error":{"code":1}}"#,
        // structlog, python-json-logger, tracing
        r#"{"event":"failed","error":"ValueError('x')","level":"error","timestamp":"2026-11-29T11:00:00Z"}"#,
        r#"{"level":"error","error":"no"}"#,
        r#"{"error":"no"}"#,
        r#"{"result":"ok"}"#,
        r#"{"timestamp":"2026-11-29T11:00:00Z","level":"ERROR","fields":{"message":"no","error":"x"},"target":"srv"}"#,
        // The beginning of one.
        r#"{"level":"error","id":7,"error":"no"#,
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
        let mut glimpse = PartialMessage::of_start(start.as_bytes());
        let first = glimpse.concerns_of_long_line();
        glimpse.read_end(end.as_bytes());
        (shown(first), shown(glimpse.concerns()))
    };
    let (any, seven) = (|| Some("*".to_owned()), || Some("7".to_owned()));
    assert_eq!(long("AAAA", "AAAA"), (any(), None));
    assert_eq!(long(r#"{"id":7,"result":{"#, "whatever}"), (seven(), seven()));
    assert_eq!(long(r#"{"result":{"#, r#"xyz"}},"id":7}"#), (any(), seven()));
    assert_eq!(long(r#"{"result":{"#, r#"xyz"}},"id":7,"jsonrpc":"2.0"}"#), (any(), seven()));
    assert_eq!(long(r#"{"result":{"#, r#"xyz\"}},\"id\":7}"#), (any(), None));
    assert_eq!(long(r#"{"params":{"#, r#"},"method":"m"}"#), (any(), None));
    assert_eq!(long(r#"{"method":"m","params":{"#, r#"},"id":7}"#).0, None);
}
