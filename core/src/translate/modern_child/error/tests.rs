use super::*;

fn told(method: &str, text: &str) -> String {
    let line = error(method, text.as_bytes(), Some(br#""a:b""#)).line(b"7");
    let line = String::from_utf8(line).unwrap();
    line.strip_prefix(r#"{"jsonrpc":"2.0","id":7,"#).unwrap().strip_suffix('}').unwrap().to_owned()
}

#[test]
fn an_invalid_param_that_is_the_resource_is_a_resource_not_found() {
    let about = |uri: &str| format!(r#"{{"code":-32602,"message":"m","data":{{"uri":"{uri}"}}}}"#);
    assert_eq!(
        told("resources/read", &about(r"a:\u0062")),
        r#""error":{"code":-32002,"message":"m","data":{"uri":"a:\u0062"}}"#
    );
    for (method, text) in [
        ("resources/read", about("a:c")),
        ("resources/read", r#"{"code":-32602,"message":"m"}"#.to_owned()),
        ("tools/call", about("a:b")),
    ] {
        assert_eq!(told(method, &text), format!(r#""error":{text}"#));
    }
}

#[test]
fn a_capability_that_a_client_lacks_is_seen_by_the_model_that_called() {
    let text = r#"{"code":-32021,"message":"needs \"roots\"","data":{"requiredCapabilities":{}}}"#;
    assert_eq!(
        told("tools/call", text),
        r#""result":{"content":[{"type":"text","text":"needs \"roots\""}],"isError":true}"#
    );
    assert_eq!(
        told("prompts/get", text),
        format!(r#""error":{}"#, text.replace("-32021", "-32603"))
    );
}

#[test]
fn the_bridges_own_affairs_do_not_reach_the_client() {
    for code in [-32020, -32022] {
        let text = format!(r#"{{"code":{code},"message":"m","data":{{"supported":[]}}}}"#);
        assert_eq!(told("tools/list", &text), r#""error":{"code":-32603,"message":"m"}"#);
    }
}

#[test]
fn every_other_error_stays() {
    for code in [-32002, -32601, -32603, -1, 5] {
        let text = format!(r#"{{"code":{code},"message":"m","data":1.0,"x":[]}}"#);
        assert_eq!(told("resources/read", &text), format!(r#""error":{text}"#));
    }
    assert_eq!(told("x", "null"), r#""error":{"code":-32603,"message":"Internal error"}"#);
}
