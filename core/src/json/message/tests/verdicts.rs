//! Valid messages, and the rule that refuses each invalid one.

use super::*;
use crate::json::ID_BYTES_MAX;

fn assert_verdicts(table: &[(&str, Result<Kind, Reject>)]) {
    for (members, expected) in table {
        assert_eq!(verdict(&with(members)), *expected, "{members}");
    }
}

#[test]
fn members_make_the_kind() {
    assert_verdicts(&[
        (r#""id":1,"method":"m""#, Ok(Kind::Request)),
        (r#""method":"m","id":1,"params":{}"#, Ok(Kind::Request)),
        (r#""method":"m""#, Ok(Kind::Notification)),
        (r#""method":"""#, Ok(Kind::Notification)),
        (r#""id":1,"result":{}"#, Ok(Kind::Result)),
        (r#""id":1,"result":null"#, Ok(Kind::Result)),
        (r#""id":1,"error":{"code":1,"message":""}"#, Ok(Kind::Error)),
        (r#""id":null,"error":{}"#, Ok(Kind::Error)),
        (r#""error":{}"#, Ok(Kind::Error)),
        (r#""result":{}"#, Err(Reject::BadMessage)),
        (r#""id":1"#, Err(Reject::BadMessage)),
        (r#""params":{}"#, Err(Reject::BadMessage)),
        (r#""x":1"#, Err(Reject::BadMessage)),
        (r#""id":1,"result":{},"error":{}"#, Err(Reject::BadMessage)),
        (r#""id":1,"result":{},"error":null"#, Err(Reject::BadMessage)),
        (r#""id":1,"method":"m","result":{}"#, Err(Reject::BadMessage)),
        (r#""id":1,"method":"m","error":{}"#, Err(Reject::BadMessage)),
    ]);
}

#[test]
fn only_objects_are_messages() {
    for text in ["null", "0", "-1.5e3", "true", "\"{}\"", "[]", "[{}]"] {
        assert_eq!(verdict(text), Err(Reject::BadMessage), "{text}");
    }
    for text in ["", " ", "{", "{}}", "\u{feff}{}", "NaN", "{\"a\":1,}"] {
        assert_eq!(verdict(text), Err(Reject::BadJson), "{text}");
    }
}

#[test]
fn the_version_is_exactly_that_string() {
    for version in
        ["2", "2.0", "\"2\"", "\"1.0\"", "\"2.00\"", "\" 2.0\"", r#""2\u002e0""#, "null", "[]"]
    {
        let text = format!(r#"{{"jsonrpc":{version},"id":1,"method":"m"}}"#);
        assert_eq!(verdict(&text), Err(Reject::BadVersion), "{version}");
    }
    assert_eq!(verdict(r#"{"id":1,"method":"m"}"#), Err(Reject::BadVersion));
    assert_eq!(verdict("{}"), Err(Reject::BadVersion));
}

#[test]
fn ids_are_strings_or_whole_numbers() {
    let good = [
        "0",
        "1",
        "-5",
        "-0",
        "123456789012345678901234567890",
        "1.0",
        "1.50e1",
        "1e2",
        "1E+2",
        "10e-1",
        "100e-2",
        "0e99",
        "0.0",
        "0.000e-5",
        "-1.0e0",
        "1e999999999999999999999",
        "0e-999999999999999999999",
        r#""""#,
        r#""1""#,
        r#""a\"b""#,
        r#""\u0061""#,
        "\"日本\"",
    ];
    for id in good {
        let request = message(&with(&format!(r#""id":{id},"method":"m""#)));
        assert_eq!(text(request.id()), Some(id));
        assert_eq!(verdict(&with(&format!(r#""id":{id},"result":1"#))), Ok(Kind::Result), "{id}");
    }
    let bad = [
        "null",
        "true",
        "false",
        "{}",
        "[]",
        "[1]",
        "1.5",
        "-0.1",
        "1e-1",
        "15e-1",
        "100e-3",
        "1.01e1",
        "0.5e0",
        "1e-999999999999999999999",
    ];
    for id in bad {
        let members = format!(r#""id":{id},"method":"m""#);
        assert_eq!(verdict(&with(&members)), Err(Reject::BadId), "{id}");
        let members = format!(r#""id":{id},"result":1"#);
        assert_eq!(verdict(&with(&members)), Err(Reject::BadId), "{id}");
    }
}

#[test]
fn ids_have_a_length() {
    let texts: [fn(usize) -> String; 4] = [
        |len| format!("\"{}\"", "x".repeat(len - 2)),
        |len| format!("\"{}\"", "é".repeat(len / 2 - 1)),
        |len| "7".repeat(len),
        |len| format!("1.{}", "0".repeat(len - 2)),
    ];
    let verdict_of_id = |sender, id: &str| {
        let ask = verdict_of(sender, &with(&format!(r#""id":{id},"method":"m""#)));
        let answer = verdict_of(sender, &with(&format!(r#""id":{id},"result":1"#)));
        let token =
            with(&format!(r#""id":1,"method":"m","params":{{"_meta":{{"progressToken":{id}}}}}"#));
        (ask, answer, verdict_of(sender, &token))
    };
    for (sender, id_of) in [Peer::Client, Peer::Child].iter().flat_map(|s| texts.map(|t| (*s, t))) {
        let fits = id_of(ID_BYTES_MAX);
        assert_eq!(fits.len(), ID_BYTES_MAX);
        let all = (Ok(Kind::Request), Ok(Kind::Result), Ok(Kind::Request));
        assert_eq!(verdict_of_id(sender, &fits), all, "{fits}");
        for len in [ID_BYTES_MAX + 2, 1_000_000] {
            let none = (Err(Reject::BadId), Err(Reject::BadId), Err(Reject::BadParams));
            assert_eq!(verdict_of_id(sender, &id_of(len)), none, "{len}");
        }
    }
    let about = format!(
        r#""method":"notifications/cancelled","params":{{"requestId":{}}}"#,
        texts[0](5000)
    );
    assert_eq!(verdict(&with(&about)), Ok(Kind::Notification), "that one is not stored");
}

#[test]
fn only_an_error_may_do_without_an_id() {
    assert_eq!(message(&with(r#""id":null,"error":{}"#)).id(), None);
    assert_eq!(message(&with(r#""error":{}"#)).id(), None);
    assert_eq!(text(message(&with(r#""id":"a","error":{}"#)).id()), Some("\"a\""));
    for id in ["1.5", "{}", "true"] {
        assert_eq!(
            verdict(&with(&format!(r#""id":{id},"error":{{}}"#))),
            Err(Reject::BadId),
            "{id}"
        );
    }
}

#[test]
fn a_method_is_a_string() {
    for method in ["null", "1", "{}", "[\"m\"]", "true"] {
        assert_eq!(
            verdict(&with(&format!(r#""method":{method}"#))),
            Err(Reject::BadMethod),
            "{method}"
        );
    }
}

#[test]
fn params_are_an_object_or_an_array() {
    for params in ["{}", "[]", "[1,{}]", r#"{"a":null}"#] {
        let members = format!(r#""id":1,"method":"m","params":{params}"#);
        assert_eq!(verdict(&with(&members)), Ok(Kind::Request), "{params}");
    }
    for params in ["null", "1", "\"{}\"", "true"] {
        let members = format!(r#""method":"m","params":{params}"#);
        assert_eq!(verdict(&with(&members)), Err(Reject::ParamsNotObject), "{params}");
    }
}

#[test]
fn fields_of_params_have_their_types() {
    let request =
        |params: &str| verdict(&with(&format!(r#""id":1,"method":"m","params":{params}"#)));
    for meta in
        ["{}", r#"{"progressToken":1}"#, r#"{"progressToken":"a"}"#, r#"{"progressToken":1e2}"#]
    {
        assert_eq!(request(&format!(r#"{{"_meta":{meta}}}"#)), Ok(Kind::Request), "{meta}");
    }
    for meta in [
        "null",
        "1",
        "[]",
        "\"\"",
        r#"{"progressToken":null}"#,
        r#"{"progressToken":1.5}"#,
        r#"{"progressToken":{}}"#,
        r#"{"progressToken":true}"#,
    ] {
        assert_eq!(request(&format!(r#"{{"_meta":{meta}}}"#)), Err(Reject::BadParams), "{meta}");
    }
    let about = |method: &str, params: &str| {
        verdict(&with(&format!(r#""method":"{method}","params":{params}"#)))
    };
    for (method, field) in
        [("notifications/cancelled", "requestId"), ("notifications/progress", "progressToken")]
    {
        for value in ["1", "\"a\"", "1.5"] {
            assert_eq!(about(method, &format!(r#"{{"{field}":{value}}}"#)), Ok(Kind::Notification));
        }
        for value in ["null", "{}", "[1]", "true"] {
            assert_eq!(about(method, &format!(r#"{{"{field}":{value}}}"#)), Err(Reject::BadParams));
        }
        assert_eq!(about("other", &format!(r#"{{"{field}":null}}"#)), Ok(Kind::Notification));
    }
}

#[test]
fn envelope_keys_come_once() {
    for member in
        [r#""jsonrpc":"2.0""#, r#""id":1"#, r#""id":null"#, r#""method":"m""#, r#""params":{}"#]
    {
        let members = format!(r#""id":1,"method":"m","params":{{}},{member}"#);
        assert_eq!(verdict(&with(&members)), Err(Reject::DuplicateKey), "{member}");
    }
    assert_eq!(verdict(&with(r#""id":1,"result":1,"result":2"#)), Err(Reject::DuplicateKey));
    assert_eq!(verdict(&with(r#""id":1,"error":1,"error":2"#)), Err(Reject::DuplicateKey));
}

#[test]
fn keys_that_look_like_the_envelopes_are_refused_wherever_they_stand() {
    for key in [
        "Method",
        "ID",
        "Jsonrpc",
        "paramſ",
        r"meth\u006fd",
        r"method\u0000",
        " id",
        "reſult",
        "Error",
    ] {
        for text in [
            with(&format!(r#""{key}":"x","id":1,"method":"m""#)),
            with(&format!(r#""id":1,"method":"m","{key}":"x""#)),
            with(&format!(r#""id":1,"result":1,"{key}":"x""#)),
        ] {
            assert_eq!(verdict(&text), Err(Reject::ConfusableKey), "{text}");
        }
    }
}

#[test]
fn other_members_are_carried() {
    let odd = with(r#""id":1,"method":"m","_x":1,"_x":2,"methods":[],"":null"#);
    assert_eq!(message(&odd).bytes(), odd.as_bytes());
    let odd = with(r#""id":1,"result":{"id":1,"id":2,"Method":"m","name":1,"name":2},"params":1"#);
    assert_eq!(message(&odd).bytes(), odd.as_bytes());
}

#[test]
fn fields_of_params_come_once_however_they_are_spelled() {
    let request =
        |params: &str| verdict(&with(&format!(r#""id":1,"method":"m","params":{params}"#)));
    for key in ["name", "uri", "requestId", "progressToken", "protocolVersion"] {
        let escaped = format!("\\u{:04x}{}", key.as_bytes()[0], &key[1..]);
        assert_eq!(
            request(&format!(r#"{{"{key}":1,"a":2,"{key}":1}}"#)),
            Err(Reject::DuplicateKey)
        );
        assert_eq!(request(&format!(r#"{{"{key}":1,"{escaped}":1}}"#)), Err(Reject::DuplicateKey));
        assert_eq!(request(&format!(r#"{{"{escaped}":1,"{key}":1}}"#)), Err(Reject::DuplicateKey));
        assert_eq!(request(&format!(r#"{{"{escaped}":1}}"#)), Ok(Kind::Request));
        assert_eq!(request(&format!(r#"{{"a":{{"{key}":1,"{key}":1}}}}"#)), Ok(Kind::Request));
        assert_eq!(request(&format!(r#"[{{"{key}":1,"{key}":1}}]"#)), Ok(Kind::Request));
    }
    for params in [
        r#"{"_meta":{},"_meta":{}}"#,
        r#"{"_meta":{},"\u005fmeta":{}}"#,
        r#"{"_meta":{"progressToken":1,"progressToken":1}}"#,
        r#"{"_meta":{"progressToken":1,"progress\u0054oken":1}}"#,
        r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"a","io.modelcontextprotocol\/protocolVersion":"b"}}"#,
        r#"{"_meta":{"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientCapabilities":{}}}"#,
    ] {
        assert_eq!(request(params), Err(Reject::DuplicateKey), "{params}");
    }
}

#[test]
fn depth_has_a_limit_everywhere() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let request =
        |depth: usize| with(&format!(r#""id":1,"method":"m","params":{}"#, nested(depth)));
    let result = |depth: usize| with(&format!(r#""id":1,"result":{}"#, nested(depth)));
    let other = |depth: usize| with(&format!(r#""id":1,"method":"m","other":{}"#, nested(depth)));
    let meta = |depth: usize| {
        with(&format!(r#""id":1,"method":"m","params":{{"_meta":{{"x":{}}}}}"#, nested(depth - 2)))
    };
    for text_of in [&request as &dyn Fn(usize) -> String, &result, &other, &meta] {
        assert!(verdict(&text_of(127)).is_ok());
        for depth in [128, 10_000, 1_000_000] {
            assert_eq!(verdict(&text_of(depth)), Err(Reject::TooDeep), "{depth}");
        }
    }
    assert_eq!(verdict(&nested(128)), Err(Reject::BadMessage));
    assert_eq!(verdict(&nested(129)), Err(Reject::TooDeep));
    assert_eq!(verdict(&"{\"a\":".repeat(1_000_000)), Err(Reject::BadJson));
}

#[test]
fn brackets_in_strings_are_no_depth() {
    let text = with(&format!(r#""id":1,"method":"m","params":["{}"]"#, "[{\\\"".repeat(1000)));
    assert_eq!(verdict(&text), Ok(Kind::Request));
}

#[test]
fn many_keys_and_escapes_are_answered() {
    let keys = |key: fn(usize) -> String| (0..100_000).map(key).collect::<String>();
    let plain = keys(|n| format!(r#""k{n}":1,"#));
    let escaped = keys(|n| format!(r#""\u006b{n}":1,"#));
    let same = keys(|_| r#""k":1,"#.to_owned());
    for many in [&plain, &escaped, &same] {
        assert!(parse(&with(&format!(r#"{many}"method":"m""#))).is_ok());
        assert!(parse(&with(&format!(r#""method":"m","params":{{{many}"z":1}}"#))).is_ok());
        assert!(
            parse(&with(&format!(r#""method":"m","params":{{"_meta":{{{many}"z":1}}}}"#))).is_ok()
        );
    }
    let text = "\\u0061".repeat(700_000);
    assert!(parse(&with(&format!(r#""method":"m","params":["{text}"]"#))).is_ok());
}

#[test]
fn debugging_shows_no_payload() {
    let shown =
        format!("{:?}", message(&with(r#""id":1,"method":"m","params":{"token":"secret"}"#)));
    assert!(!shown.contains("secret"), "{shown}");
    assert!(shown.contains("Request") && shown.contains("\"m\""), "{shown}");
}
