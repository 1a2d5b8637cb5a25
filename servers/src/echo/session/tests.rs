use pontoon_core::Duration;
use serde_json::json;

use crate::echo::tests::rig::{SESSION, stateful};

#[test]
fn the_session_is_shown_as_documented() {
    let mut stage = stateful();
    stage.wall = Duration::from_secs(1_704_110_730);
    let mut handler = stage.open();
    for message in ["one", "two", "three", "four", "five"] {
        stage.ask(&mut *handler, "echo", &json!({ "message": message })).0.unwrap();
    }
    for _ in 0..2 {
        stage.ask(&mut *handler, "replayLastEcho", &json!({})).0.unwrap();
    }
    let info = stage.ask(&mut *handler, "sessionInfo", &json!({})).0.unwrap();
    assert_eq!(
        crate::echo::tests::rig::text(&info),
        "\
📊 Session Information

🔑 Session Details:
- Session ID: 550e8400-e29b-41d4-a716-446655440000
- Created: 2024-01-01 12:00:00 UTC
- Last Activity: 2024-01-01 12:05:00 UTC
- Age: 5m 30s
- Time Until Expiry: 1h 0m 0s

📈 Session Metrics:
- Total Requests: 42
- Echo Count: 5
- Replay Count: 2
- Message Queue: 3 pending

🧠 Session State:
- Initialized: ✅
- Protocol Version: 2025-06-18
- Client: test-client v1.0"
    );
    assert_eq!(
        info.structured.unwrap(),
        json!({
            "session_id": SESSION,
            "created_at": "2024-01-01 12:00:00 UTC",
            "last_activity": "2024-01-01 12:05:00 UTC",
            "age_seconds": 330,
            "expires_in_seconds": 3600,
            "requests": 42,
            "echo_count": 5,
            "replay_count": 2,
            "queued": 3,
            "initialized": true,
            "protocol_version": "2025-06-18",
            "client_info": { "name": "test-client", "version": "1.0" },
            "state": {
                "last_echo": "five",
                "echo_count": 5,
                "replay_count": 2,
                "accumulated": ["one", "two", "three", "four", "five"],
                "custom_data": {},
            },
        })
    );
}

#[test]
fn a_conversation_knows_nothing_of_another() {
    let stage = stateful();
    let (mut one, mut two) = (stage.open(), stage.open());
    stage.ask(&mut *one, "echo", &json!({ "message": "Session 1 message" })).0.unwrap();
    let info = stage.ask(&mut *two, "sessionInfo", &json!({})).0.unwrap().structured.unwrap();
    assert_eq!((&info["echo_count"], &info["state"]["accumulated"]), (&json!(0), &json!([])));
    assert!(stage.ask(&mut *two, "replayLastEcho", &json!({})).0.unwrap().is_error);
}

#[test]
fn without_a_session_its_facts_are_not_known() {
    let mut stage = stateful();
    stage.session = None;
    stage.client = Default::default();
    assert_eq!(
        stage.text("sessionInfo", json!({})),
        "\
📊 Session Information

🔑 Session Details:
- Session ID: n/a
- Created: n/a
- Last Activity: n/a
- Age: n/a
- Time Until Expiry: n/a

📈 Session Metrics:
- Total Requests: n/a
- Echo Count: 0
- Replay Count: 0
- Message Queue: n/a

🧠 Session State:
- Initialized: n/a
- Protocol Version: n/a
- Client: n/a"
    );
}
