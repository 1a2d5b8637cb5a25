use serde_json::json;

use super::*;
use crate::echo::tests::rig::{stateful, stateless};

#[test]
fn the_stateless_layout_is_the_documented_one() {
    assert_eq!(
        stateless().text("requestTiming", json!({})),
        "\
⏱️ Request Timing Analysis

📊 Performance Metrics:
  Request Started: 2024-01-01 12:00:00.123456 UTC
  Current Time: 2024-01-01 12:00:00.145678 UTC
  Processing Duration: 22.22ms
  Performance Rating: 🟢 Excellent (<50ms)

💻 System Resources:
  CPU Usage: 12.5% (2 cores)
  Memory: 256MB / 1024MB (25.0%)
  Python Version: n/a (this server is written in Rust)
  Platform: Linux-5.15.0-x86_64

🌡️ Process Stats:
  Process ID: 1234
  Thread Count: 4
  Open Files: 42
  Uptime: 1h 23m 45s

📈 Load Average:
  1 min: 0.15
  5 min: 0.20
  15 min: 0.18"
    );
}

#[test]
fn the_stateful_layout_is_the_documented_one() {
    let mut stage = stateful();
    stage.took = Duration::from_micros(23_450);
    stage.facts.system.cpu = Some(0.152);
    stage.facts.counters.queued = 12;
    assert_eq!(
        stage.text("requestTiming", json!({})),
        "\
⏱️ Request Timing Analysis

📊 Performance Metrics:
- Request Start: 2024-01-01 12:00:00.122 UTC
- Processing Time: 23.45ms
- Performance: 🟢 Excellent

🖥️ System Resources:
- CPU Usage: 15.2%
- Memory Usage: 256MB / 1024MB (25%)
- Active Sessions: 5
- Message Queue Size: 12

📈 Session Statistics:
- Session Age: 5m 30s
- Requests in Session: 42
- Average Response Time: 18.7ms"
    );
}

#[test]
fn what_cannot_be_known_is_not_made_up() {
    for mut stage in [stateful(), stateless()] {
        stage.facts = HostStats::default();
        stage.session = None;
        let text = stage.text("requestTiming", json!({}));
        for line in ["CPU Usage: n/a", "Memory", "n/a"] {
            assert!(text.contains(line), "{text}");
        }
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        let data = stage.data("requestTiming", json!({}));
        assert_eq!((&data["cpu_percent"], &data["session"]), (&json!(null), &json!(null)));
    }
    let mut first = stateful();
    first.session.as_mut().unwrap().requests = 1;
    let text = first.text("requestTiming", json!({}));
    assert!(text.ends_with("- Average Response Time: n/a"), "{text}");
}

#[test]
fn ratings_end_where_they_say() {
    for (took, shown) in [
        (0, "🟢 Excellent (<50ms)"),
        (49_999, "🟢 Excellent (<50ms)"),
        (50_000, "🟡 Good (<100ms)"),
        (100_000, "🟠 Acceptable (<500ms)"),
        (500_000, "🔴 Slow (≥500ms)"),
        (86_400_000_000, "🔴 Slow (≥500ms)"),
    ] {
        let Rating { mark, word, range, .. } = rating(Duration::from_micros(took));
        assert_eq!(format!("{mark} {word} ({range})"), shown);
    }
}

#[test]
fn the_data_says_what_the_text_says() {
    let data = stateful().data("requestTiming", json!({}));
    assert_eq!(data["started"], "2024-01-01 12:00:00.123456 UTC");
    assert_eq!(data["duration_ms"], 22.222);
    assert_eq!(data["rating"], "Excellent");
    assert_eq!(data["memory_used_bytes"], 256 << 20);
    assert_eq!(data["load_average"], json!([0.15, 0.2, 0.18]));
    assert_eq!(data["session"], json!({"age_seconds": 330, "requests": 42, "average_ms": 18.7}));
}
