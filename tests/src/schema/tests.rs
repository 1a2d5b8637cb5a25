use serde_json::{Value, json};

use super::Sender::{Client, Server};
use super::{BOOKS, LEGACY, MODERN, check};

fn all() -> impl Iterator<Item = &'static str> {
    LEGACY.into_iter().chain([MODERN])
}

fn result(result: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "result": result})
}

/// Returns a request as a client of this revision sends it.
fn request(revision: &str, method: &str, mut params: Value) -> Value {
    if revision == MODERN {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
        });
    }
    json!({"jsonrpc": "2.0", "id": "a", "method": method, "params": params})
}

#[test]
fn every_definition_can_be_used() {
    for book in BOOKS.values() {
        for name in book.definitions().keys() {
            book.validator(name);
        }
    }
}

#[test]
fn the_requests_of_a_revision_are_its_own() {
    let roots = json!({"jsonrpc": "2.0", "id": 1, "method": "roots/list"});
    for revision in all() {
        let is_modern = revision == MODERN;
        let call = request(revision, "tools/call", json!({"name": "x", "arguments": {}}));
        assert_eq!(check(revision, Client, &call, None), Ok(()));
        assert!(check(revision, Server, &call, None).is_err());
        assert_eq!(check(revision, Server, &roots, None).is_ok(), !is_modern, "{revision}");
        let ping = request(revision, "ping", json!({}));
        assert_eq!(check(revision, Client, &ping, None).is_ok(), !is_modern, "{revision}");
        let discover = request(revision, "server/discover", json!({}));
        assert_eq!(check(revision, Client, &discover, None).is_ok(), is_modern, "{revision}");
    }
    let bare = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
    assert!(check(MODERN, Client, &bare, None).unwrap_err().contains("_meta"));
}

#[test]
fn notifications_belong_to_one_side() {
    let of = |method| json!({"jsonrpc": "2.0", "method": method, "params": {"requestId": 1}});
    for revision in all() {
        let cancelled = of("notifications/cancelled");
        assert_eq!(check(revision, Client, &cancelled, None), Ok(()));
        assert_eq!(check(revision, Server, &cancelled, None), Ok(()));
        let initialized = of("notifications/initialized");
        let is_legacy = revision != MODERN;
        assert_eq!(check(revision, Client, &initialized, None).is_ok(), is_legacy, "{revision}");
        assert!(check(revision, Server, &initialized, None).is_err());
        assert!(check(revision, Server, &of("notifications/nonsense"), None).is_err());
    }
}

#[test]
fn a_result_is_held_against_what_was_asked() {
    let text = json!([{"type": "text", "text": "x"}]);
    let tools = json!({"tools": [{"name": "x", "inputSchema": {"type": "object"}}]});
    for revision in all() {
        let result = |mut it: Value| {
            if revision == MODERN {
                it["resultType"] = json!("complete");
            }
            result(it)
        };
        let called = result(json!({"content": text}));
        assert_eq!(check(revision, Server, &called, Some("tools/call")), Ok(()));
        assert!(check(revision, Server, &called, Some("tools/list")).is_err());
        assert_eq!(check(revision, Server, &called, None), Ok(()));
        let listed = check(revision, Server, &result(tools.clone()), Some("tools/list"));
        assert_eq!(listed.is_ok(), revision != MODERN, "no hints for caches: {listed:?}");
    }
    assert_eq!(check(LEGACY[3], Server, &result(json!({})), Some("ping")), Ok(()));
    assert!(check(LEGACY[3], Server, &result(json!({"_meta": {}})), Some("ping")).is_err());
}

#[test]
fn a_result_may_require_input() {
    let required = |more: Value| {
        let mut it = more;
        it["resultType"] = json!("input_required");
        result(it)
    };
    let form = json!({"message": "?", "requestedSchema": {"type": "object", "properties": {}}});
    let asks = json!({"inputRequests": {"a": {"method": "elicitation/create", "params": form}}});
    assert_eq!(check(MODERN, Server, &required(asks.clone()), Some("tools/call")), Ok(()));
    assert!(check(MODERN, Server, &required(asks), Some("tools/list")).is_err());
    assert!(check(MODERN, Server, &required(json!({})), Some("tools/call")).is_err());
    let odd = json!({"inputRequests": {"a": {"method": "ping"}}});
    assert!(check(MODERN, Server, &required(odd), Some("tools/call")).is_err());
}

#[test]
fn errors_have_a_form_and_some_have_data() {
    let of = |id: Value, code: i64, data: Value| json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": "m", "data": data}});
    for revision in all() {
        let told = of(json!(1), -32602, json!({}));
        assert_eq!(check(revision, Server, &told, None), Ok(()));
        assert!(check(revision, Server, &of(json!(null), -32602, json!({})), None).is_err());
        let mut anonymous = told;
        anonymous.as_object_mut().unwrap().remove("id");
        assert_eq!(check(revision, Server, &anonymous, None), Ok(()));
    }
    let told = |code, data| check(MODERN, Server, &of(json!(1), code, data), None);
    assert!(told(-32021, json!({})).is_err());
    assert_eq!(told(-32021, json!({"requiredCapabilities": {"sampling": {}}})), Ok(()));
    assert!(told(-32022, json!({"supported": []})).is_err());
    assert_eq!(told(-32022, json!({"supported": [], "requested": "x"})), Ok(()));
}

/// Each of these is a `number` in the specification's source.
#[test]
fn numbers_may_have_fractions() {
    for revision in &LEGACY[2..] {
        let number = json!({"type": "number", "minimum": 0.5, "maximum": 1.5, "default": 1.25});
        let form = json!({"type": "object", "properties": {"a": number}});
        let params = json!({"message": "?", "requestedSchema": form});
        let asked = request(revision, "elicitation/create", params);
        assert_eq!(check(revision, Server, &asked, None), Ok(()), "{revision}");
        let answer = result(json!({"action": "accept", "content": {"a": 0.75}}));
        assert_eq!(check(revision, Client, &answer, Some("elicitation/create")), Ok(()));
    }
}

#[test]
fn what_is_no_message_is_no_message() {
    for odd in
        [json!({}), json!([]), json!({"jsonrpc": "2.0", "id": 1, "method": "ping", "result": {}})]
    {
        assert!(check(MODERN, Server, &odd, None).is_err(), "{odd}");
    }
    assert!(check(LEGACY[0], Server, &json!({"id": 1, "result": {}}), None).is_err());
}
