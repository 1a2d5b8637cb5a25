//! A process that was paused and continues: inputs that arrived meanwhile come first.

use super::rig::*;
use crate::engine::*;
use crate::protocol::Revision;

impl Rig {
    /// Pauses the process for this long; its timer fires first when it continues.
    fn freeze(&mut self, time: Duration) {
        self.now = self.now + time;
        self.timeout();
    }
}

#[test]
fn a_session_whose_request_has_arrived_meanwhile_is_not_ended() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let (idle, _) = rig.open(Revision::V2025_11_25);
    rig.freeze(secs(600));
    assert!(!rig.has_ended(&client) && !rig.has_ended(&idle));
    let call = rig.call(&client, "1");
    let number = rig.number(child);
    rig.pass(RESUME_TIME);
    assert!(!rig.has_ended(&client) && rig.has_ended(&idle));
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.reply(call).0, 200);
}

#[test]
fn an_answer_that_has_arrived_meanwhile_is_in_time() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let client = client.accepting(JSON);
    let calls = [rig.call(&client, "1"), rig.call(&client, "2")];
    let number = rig.numbers(child).remove(0);
    rig.freeze(secs(60));
    rig.child_answers(child, &number, r#"{"content":[]}"#);
    assert!(rig.reply(calls[0]).1.contains("content"));
    rig.pass(RESUME_TIME);
    assert!(rig.error(calls[1]).2.contains("--request-timeout"));
}

#[test]
fn a_timer_that_is_a_little_late_is_no_pause() {
    let mut rig = Rig::new();
    let (client, _) = rig.open(Revision::V2025_11_25);
    rig.pass(millis(299_999));
    rig.freeze(secs(1));
    assert!(rig.has_ended(&client));
}

#[test]
fn a_second_pause_right_after_the_first_is_one_too() {
    let mut rig = Rig::new();
    let (client, _) = rig.open(Revision::V2025_11_25);
    rig.freeze(secs(600));
    rig.freeze(secs(600));
    assert!(!rig.has_ended(&client));
    rig.pass(RESUME_TIME);
    assert!(rig.has_ended(&client));
}
