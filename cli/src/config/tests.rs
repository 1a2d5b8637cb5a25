use std::time::Duration;

use pontoon_core::{ClientLimits, Rate};

use super::*;
use crate::args::Verb;
use crate::parse;
use crate::variables::Variables;

fn config(words: &[&str]) -> Config {
    let words = ["pontoon", "proxy"].iter().chain(words).map(Into::into);
    let verb = parse::parse(words, &Variables::default()).unwrap();
    let Verb::Proxy(args) = verb else { panic!("not a proxy") };
    proxy(&args, ChildSpec { program: "x".into(), args: vec![], env: None, cwd: None })
}

#[test]
fn a_flag_reaches_the_limit_it_is_for() {
    let limits = config(&[
        "--timeout=1",
        "--request-timeout=2",
        "--startup-timeout=3",
        "--max-sessions=4",
        "--max-body=5k",
        "--max-connections=8",
        "--max-memory=15m",
        "--max-line=16k",
        "--read-buffer=6k",
        "--write-buffer=7k",
        "--head-timeout=9",
        "--body-timeout=10",
        "--write-timeout=11",
        "--idle-timeout=12",
        "--keep-alive=13",
        "--drain-timeout=14",
        "--stop-delay=15",
    ])
    .limits;
    let wanted = Limits {
        session_idle_max: Duration::from_secs(1),
        request_time_max: Duration::from_secs(2),
        startup_time_max: Duration::from_secs(3),
        first_startup_time_max: Duration::from_secs(3),
        sessions_max: 4,
        body_bytes_max: 5 * 1024,
        connections_max: 8,
        memory_bytes_max: 15 * 1024 * 1024,
        line_bytes_max: 16 * 1024,
        pipe_read_bytes: 6 * 1024,
        pipe_write_bytes: 7 * 1024,
        head_time_max: Duration::from_secs(9),
        body_time_max: Duration::from_secs(10),
        write_time_max: Duration::from_secs(11),
        idle_time_max: Duration::from_secs(12),
        keep_alive_period: Duration::from_secs(13),
        drain_time_max: Duration::from_secs(14),
        stop_delay: Duration::from_secs(15),
        ..Limits::default()
    };
    assert_eq!(limits, wanted);
    assert_eq!(config(&[]).limits, Limits::default());
}

#[test]
fn a_flag_reaches_the_limit_for_each_client() {
    let of = |words: &[&str]| config(words).client_limits;
    assert!(of(&[]).is_empty());
    let limits = of(&[
        "--requests-per-second=16",
        "--burst=17",
        "--concurrent-requests=18",
        "--sessions-per-client=19",
    ]);
    let wanted = ClientLimits {
        rate: Some(Rate::Steady { per_second: 16, burst: 17 }),
        requests_max: Some(18),
        sessions_max: Some(19),
    };
    assert_eq!(limits, wanted);
    assert_eq!(of(&["--requests-per-second=2"]).rate, Some(Rate::steady(2, None)));
}

#[test]
fn http_sse_is_there_for_the_asking() {
    assert!(config(&["--sse"]).sse && !config(&[]).sse);
}

#[test]
fn a_long_request_timeout_is_not_cut_short_by_the_total() {
    let limits = config(&["--request-timeout=60m"]).limits;
    assert_eq!(limits.request_total_max, Duration::from_secs(3600));
}

#[test]
fn an_address_of_its_own_is_an_allowed_host() {
    let cases: [(&[&str], &[&str]); 8] = [
        (&[], &[]),
        (&["--host", "localhost"], &["localhost"]),
        (&["--host", "::1"], &[]),
        (&["--host", "0.0.0.0"], &[]),
        (&["--host", "::"], &[]),
        (&["--host", "10.0.0.5"], &["10.0.0.5"]),
        (&["--host", "2001:db8::5"], &["[2001:db8::5]"]),
        (&["--host", "Box.lan", "--allow-host", "mcp.example"], &["mcp.example", "box.lan"]),
    ];
    for (words, hosts) in cases {
        assert_eq!(config(words).hosts, hosts, "{words:?}");
    }
}
