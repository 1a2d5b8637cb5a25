//! Requests of health checkers, load balancers and gateways, which are correct HTTP and not written
//! by an MCP client.
//!
//! RFC 9110 sections 5.5 and 7.2; RFC 9112 sections 2.2, 3.2 and 7.1.1.

use crate::Target;
use crate::wait::{eventually, seconds};
use crate::wire::{Request, Wire};

cases! { $ gateways:
    health_checks_of_the_machine
    refused_hosts_and_origins_in_the_log
}

pub fn health_checks_of_the_machine(target: &Target) {
    let pontoon = target.proxy().start();
    let answer = |bytes: String| {
        let mut wire = Wire::connect(pontoon.addr);
        wire.send(bytes);
        wire.response()
    };
    for path in ["/livez", "/readyz", "/health", "/metrics"] {
        for host in ["10.244.0.5:3000", "10.244.0.5", "[fd00::5]:3000", "0.0.0.0:3000"] {
            let get = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            answer(get).expect(200, &format!("{path} of {host}"));
        }
    }
    // Without a host, as HAProxy's `option httpchk` asks.
    for (line, status) in [
        ("GET /livez", " 200 OK\r\n"),
        ("GET /readyz", " 200 OK\r\n"),
        ("HEAD /health", " 200 OK\r\n"),
        ("GET /metrics", " 400 Bad Request\r\n"),
        ("GET /mcp", " 400 Bad Request\r\n"),
        ("POST /mcp", " 400 Bad Request\r\n"),
        ("GET /nothing/is/here", " 400 Bad Request\r\n"),
    ] {
        let mut wire = Wire::connect(pontoon.addr);
        wire.send(format!("{line} HTTP/1.0\r\n\r\n"));
        let answer = String::from_utf8(wire.until_closed(seconds(10))).unwrap();
        assert_eq!(answer.get(8..8 + status.len()), Some(status), "{line}: {answer}");
    }
    answer("GET /livez HTTP/1.1\r\n\r\n".into()).expect(400, "HTTP/1.1 without Host");
}

pub fn refused_hosts_and_origins_in_the_log(target: &Target) {
    let pontoon = target.proxy().start();
    let get = |name: &str, value: &str| {
        Request::new("GET", "/livez").with(name, value).send(pontoon.addr).expect(403, value);
    };
    for _ in 0..3 {
        get("Host", "mcp.example.com:8443");
        get("Origin", "https://app.example.com");
    }
    get("Origin", "null");
    let logged = || pontoon.log_events("refused");
    eventually("all are logged", seconds(10), || logged().len() >= 3);
    let logged = logged();
    let shown: Vec<_> = logged
        .iter()
        .map(|event| {
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            assert_eq!(event["level"], "warning", "{event}");
            [text("host") + &text("origin"), text("allowed_by")]
        })
        .collect();
    let expected = [
        ["mcp.example.com", "--allow-host mcp.example.com"],
        ["https://app.example.com", "--allow-origin https://app.example.com"],
        ["null", ""],
    ];
    assert_eq!(shown, expected, "once for each value");
}
