use super::*;
use crate::host_stats::Counters;

#[test]
fn a_report_counts_sessions_where_there_are_some() {
    let facts = HostStats {
        counters: Counters { sessions: 3, ..Counters::default() },
        ..HostStats::default()
    };
    let health = Health {
        stopping: false,
        sessions: true,
        uptime: Duration::from_millis(61_500),
        unix_time: Duration::ZERO,
        facts: &facts,
    };
    let catalog = Catalog { version: "0.2.0", ..Catalog::default() };
    assert_eq!(
        health.report(&catalog),
        json!({ "status": "healthy", "uptime": 61, "version": "0.2.0", "sessions": 3 })
    );
    let health = Health { stopping: true, sessions: false, ..health };
    assert_eq!(
        health.report(&catalog),
        json!({ "status": "stopping", "uptime": 61, "version": "0.2.0" })
    );
}
