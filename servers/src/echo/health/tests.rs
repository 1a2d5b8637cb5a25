use serde_json::json;

use super::*;
use crate::echo::tests::rig::{Stage, stateful, stateless};

#[test]
fn the_stateless_layout_is_the_documented_one() {
    assert_eq!(
        stateless().text("healthProbe", json!({})),
        "\
🏥 System Health Report

✅ Overall Status: HEALTHY

🔋 Resource Usage:
  CPU: 12.5% (healthy)
  Memory: 256MB / 1024MB (healthy)
  Disk: 45% used (healthy)
  Network: Active connections: 23

🌡️ Service Health:
  HTTP Server: ✅ Running
  Event Loop: ✅ Responsive
  Database: ⚠️ Not configured
  Redis: ⚠️ Not configured

📊 Performance Metrics:
  Average Response Time: 18.5ms
  Request Rate: 120 req/min
  Error Rate: 0.1%
  Uptime: 1h 23m 45s (this process)

🔍 Diagnostic Summary:
  All measurements are normal
  No critical problems
  Response times are normal"
    );
}

#[test]
fn there_is_no_rate_in_the_first_minute() {
    let text = |mut stage: Stage, uptime: u64| {
        stage.facts.process.uptime = Duration::from_millis(uptime);
        stage.text("healthProbe", json!({}))
    };
    assert!(text(stateless(), 59_999).contains("Request Rate: n/a\n"));
    assert!(!text(stateless(), 60_000).contains("Request Rate: n/a\n"));
    assert!(text(stateful(), 59_999).contains("Session Creation Rate: n/a\n"));
    assert!(!text(stateful(), 60_000).contains("Session Creation Rate: n/a\n"));
}

#[test]
fn the_stateful_layout_is_the_documented_one() {
    let mut stage = stateful();
    stage.facts.process.uptime = Duration::from_secs(127 * 120);
    assert_eq!(
        stage.text("healthProbe", json!({})),
        "\
🏥 System Health Report

✅ Overall Status: HEALTHY

📊 Session Statistics:
- Active Sessions: 5
- Total Sessions Created: 127
- Sessions Expired: 122
- Cleanup Run Count: 61
- Last Cleanup: 45s ago

💾 Memory Status:
- Process Memory: 256MB
- Session Storage: 12KB
- Message Queues: 8KB

⚡ Performance:
- Average Session Lifetime: 12m 30s
- Session Creation Rate: 0.5/min
- Message Queue Depth: 3.2 avg"
    );
}

#[test]
fn what_cannot_be_known_is_not_made_up() {
    let mut stage = stateless();
    stage.facts = HostStats::default();
    stage.http = None;
    let text = stage.text("healthProbe", json!({}));
    assert!(
        text.contains(
            "\
🔋 Resource Usage:
  CPU: n/a
  Memory: n/a
  Disk: n/a
  Network: Active connections: n/a

🌡️ Service Health:
  HTTP Server: ⚠️ Not in use (stdio)
"
        ),
        "{text}"
    );
    assert!(text.contains("Average Response Time: n/a\n  Request Rate: n/a\n  Error Rate: n/a\n"));
    assert!(
        text.ends_with("No request has been answered yet, so nothing is known of the performance"),
        "{text}"
    );
    let mut stage = stateful();
    stage.facts = HostStats::default();
    let text = stage.text("healthProbe", json!({}));
    assert!(text.contains("- Last Cleanup: n/a\n"), "{text}");
    assert!(text.contains("- Session Storage: n/a\n- Message Queues: 0B\n"), "{text}");
    assert!(
        text.ends_with(": n/a\n- Session Creation Rate: n/a\n- Message Queue Depth: n/a"),
        "{text}"
    );
}

#[test]
fn the_status_follows_what_was_measured() {
    for (memory_left, disk_left, cpu, took_ms, status, pressure) in [
        (500, 500, 0.5, 1, "HEALTHY", json!([])),
        (100, 500, 0.5, 1, "DEGRADED", json!(["memory"])),
        (30, 500, 0.5, 1, "UNHEALTHY", json!(["memory"])),
        (500, 100, 0.5, 1, "DEGRADED", json!(["disk"])),
        (500, 20, 1.0, 1, "UNHEALTHY", json!(["CPU", "disk"])),
        (500, 500, 1.0, 1, "DEGRADED", json!(["CPU"])),
        (500, 500, 0.5, 300, "DEGRADED", json!(["event loop"])),
    ] {
        let mut stage = stateless();
        let system = &mut stage.facts.system;
        (system.memory_total, system.memory_available) = (Some(1000), Some(memory_left));
        (system.disk_total, system.disk_available) = (Some(1000), Some(disk_left));
        system.cpu = Some(cpu);
        stage.took = Duration::from_millis(took_ms);
        let data = stage.data("healthProbe", json!({}));
        assert_eq!((&data["status"], &data["under_pressure"]), (&json!(status), &pressure));
    }
}

#[test]
fn a_report_of_trouble_says_what_it_is() {
    let mut stage = stateless();
    stage.facts.system.disk_available = Some(5);
    stage.facts.system.cpu = Some(0.99);
    stage.took = Duration::from_millis(300);
    stage.facts.counters.took = Duration::from_secs(10_050);
    let text = stage.text("healthProbe", json!({}));
    for line in [
        "❌ Overall Status: UNHEALTHY (CPU, disk, event loop)\n",
        "  CPU: 99.0% (degraded)\n",
        "  Disk: 100% used (unhealthy)\n",
        "  Event Loop: ⚠️ Slow (300ms)\n",
        "  High load: CPU, disk, event loop\n  Critical problems\n",
        "  Requests are answered slowly",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn the_stateful_report_says_what_is_wrong_too() {
    let mut stage = stateful();
    stage.facts.system.cpu = Some(0.99);
    let text = stage.text("healthProbe", json!({}));
    assert!(text.contains("\n⚠️ Overall Status: DEGRADED (CPU)\n"), "{text}");
}
