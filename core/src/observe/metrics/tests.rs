use super::*;
use crate::host_stats::{ChildrenStats, ProcessStats};

fn render(metrics: &Metrics) -> String {
    let children = ChildrenStats { memory: 4096, cpu: Duration::from_millis(1_250) };
    let facts = ProcessStats {
        memory: Some(7),
        connections: Some(3),
        children: Some(children),
        ..Default::default()
    };
    let process = Process { facts: &facts, started: Duration::ZERO };
    let mut text = MetricsText::default();
    metrics.render(&mut text, &Gauges::default(), Some(&process), None);
    text.finish()
}

#[test]
fn a_finished_request_is_in_its_bucket_and_in_every_wider_one() {
    let mut metrics = Metrics::default();
    metrics.operation("tools/call", "", Duration::from_millis(15), Instant::ZERO);
    let text = render(&metrics);
    let line = |bound: &str, count: u64| {
        format!(
            "mcp_server_operation_duration_seconds_bucket{{mcp_method_name=\"tools/call\",le=\"{bound}\"}} {count}\n"
        )
    };
    assert!(text.contains(&line("0.01", 0)), "{text}");
    assert!(text.contains(&line("0.02", 1)), "{text}");
    assert!(text.contains(&line("+Inf", 1)), "{text}");
    assert!(text.contains("_sum{mcp_method_name=\"tools/call\"} 0.015\n"), "{text}");
}

#[test]
fn every_sample_belongs_to_a_family_that_was_announced() {
    let mut metrics = Metrics::default();
    metrics.operation("ping", "timeout", Duration::ZERO, Instant::ZERO);
    metrics.session_ended(SessionEnd::Expired, Duration::from_secs(3));
    metrics.refused(Reject::ForbiddenHost);
    metrics.dropped(Dropped::Overflow);
    let text = render(&metrics);
    let mut family = "";
    for line in text.lines() {
        match line.strip_prefix("# TYPE ") {
            Some(announced) => family = announced.split(' ').next().unwrap(),
            None if line.starts_with('#') => {}
            None => assert!(line.starts_with(family), "{line} under {family}"),
        }
    }
    assert!(text.contains("pontoon_rejects_total{reason=\"forbidden_host\"} 1\n"), "{text}");
    assert!(text.contains("pontoon_sessions_ended_total{reason=\"expired\"} 1\n"), "{text}");
    assert!(text.contains("\nprocess_resident_memory_bytes 7\n"), "{text}");
    assert!(!text.contains("process_open_fds"), "what is not known is left out: {text}");
    assert!(text.contains("\npontoon_connections 3\n"), "{text}");
    assert!(text.contains("\npontoon_children_resident_memory_bytes 4096\n"), "{text}");
    assert!(text.contains("\npontoon_children_cpu_seconds_total 1.25\n"), "{text}");
}
