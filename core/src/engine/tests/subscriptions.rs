//! Subscriptions of modern clients, in front of a legacy child.

use serde_json::{Value, json};

use super::legacy_workers::{CALL, rig_of, rig_per};
use super::modern::*;
use super::rig::*;
use crate::config::ChildPer;
use crate::engine::*;
use crate::limits::Limits;

const ALL: &str = r#""notifications":{"toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true,"resourceSubscriptions":["u:a","u:b","u:a"]}"#;
const CAPABILITIES: &str = r#"{"tools":{"listChanged":true},"prompts":{},"resources":{"subscribe":true,"listChanged":true}}"#;

fn rig() -> Rig {
    rig_per(ChildPer::Session)
}

fn changed(list: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"notifications/{list}/list_changed"}}"#)
}

fn updated(uri: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{{"uri":"{uri}"}}}}"#
    )
}

impl Rig {
    /// Returns the messages of a subscription after its acknowledgement.
    fn heard(&self, exchange: ExchangeId) -> Vec<Value> {
        self.messages(exchange).iter().skip(1).map(|message| parse(message)).collect()
    }

    fn requests(&mut self, child: ChildId) -> Vec<(String, String)> {
        let told = self.told(child);
        let of = |line: &Value| {
            let uri = line["params"]["uri"].as_str().unwrap_or_default();
            (line["method"].as_str().unwrap_or_default().to_owned(), uri.to_owned())
        };
        told.iter().map(of).collect()
    }
}

fn id(message: &Value) -> &Value {
    &message["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"]
}

#[test]
fn a_subscription_is_acknowledged_at_once_with_what_the_child_can_tell() {
    let mut rig = rig();
    let listen = rig.ask(&Modern::new(), r#""l""#, "subscriptions/listen", ALL);
    assert_eq!(rig.stage(listen), Stage::Waiting);
    let child = rig.welcomes_with(CAPABILITIES);
    let message = parse(&rig.messages(listen)[0]);
    assert_eq!(message["method"], "notifications/subscriptions/acknowledged");
    assert_eq!(id(&message), "l");
    let honoured = json!({
        "toolsListChanged": true, "resourcesListChanged": true,
        "resourceSubscriptions": ["u:a", "u:b"],
    });
    assert_eq!(message["params"]["notifications"], honoured);
    let watch = |uri: &str| ("resources/subscribe".to_owned(), uri.to_owned());
    assert_eq!(rig.requests(child), [watch("u:a"), watch("u:b")]);
}

#[test]
fn everybody_hears_of_what_they_asked_for_under_their_own_id() {
    let mut rig = rig();
    let tools = r#""notifications":{"toolsListChanged":true}"#;
    let one = rig.ask(&Modern::new(), "1", "subscriptions/listen", tools);
    let child = rig.welcomes_with(CAPABILITIES);
    let two = rig.ask(&Modern::new(), "2", "subscriptions/listen", ALL);
    rig.child_says(child, &changed("tools"));
    rig.child_says(child, &changed("resources"));
    rig.child_says(child, &changed("prompts"));
    rig.child_says(child, &updated("u:b"));
    rig.child_says(child, &updated("u:c"));
    let methods = |heard: Vec<Value>| -> Vec<String> {
        heard.iter().map(|it| it["method"].as_str().unwrap().to_owned()).collect()
    };
    assert!(rig.heard(one).iter().all(|message| *id(message) == json!(1)));
    assert!(rig.heard(two).iter().all(|message| *id(message) == json!(2)));
    assert_eq!(methods(rig.heard(one)), ["notifications/tools/list_changed"]);
    assert_eq!(
        methods(rig.heard(two)),
        [
            "notifications/tools/list_changed",
            "notifications/resources/list_changed",
            "notifications/resources/updated"
        ]
    );
    assert_eq!(rig.heard(two)[2]["params"]["uri"], "u:b");
}

#[test]
fn a_resource_is_watched_from_the_first_who_listens_to_the_last() {
    let mut rig = rig();
    let filter = r#""notifications":{"resourceSubscriptions":["u:a"]}"#;
    let one = rig.ask(&Modern::new(), "1", "subscriptions/listen", filter);
    let child = rig.welcomes_with(CAPABILITIES);
    assert_eq!(rig.requests(child).len(), 1);
    let two = rig.ask(&Modern::new(), "2", "subscriptions/listen", filter);
    rig.disconnect(one);
    assert_eq!(rig.requests(child), []);
    rig.disconnect(two);
    assert_eq!(rig.requests(child), [("resources/unsubscribe".to_owned(), "u:a".to_owned())]);
}

#[test]
fn a_change_that_any_process_of_the_same_client_tells_is_heard() {
    let mut rig = rig();
    let tools = r#""notifications":{"toolsListChanged":true}"#;
    let listen = rig.ask(&Modern::named("a"), "1", "subscriptions/listen", tools);
    let first = rig.welcomes_with(CAPABILITIES);
    rig.ask(&Modern::named("a").able(), "2", "tools/call", CALL);
    rig.ask(&Modern::named("a").able(), "3", "tools/call", CALL);
    let second = rig.welcomes_with(CAPABILITIES);
    rig.ask(&Modern::named("b"), "4", "tools/call", CALL);
    let foreign = rig.welcomes_with(CAPABILITIES);
    assert!(first < second && second < foreign);
    rig.child_says(second, &changed("tools"));
    assert_eq!(rig.heard(listen).len(), 1);
    rig.child_says(foreign, &changed("tools"));
    assert_eq!(rig.heard(listen).len(), 1, "it is another client's");
}

#[test]
fn a_subscription_ends_with_its_process_and_keeps_it_from_being_idle() {
    let mut rig = rig();
    let listen = rig.ask(&Modern::new(), r#""l""#, "subscriptions/listen", ALL);
    let child = rig.welcomes_with(CAPABILITIES);
    rig.pass(secs(3600));
    assert_eq!(rig.stage(listen), Stage::Begun);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.stage(listen), Stage::Finished);
    let last = parse(rig.messages(listen).last().unwrap());
    assert_eq!(last["result"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "l");
    rig.engine.check_empty();
}

#[test]
fn a_process_for_each_call_leaves_one_to_tell_of_changes() {
    let mut rig = rig_per(ChildPer::Call);
    let tools = r#""notifications":{"toolsListChanged":true}"#;
    let one = rig.ask(&Modern::named("a"), "1", "subscriptions/listen", tools);
    let child = rig.welcomes_with(CAPABILITIES);
    let two = rig.ask(&Modern::named("b"), "1", "subscriptions/listen", tools);
    assert_eq!(rig.children.len(), 1);
    rig.child_says(child, &changed("tools"));
    assert_eq!((rig.heard(one).len(), rig.heard(two).len()), (1, 1));
}

#[test]
fn a_subscription_without_a_filter_is_a_mistake() {
    let mut rig = rig();
    rig.ask(&Modern::new(), "1", "tools/list", "");
    rig.welcomes();
    let listen = rig.ask(&Modern::new(), "1", "subscriptions/listen", "");
    assert_eq!(rig.error(listen).1, -32602);
}

#[test]
fn a_client_that_does_not_read_loses_its_subscription_and_not_a_change() {
    let mut rig = rig();
    rig.prompt = false;
    let listen = rig.ask(&Modern::new(), "1", "subscriptions/listen", ALL);
    let child = rig.welcomes_with(CAPABILITIES);
    let large = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{{"x":"{}"}}}}"#,
        "x".repeat(1024 * 1024)
    );
    for _ in 0..5 {
        rig.child_says(child, &large);
    }
    assert_eq!(rig.stage(listen), Stage::Finished);
    let last = parse(rig.messages(listen).last().unwrap());
    assert_eq!(last["result"]["resultType"], "complete");
}

