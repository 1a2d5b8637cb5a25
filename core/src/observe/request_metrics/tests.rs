use super::*;
use crate::host_stats::ProcessStats;
use crate::native::tests::Fixture;
use crate::observe::{Gauges, Metrics, Process};
use crate::server::Server;

const NOW: Instant = Instant::ZERO;

fn tally() -> RequestMetrics {
    RequestMetrics::new(["echo", "ping"].into_iter())
}

fn render(tally: &RequestMetrics) -> String {
    let process = ProcessStats { memory: Some(7), ..ProcessStats::default() };
    let requests = RequestStats { sessions: false, tally, active: 2 };
    let process = Process { facts: &process, started: Duration::from_secs(1_700_000_000) };
    let mut own = MetricsText::default();
    Fixture::new().write_metrics(&requests, &mut own);
    let mut text = MetricsText::default();
    let native = Some((requests, own));
    Metrics::default().render(&mut text, &Gauges::default(), Some(&process), native);
    text.finish()
}

#[test]
fn a_name_that_a_client_chose_makes_no_series() {
    let tally = tally();
    let other = tally.series("tools/call", None);
    assert_eq!(tally.series("tools/call", Some(b"evil\"} 1")), other);
    assert_ne!(tally.series("tools/call", Some(b"echo")), other);
    assert_eq!(tally.series("echo", Some(b"echo")), tally.series("anything", None));
    // A prompt may have the name of a tool.
    assert_eq!(tally.series("prompts/get", Some(b"echo")), tally.series("prompts/get", None));
}

#[test]
fn every_request_is_in_the_totals_and_under_its_labels() {
    let tally = tally();
    tally.answered(tally.series("tools/call", Some(b"echo")), true, Duration::from_millis(15), NOW);
    tally.answered(tally.series("tools/call", Some(b"echo")), false, Duration::from_millis(5), NOW);
    tally.answered(tally.series("ping", None), true, Duration::from_millis(1), NOW);
    assert_eq!(tally.totals(), (3, 1, Duration::from_millis(21)));
    let text = render(&tally);
    for line in [
        "fixture_requests_total{method=\"tools/call\",tool=\"echo\"} 2\n",
        "fixture_requests_total{method=\"ping\"} 1\n",
        "fixture_active_requests 2\n",
        "mcp_server_operation_duration_seconds_sum{mcp_method_name=\"tools/call\",gen_ai_tool_name=\"echo\"} 0.015\n",
        "mcp_server_operation_duration_seconds_bucket{mcp_method_name=\"tools/call\",gen_ai_tool_name=\"echo\",error_type=\"error\",le=\"0.005\"} 1\n",
        "mcp_server_operation_duration_seconds_count{mcp_method_name=\"tools/call\",gen_ai_tool_name=\"echo\"} 1\n",
        "mcp_server_operation_duration_seconds_count{mcp_method_name=\"tools/call\",gen_ai_tool_name=\"echo\",error_type=\"error\"} 1\n",
        "process_resident_memory_bytes 7\n",
        "process_start_time_seconds 1700000000\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(!text.contains("process_open_fds"), "what is not known is left out");
    assert!(!text.contains("pontoon_children"), "there are none");
}

#[test]
fn every_sample_belongs_to_a_family_that_was_announced() {
    let tally = tally();
    tally.answered(tally.series("ping", None), true, Duration::ZERO, NOW);
    let mut family = String::new();
    for line in render(&tally).lines() {
        match line.strip_prefix("# TYPE ") {
            Some(announced) => family = announced.split(' ').next().unwrap().to_owned(),
            None if line.starts_with('#') => {}
            None => assert!(line.starts_with(&family), "{line} under {family}"),
        }
    }
}
