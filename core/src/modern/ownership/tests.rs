use super::*;
use crate::json::ParseRules;
use crate::json::Peer;

const NOW: Duration = Duration::from_secs(1_800_000_000);

fn principal(name: &str) -> Principal {
    Principal::verified("token", name)
}

fn key() -> StateKey {
    StateKey::new([7; 32])
}

/// A request of ann with these params, besides `_meta`.
fn request(method: &str, params: &str) -> Message {
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
    let comma = if params.is_empty() { "" } else { "," };
    let line = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{meta}{comma}{params}}}}}"#
    );
    let rules = ParseRules { depth_max: 64, batch_len_max: 0, sender: Peer::Client };
    Message::parse(line.into_bytes().into(), rules).unwrap()
}

fn read(method: &str, params: &str, of: &str) -> Result<Presented, Reject> {
    Presented::read(&request(method, params), &key(), &principal(of), NOW)
}

#[test]
fn a_state_is_opened_for_its_principal_and_method_alone() {
    let result = r#"{"resultType":"input_required","requestState":"a \"b\" \u00e9","x":1}"#;
    let sealed = sealed_result(result.as_bytes(), &key(), &principal("ann"), "tools/call");
    let sealed = sealed.unwrap().unwrap();
    let state = Object::read(&sealed).unwrap().text("requestState").unwrap().into_owned();
    let params = format!(r#""requestState":"{state}""#);
    let opened = read("tools/call", &params, "ann").unwrap().state.unwrap();
    assert_eq!(opened, br#""a \"b\" \u00e9""#, "byte for byte");
    let refused = |method, params: &str, of| read(method, params, of).unwrap_err();
    assert_eq!(refused("tools/call", &params, "ben"), Reject::BadRequestState);
    assert_eq!(refused("prompts/get", &params, "ann"), Reject::BadRequestState);
    for state in [r#""a \"b\" \u00e9""#, "17", r#""""#, "{}"] {
        let params = format!(r#""requestState":{state}"#);
        assert_eq!(refused("tools/call", &params, "ann"), Reject::BadRequestState, "{state}");
    }
    let later = NOW + Duration::from_secs(1_000_000_000);
    let opened = Presented::read(&request("tools/call", &params), &key(), &principal("ann"), later);
    assert!(opened.is_ok(), "the child decides how long it holds");
    assert!(read("tools/call", r#""requestState":null"#, "ann").unwrap().state.is_none());
}

#[test]
fn a_state_of_pontoon_and_one_of_a_child_do_not_take_each_others_place() {
    let ann = principal("ann");
    let own = Binding { principal: &ann, method: "tools/call", params_digest: [1; 32] };
    let own = key().seal(&own, Duration::MAX, b"");
    let refused = read("tools/call", &format!(r#""requestState":"{own}""#), "ann").unwrap_err();
    assert_eq!(refused, Reject::BadRequestState);
}

#[test]
fn results_without_a_state_are_not_changed() {
    let seal = |result: &str| sealed_result(result.as_bytes(), &key(), &principal("a"), "m");
    for result in [r#"{"a":"requestState"}"#, r#"{"b":{"requestState":"x"}}"#, "[]", "1", "{}"] {
        assert_eq!(seal(result), Ok(None), "{result}");
    }
    assert_eq!(seal(r#"{"requestState":1}"#), Err(Flaw::Result));
    let long = format!(r#"{{"requestState":"{}"}}"#, "x".repeat(PAYLOAD_BYTES_MAX));
    assert_eq!(seal(&long), Err(Flaw::Result));
}

#[test]
fn keys_that_resemble_a_state_or_a_task_are_refused() {
    for key in ["RequestState", "requeststate", "reque\u{17f}tState", "taskID", "tas\u{212a}Id"] {
        let params = format!(r#""{key}":"x""#);
        let refused = read("tools/call", &params, "ann").unwrap_err();
        assert_eq!(refused, Reject::ConfusableKey, "{key}");
    }
    for params in [r#""TaskIds":["a"]"#, r#""notifications":{"taskids":["a"]}"#] {
        let refused = read(LISTEN, params, "ann").unwrap_err();
        assert_eq!(refused, Reject::ConfusableKey, "{params}");
    }
    assert!(read("tools/call", r#""requestStates":"x","task":1"#, "ann").is_ok());
}

#[test]
fn tasks_are_named_by_requests_and_subscriptions() {
    let id = |text: &str| TaskId::read(text.as_bytes()).unwrap();
    assert_eq!(read("tasks/get", r#""taskId":"a\u0062""#, "ann").unwrap().tasks, [id(r#""ab""#)]);
    let both = r#""taskIds":["a"],"notifications":{"taskIds":["b"]}"#;
    assert_eq!(read(LISTEN, both, "ann").unwrap().tasks, [id(r#""a""#), id(r#""b""#)]);
    assert!(read(LISTEN, r#""notifications":{"taskIds":null}"#, "ann").unwrap().tasks.is_empty());
    for (method, params) in
        [("tasks/get", ""), ("tasks/cancel", r#""taskId":7"#), (LISTEN, r#""taskIds":"a""#)]
    {
        assert_eq!(read(method, params, "ann").unwrap_err(), Reject::UnknownTask, "{method}");
    }
    assert_eq!(read("tasks/list", "", "ann").unwrap_err(), Reject::UnknownMethod);
    let created = |result: &str| TaskId::created(result.as_bytes());
    assert_eq!(created(r#"{"resultType":"task","taskId":"a"}"#), Some(id(r#""a""#)));
    assert_eq!(created(r#"{"resultType":"complete","taskId":"a"}"#), None);
}

#[test]
fn owners_are_kept_within_limits_and_a_flood_of_one_touches_no_other() {
    let task = |n: usize| TaskId(Sha256::digest(n.to_string()).into());
    let (ann, ben) = (principal("ann"), principal("ben"));
    let mut owners = TaskOwners::default();
    owners.add(ann, task(0));
    (1..5_000).for_each(|n| owners.add(ben, task(n)));
    assert!(owners.are_own(&ann, &[task(0)]) && !owners.are_own(&ben, &[task(0)]));
    assert!(!owners.are_own(&ann, &[task(4_999)]) && owners.are_own(&ben, &[task(4_999)]));
    assert!(!owners.are_own(&ben, &[task(1)]), "the oldest is forgotten");
    for n in 0..20 {
        (0..OWN_TASKS_MAX).for_each(|m| owners.add(principal(&n.to_string()), task(m)));
    }
    assert_eq!(owners.count, TASKS_MAX);
    assert_eq!(owners.tasks.values().map(VecDeque::len).sum::<usize>(), TASKS_MAX);
    assert!(owners.are_own(&ann, &[task(0)]));
}