#[test]
fn as_many_may_listen_as_are_connected() {
    let limits = Limits { requests_max: 2, ..Default::default() };
    let mut rig = rig_of(Default::default(), limits);
    let tools = r#""notifications":{"toolsListChanged":true}"#;
    for id in 0..5 {
        let listen = rig.ask(&Modern::new(), &id.to_string(), "subscriptions/listen", tools);
        if id == 0 {
            rig.welcomes_with(CAPABILITIES);
        }
        assert_eq!(rig.stage(listen), Stage::Begun);
    }
    rig.ask(&Modern::new(), "7", "tools/list", "");
    rig.ask(&Modern::new(), "8", "tools/list", "");
    let third = rig.ask(&Modern::new(), "9", "tools/list", "");
    assert_eq!(rig.reply(third).0, 503);
}

#[test]
fn what_is_watched_for_one_client_has_a_limit() {
    let mut rig = rig();
    let filter = |count: usize| {
        let uris: Vec<String> = (0..count).map(|at| format!("\"u:{at}\"")).collect();
        format!(r#""notifications":{{"resourceSubscriptions":[{}]}}"#, uris.join(","))
    };
    let many = rig.ask(&Modern::new(), "1", "subscriptions/listen", &filter(1200));
    let child = rig.welcomes_with(CAPABILITIES);
    assert_eq!(rig.requests(child).len(), 1000);
    let acknowledged = parse(&rig.messages(many)[0]);
    let honoured = &acknowledged["params"]["notifications"]["resourceSubscriptions"];
    assert_eq!(honoured.as_array().unwrap().len(), 1000, "the client is told what it hears of");
    let more = rig.ask(&Modern::new(), "2", "subscriptions/listen", &filter(500_000));
    assert_eq!(rig.error(more).1, -32602);
    assert_eq!(rig.requests(child).len(), 0);
}

#[test]
fn a_child_that_does_not_read_is_not_asked_to_watch_more() {
    let limits = Limits { stdin_bytes_max: 4096, ..Default::default() };
    let mut rig = rig_of(Default::default(), limits);
    rig.ask(&Modern::new(), "1", "tools/list", "");
    let child = rig.welcomes_with(CAPABILITIES);
    rig.fed(child);
    rig.prompt = false;
    for id in 0..100 {
        let filter = format!(r#""notifications":{{"resourceSubscriptions":["u:{id}"]}}"#);
        rig.ask(&Modern::new(), &id.to_string(), "subscriptions/listen", &filter);
    }
    assert!(rig.children[&child].unfed <= 4096);
}

#[test]
fn a_process_that_is_silent_about_a_call_ends_in_time_though_it_watches_something() {
    let mut rig = rig();
    let filter = r#""notifications":{"resourceSubscriptions":["u:a"]}"#;
    let listen = rig.ask(&Modern::new(), "1", "subscriptions/listen", filter);
    let child = rig.welcomes_with(CAPABILITIES);
    let call = rig.ask(&Modern::new().able(), "2", "tools/call", CALL);
    for number in rig.numbers(child).into_iter().take(1) {
        rig.child_answers(child, &number, "{}");
    }
    rig.disconnect(call);
    rig.pass(secs(2));
    assert_eq!(rig.stage(listen), Stage::Finished);
    assert!(rig.children[&child].stdin_closed);
}
