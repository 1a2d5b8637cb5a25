use pontoon_core::{Counters, ProcessStats};

use super::*;

fn facts() -> HostStats {
    HostStats {
        process: ProcessStats { memory: Some(5), ..ProcessStats::default() },
        counters: Counters { requests: 7, errors: 2, ..Counters::default() },
        ..HostStats::default()
    }
}

fn health(facts: &HostStats) -> Health<'_> {
    Health {
        stopping: false,
        sessions: false,
        uptime: Duration::from_micros(1_500_900),
        unix_time: Duration::from_millis(2500),
        facts,
    }
}

#[test]
fn health_reports_the_time_and_the_memory() {
    let catalog = Catalog { version: "0.2.0", ..Catalog::default() };
    assert_eq!(
        report(&catalog, &health(&facts())),
        json!({
            "status": "healthy",
            "timestamp": "1970-01-01T00:00:02.500Z",
            "pattern": "stateless",
            "uptime": 1.5,
            "memory": { "rss": 5 },
            "version": "0.2.0",
        })
    );
}

#[test]
fn detailed_health_reports_the_machine_and_the_counters() {
    let details = detailed_report(&Catalog::default(), &health(&facts()));
    assert_eq!(details["system"]["memory"]["total"], json!(null));
    assert_eq!(details["application"]["requests"], 7);
    assert_eq!(details["application"]["errors"], 2);
    assert_eq!(details["characteristics"]["pattern"], "stateless");
}
