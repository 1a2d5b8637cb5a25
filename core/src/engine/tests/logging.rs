//! Events for the log.

use super::rig::*;
use crate::config::Config;
use crate::engine::*;
use crate::limits::Limits;
use crate::observe::{Detail, Level};
use crate::protocol::Revision;
use crate::reject::SpawnError;

#[test]
fn events_below_the_log_level_are_not_logged() {
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
    let refused = |reject| Input::Refused { reject, detail: None };
    for _ in 0..10 {
        rig.input(refused(Reject::SessionsFull));
    }
    rig.input(refused(Reject::ChildBackpressure));
    rig.pass(secs(1));
    rig.input(refused(Reject::SessionsFull));
    let logged = |event: &Event| rig.events.iter().filter(|seen| *seen == event).count();
    let event = |reject| Event::Refused { reject, detail: None };
    assert_eq!(logged(&event(Reject::SessionsFull)), 3);
    assert_eq!(logged(&event(Reject::ChildBackpressure)), 1);
    let skipped = Event::Skipped { what: "refused", reason: "sessions_full", times: 8 };
    assert_eq!(logged(&skipped), 1);
    assert_eq!(rig.refused(Reject::SessionsFull), 11, "and the metrics count everything");
}

#[test]
fn a_refused_host_is_logged_once_a_minute_for_each_value() {
    let mut rig = Rig::with(Limits { log_repeats_per_second: 1000, ..Limits::default() });
    let forbidden =
        |name: &str| (Reject::ForbiddenHost, Some(Detail::of_header("host", name.as_bytes())));
    let refuse = |rig: &mut Rig, name: &str| {
        let (reject, detail) = forbidden(name);
        rig.input(Input::Refused { reject, detail });
    };
    let logged = |rig: &Rig, name: &str| {
        let (reject, detail) = forbidden(name);
        let event = Event::Refused { reject, detail };
        rig.events.iter().filter(|seen| **seen == event).count()
    };
    for _ in 0..10 {
        refuse(&mut rig, "a.example");
        refuse(&mut rig, "b.example");
    }
    assert_eq!((logged(&rig, "a.example"), logged(&rig, "b.example")), (1, 1));
    rig.pass(secs(60));
    refuse(&mut rig, "a.example");
    assert_eq!(logged(&rig, "a.example"), 2);
    let skipped = Event::Skipped { what: "refused", reason: "forbidden_host", times: 18 };
    assert!(rig.events.contains(&skipped), "{:?}", rig.events);
    // A client that sends another name each time fills neither the log nor the memory.
    for number in 0..1000 {
        refuse(&mut rig, &format!("x{number}.example"));
    }
    let all = rig.events.iter().filter(|seen| matches!(seen, Event::Refused { .. })).count();
    assert!(all < 40, "{all}");
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
