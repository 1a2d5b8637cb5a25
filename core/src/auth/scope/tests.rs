use super::*;
use crate::json::{Answer, ParseRules, Peer};
use crate::reject::Flaw;

fn message(text: &str) -> Message {
    let rules = ParseRules { depth_max: 100, batch_len_max: 10, sender: Peer::Client };
    Message::parse(text.to_owned().into(), rules).expect("a message")
}

fn request(method: &str, params: &str) -> Message {
    message(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#))
}

fn granted(scopes: &str) -> Option<Arc<Permissions>> {
    ScopePolicy::new("time", &[]).permissions(&Scopes::parse(scopes))
}

fn allows(scopes: &str, method: &str, params: &str) -> bool {
    let permissions = granted(scopes);
    permissions.is_none_or(|it| it.check(&Body::One(request(method, params))).is_ok())
}

#[test]
fn a_scope_allows_what_it_names() {
    let call = ("tools/call", r#"{"name":"convert_time"}"#);
    for (scopes, expected) in [
        ("time", true),
        ("time:tools/call", true),
        ("time:tools/call:convert_time", true),
        ("other time:tools/call:convert_time", true),
        ("time:tools/call:convert", false),
        ("time:tools", false),
        ("time:", false),
        ("timer", false),
        ("TIME", false),
        ("git", false),
        ("", false),
    ] {
        assert_eq!(allows(scopes, call.0, call.1), expected, "{scopes}");
    }
    assert!(granted("time").is_none(), "everything is allowed");
    assert!(granted("git").is_some_and(|it| it.is_empty()));
    assert!(ScopePolicy::unchecked().permissions(&Scopes::parse("")).is_none());
    assert!(ScopePolicy::new("time", &[]).permissions(&Scopes::All).is_none());
}

#[test]
fn a_scope_of_one_server_opens_no_other() {
    let names = ["time", "git", "pontoon"];
    let initial = ["git:tools/call", "git", "gone:tools/call:a", "base", "api://x/y"];
    let initial = initial.map(str::to_owned);
    let rules = ["tools/call:commit=git:extra mail.send", "tools/call:send=mail.send"];
    let rules = rules.map(|rule| ScopeRule::parse(rule).expect("a rule"));
    let policy = |server| ScopePolicy::among(server, &names, &initial).with_rules(rules.to_vec());
    let initial = |server| policy(server).initial().join(" ");
    assert_eq!(initial("time"), "base api://x/y");
    assert_eq!(initial("git"), "git:tools/call git base api://x/y");
    for (scopes, time, git) in [
        ("git", false, true),
        ("git:tools/call", false, true),
        ("git:prompts/get:p", false, true),
        ("git:extra", false, true),
        ("gone:tools/call:a", false, false),
        ("time:tools/call:x", true, false),
        ("base", true, true),
        ("api://x/y", true, true),
        ("mail.send", true, true),
        ("pontoon", false, false),
        ("other", false, false),
        ("", false, false),
    ] {
        for (server, expected) in [("time", time), ("git", git)] {
            let permissions = policy(server).permissions(&Scopes::parse(scopes));
            let may_use = permissions.as_ref().is_none_or(|it| !it.is_empty());
            assert_eq!(may_use, expected, "{scopes} at {server}");
            if let Some(permissions) = permissions {
                assert_eq!(permissions.allows(&Operation::Use), expected, "{scopes} at {server}");
            }
        }
    }
    let none = ScopePolicy::among("time", &names, &["git".to_owned()]);
    assert_eq!(none.initial().join(" "), "time");
}

#[test]
fn each_method_needs_its_own_scope() {
    let one = "time:tools/call:a time:prompts/get:p time:resources/read:file:///x";
    for (method, params, expected) in [
        ("initialize", "{}", true),
        ("ping", "{}", true),
        ("tools/list", "{}", true),
        ("logging/setLevel", "{}", true),
        ("tools/call", r#"{"name":"a"}"#, true),
        ("tools/call", r#"{"name":"\u0061"}"#, true),
        ("tools/call", r#"{"name":"b"}"#, false),
        ("tools/call", r#"{"name":["a"]}"#, false),
        ("tools/call", "{}", false),
        ("prompts/get", r#"{"name":"p"}"#, true),
        ("prompts/get", r#"{"name":"a"}"#, false),
        ("resources/read", r#"{"uri":"file:///x"}"#, true),
        ("resources/subscribe", r#"{"uri":"file:///x"}"#, true),
        ("resources/subscribe", r#"{"uri":"file:///y"}"#, false),
        ("resources/unsubscribe", r#"{"uri":"file:///y"}"#, false),
        ("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"p"}}"#, true),
        ("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"a"}}"#, false),
        ("completion/complete", r#"{"ref":{"type":"ref/resource","uri":"file:///x"}}"#, true),
        ("completion/complete", r#"{"ref":{"type":"ref/resource","uri":"file:///y"}}"#, false),
        (
            "completion/complete",
            r#"{"ref":{"type":"ref/prompt","name":"p"},"ref":{"type":"ref/prompt","name":"a"}}"#,
            false,
        ),
        ("completion/complete", "{}", false),
        (
            "subscriptions/listen",
            r#"{"notifications":{"resourceSubscriptions":["file:///x"]}}"#,
            true,
        ),
        (
            "subscriptions/listen",
            r#"{"notifications":{"resourceSubscriptions":["file:///x","file:///y"]}}"#,
            false,
        ),
        ("subscriptions/listen", r#"{"notifications":{"toolsListChanged":true}}"#, true),
        ("custom/method", "{}", false),
    ] {
        assert_eq!(allows(one, method, params), expected, "{method} {params}");
    }
    assert!(allows("time:custom/method", "custom/method", "{}"));
}

#[test]
fn notifications_and_answers_pass() {
    let permissions = granted("time:tools/call:a").unwrap();
    for text in [
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","id":5,"result":{"name":"b"}}"#,
    ] {
        assert_eq!(permissions.check(&Body::One(message(text))), Ok(()), "{text}");
    }
}

#[test]
fn a_refusal_names_all_scopes_of_the_operation() {
    let permissions = granted("time:tools/call:a").unwrap();
    let needed = |body: Body| permissions.check(&body).unwrap_err();
    let one = request("tools/call", r#"{"name":"b c"}"#);
    assert_eq!(needed(Body::One(one)), ["time:tools/call:b%20c"]);
    let both = [("tools/call", r#"{"name":"a"}"#), ("prompts/get", r#"{"name":"p"}"#)];
    let both = both.map(|(method, params)| Ok(request(method, params)));
    assert_eq!(needed(Body::Batch(both.into())), ["time:tools/call:a", "time:prompts/get:p"]);
    let long = request("tools/call", &format!(r#"{{"name":"{}"}}"#, "x".repeat(300)));
    assert_eq!(needed(Body::One(long)), ["time:tools/call"]);
}

#[test]
fn names_cannot_imitate_each_other() {
    let of = |server: &str, scopes: &str| {
        ScopePolicy::new(server, &[]).permissions(&Scopes::parse(scopes))
    };
    // A server of this name is no tool of the server `time`.
    let server = "time:tools/call";
    assert!(of(server, "time:tools/call").is_some_and(|it| it.is_empty()));
    assert!(of(server, "time%3Atools/call").is_none());
    assert!(of("two words", "two%20words").is_none());
    assert!(!allows("time:tools/call:a%20b", "tools/call", r#"{"name":"a%20b"}"#));
    assert!(allows("time:tools/call:a%20b", "tools/call", r#"{"name":"a b"}"#));
}

#[test]
fn lists_have_what_may_be_used_and_nothing_else() {
    let filter = |scopes: &str, method: &str, result: &str| {
        let permissions = granted(scopes).unwrap();
        let filter = crate::auth::ListFilter::of(method, Some(&permissions)).expect("a list");
        let filtered = filter.result(result.as_bytes()).expect("a list");
        filtered.map(|text| String::from_utf8(text).unwrap())
    };
    let tools = r#"{"tools":[ {"name":"a","x":1 },{"name":"b"}],"nextCursor":"2"}"#;
    assert_eq!(filter("time:tools/call", "tools/list", tools), None, "byte for byte");
    let expected = r#"{"tools":[{"name":"a","x":1 }],"nextCursor":"2"}"#;
    assert_eq!(filter("time:tools/call:a", "tools/list", tools).as_deref(), Some(expected));
    let none = r#"{"tools":[],"nextCursor":"2"}"#;
    assert_eq!(filter("time:prompts/get", "tools/list", tools).as_deref(), Some(none));
    let cached = r#"{"resources":[{"uri":"a"}],"cacheScope":"public"}"#;
    let private = r#"{"resources":[],"cacheScope":"private"}"#;
    assert_eq!(filter("time:prompts/get", "resources/list", cached).as_deref(), Some(private));
    let templates = r#"{"resourceTemplates":[{"uriTemplate":"file:///{x}"}]}"#;
    assert_eq!(filter("time:resources/read", "resources/templates/list", templates), None);
    let none = r#"{"resourceTemplates":[]}"#;
    let one = "time:resources/read:file:///x";
    assert_eq!(filter(one, "resources/templates/list", templates).as_deref(), Some(none));
    assert_eq!(filter(one, "tools/list", r#"{"content":[]}"#), None);
}

#[test]
fn a_list_that_cannot_be_read_is_not_passed_on() {
    let permissions = granted("time:tools/call:a").unwrap();
    let filter = crate::auth::ListFilter::of("tools/list", Some(&permissions)).expect("a list");
    for result in [
        r#"[{"name":"b"}]"#,
        r#""b""#,
        "null",
        r#"{"tools":{"b":{"name":"b"}}}"#,
        r#"{"tools":null}"#,
        r#"{"tools":[{"name":"b"}],"tools":[{"name":"a"}]}"#,
        r#"{"tools":[{"name":"a"}],"Tools":[{"name":"b"}]}"#,
        r#"{"TOOLS":[{"name":"b"}]}"#,
    ] {
        assert_eq!(filter.result(result.as_bytes()), Err(Flaw::Result), "{result}");
        let answer = message(&format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#));
        assert_eq!(filter.message(&answer).unwrap_err(), Flaw::Result, "{result}");
        let answer = Answer::Result(result.as_bytes().to_vec().into());
        assert!(filter.answer(answer).is_err(), "{result}");
    }
    // An entry that has two names has none that may be used.
    for entry in [r#"{"name":"a","Name":"b"}"#, r#"{"name":"b","name":"a"}"#, r#""a""#] {
        let filtered = filter.result(format!(r#"{{"tools":[{entry}]}}"#).as_bytes());
        assert_eq!(filtered, Ok(Some(br#"{"tools":[]}"#.to_vec())), "{entry}");
    }
}

#[test]
fn another_spelling_of_a_uri_with_a_rule_needs_the_whole_server() {
    let rules = ["resources/read=read", "resources/read:file:///etc/motd=motd"];
    let rules = rules.map(|rule| ScopeRule::parse(rule).expect("a rule"));
    let policy = ScopePolicy::new("time", &[]).with_rules(rules.to_vec());
    let read = |scopes: &str, uri: &str| {
        let permissions = policy.permissions(&Scopes::parse(scopes)).expect("not everything");
        let params = format!(r#"{{"uri":"{uri}"}}"#);
        permissions.check(&Body::One(request("resources/read", &params)))
    };
    assert_eq!(read("motd", "file:///etc/motd"), Ok(()));
    assert_eq!(read("read", "file:///etc/hosts"), Ok(()));
    assert_eq!(read("read", "file:///etc/motd"), Err(vec!["motd".to_owned()]));
    for uri in [
        "file:///etc/../etc/motd",
        "FILE:///etc/motd",
        "file:///etc/%6dotd",
        "file:///etc/motd#top",
    ] {
        for scopes in ["read", "read motd", &format!("read motd time:resources/read:{uri}")] {
            assert_eq!(read(scopes, uri), Err(vec!["time".to_owned()]), "{uri} with {scopes}");
        }
        let permissions = policy.permissions(&Scopes::parse("read motd")).expect("not all");
        let filter = crate::auth::ListFilter::of("resources/list", Some(&permissions));
        let list = format!(r#"{{"resources":[{{"uri":"{uri}"}}]}}"#);
        let filtered = filter.expect("a list").result(list.as_bytes());
        assert_eq!(filtered, Ok(Some(br#"{"resources":[]}"#.to_vec())), "{uri}");
        assert!(policy.permissions(&Scopes::parse("time")).is_none(), "{uri}");
    }
}

#[test]
fn a_target_that_can_be_read_in_two_ways_needs_the_whole_server() {
    let one = "time:tools/call time:tools/call:a time:resources/read:file:///x time:prompts/get:p";
    for (method, params) in [
        ("tools/call", r#"{"name":"a","Name":"b"}"#),
        ("tools/call", r#"{"NAME":"b"}"#),
        ("tools/call", r#"{"name":"a","n\u0041me":"b"}"#),
        ("prompts/get", r#"{"name":"p","Name":"q"}"#),
        ("resources/read", r#"{"uri":"file:///x","URI":"file:///y"}"#),
        ("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"p","Name":"q"}}"#),
        ("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"p"},"Ref":{}}"#),
        (
            "subscriptions/listen",
            r#"{"notifications":{"ResourceſSubscriptions":[],"resourceſubscriptions":["file:///y"]}}"#,
        ),
    ] {
        assert!(!allows(one, method, params), "{method} {params}");
        assert!(allows("time", method, params), "{method} {params}");
    }
    assert!(allows(one, "tools/call", r#"{"name":"a","arguments":{"Name":"b"}}"#));
}

#[test]
fn a_request_without_an_id_needs_the_scope_of_its_method() {
    let checked = |method: &str| {
        let text = format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{"name":"b"}}}}"#);
        granted("time:tools/call:a").expect("not all").check(&Body::One(message(&text))).is_ok()
    };
    assert!(!checked("tools/call"));
    assert!(!checked("custom/method"));
    assert!(checked("notifications/cancelled"));
}
