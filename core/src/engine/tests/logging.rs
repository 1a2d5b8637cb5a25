//! What is handed to the log.

use super::rig::*;
use crate::config::Config;
use crate::engine::*;
use crate::limits::Limits;
use crate::observe::Level;
use crate::protocol::Revision;
use crate::reject::SpawnError;

#[test]
fn what_nobody_wants_to_read_is_not_logged() {
    for level in [Level::Debug, Level::Info, Level::Warning, Level::Error] {
        let mut rig = Rig::of(Config { log_level: level, ..config(Limits::default()) });
        let (client, child) = rig.open(Revision::V2025_11_25);
        rig.call(&client, "1");
        rig.child_answers(child, "2", "{}");
        rig.child_babbles(child);
        rig.child_ends(child, ExitStatus::Code(1));
        rig.spawning = Spawning::Fails(SpawnError::NotFound);
        let _ = rig.initialize(&Client::new());
        let least = rig.events.iter().map(Event::level).min();
        assert_eq!(least, Some(level), "{:?}", rig.events);
    }
}

#[test]
fn what_a_peer_can_repeat_is_logged_a_few_times_a_second_and_counted() {
    let mut rig = Rig::with(Limits { log_repeats_per_second: 2, ..Limits::default() });
    let refused = |reject| Input::Refused { reject };
    for _ in 0..10 {
        rig.input(refused(Reject::ForbiddenHost));
        rig.input(refused(Reject::BadHead));
    }
    rig.input(refused(Reject::ForbiddenOrigin));
    rig.pass(secs(1));
    rig.input(refused(Reject::ForbiddenHost));
    let logged = |event: &Event| rig.events.iter().filter(|seen| *seen == event).count();
    assert_eq!(logged(&Event::Refused { reject: Reject::ForbiddenHost }), 3);
    assert_eq!(logged(&Event::Refused { reject: Reject::ForbiddenOrigin }), 1);
    let skipped = Event::Skipped { what: "refused", reason: "forbidden_host", times: 8 };
    assert_eq!(logged(&skipped), 1);
    let all = "whoever debugs sees every step";
    assert_eq!(logged(&Event::Refused { reject: Reject::BadHead }), 10, "{all}");
    assert_eq!(rig.refused(Reject::ForbiddenHost), 11, "and the metrics count everything");
}

#[test]
fn a_child_that_floods_a_client_that_does_not_listen_does_not_flood_the_log() {
    let mut rig = Rig::new();
    let (_, child) = rig.open(Revision::V2025_11_25);
    for number in 0..1000 {
        rig.child_says(child, &list_changed(number));
    }
    let overflow = |event: &&Event| matches!(event, Event::Dropped { .. });
    let max = Limits::default().log_repeats_per_second;
    assert_eq!(rig.events.iter().filter(overflow).count(), max);
}
