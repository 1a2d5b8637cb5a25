//! Effects of long times, which tests on sockets cannot wait for.

use pontoon_suite::Target;
use pontoon_suite::client::text_of;
use pontoon_suite::modern::{Modern, asked};
use pontoon_suite::wait::{eventually, seconds, sleep};
use serde_json::{Value, json};

/// The time in seconds that a call waits for its client.
const PARKED_TIME_MAX: u64 = 600;

/// Returns the next round of a call that asks for roots.
fn park(client: &Modern, key: &str) -> Value {
    let ask = json!({"id": key, "method": "roots/list"});
    let call = client.tool_call("rounds", json!({"rounds": [[ask]]}));
    let message = client.send(&call).answer();
    let key = asked(&message).keys().next().expect("a question").clone();
    client.retry(&call, &message, json!({key: {"roots": []}}))
}

#[test]
fn a_parked_call_is_given_up() {
    let target = Target::simulated();
    let pontoon = target.proxy().options(&["--child-era", "legacy"]).start();
    let client = Modern::new(&pontoon);
    let late = park(&client, "late");
    sleep(seconds(PARKED_TIME_MAX - 10));
    assert!(pontoon.record.messages("notifications/cancelled").is_empty(), "it has its time");
    let in_time = park(&client, "in time");
    assert_eq!(text_of(&client.send(&in_time).answer()), r#"{"in time":{"roots":[]}}"#);
    sleep(seconds(11));
    eventually("the process is told", seconds(5), || {
        pontoon.record.messages("notifications/cancelled").len() == 1
            && !pontoon.record.lines_with(r#""id":"late""#).is_empty()
    });
    let refused = client.send(&late).answer();
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
    client.expect_served();
    sleep(seconds(400));
    assert!(pontoon.running_children().len() <= 1, "nothing is left of it");
}
