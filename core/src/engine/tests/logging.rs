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
