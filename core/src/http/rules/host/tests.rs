use proptest::prelude::*;

use super::*;

fn check(listed: &[&str], values: &[&[u8]]) -> Result<(), Reject> {
    let listed: Vec<String> = listed.iter().map(|entry| entry.to_string()).collect();
    Hosts::new(&listed).check(values.iter().copied())
}

fn check_one(listed: &[&str], host: &str) -> Result<(), Reject> {
    check(listed, &[host.as_bytes()])
}

const ALLOWED: Result<(), Reject> = Ok(());
const FORBIDDEN: Result<(), Reject> = Err(Reject::ForbiddenHost);
const BAD: Result<(), Reject> = Err(Reject::BadHost);

#[test]
fn loopback_and_addresses_need_no_listing() {
    #[rustfmt::skip]
    let table = [
        ("localhost", ALLOWED),
        ("LocalHost:3000", ALLOWED),
        ("localhost:", ALLOWED),
        ("127.0.0.1", ALLOWED),
        ("127.0.0.1:65535", ALLOWED),
        ("127.255.255.254:1", ALLOWED),
        ("[::1]", ALLOWED),
        ("[::1]:3000", ALLOWED),
        ("[0:0:0:0:0:0:0:1]:3000", ALLOWED),
        // Addresses: DNS cannot change where they lead.
        ("10.244.0.5:3000", ALLOWED),
        ("128.0.0.1", ALLOWED),
        ("0.0.0.0:3000", ALLOWED),
        ("[::]:3000", ALLOWED),
        ("[fe80::1]:3000", ALLOWED),
        ("[::ffff:127.0.0.1]", ALLOWED),
        // DNS rebinding, and names that resemble loopback.
        ("evil.example", FORBIDDEN),
        ("localhost.evil.example", FORBIDDEN),
        ("evil.localhost", FORBIDDEN),
        ("localhost.", FORBIDDEN),
        ("127.0.0.1.evil.example", FORBIDDEN),
        ("127.0.0.1.", FORBIDDEN),
        ("xlocalhost", FORBIDDEN),
        // Notations of loopback that only some programs understand; others ask DNS for them.
        ("127.1", FORBIDDEN),
        ("2130706433", FORBIDDEN),
        ("0x7f.0.0.1", FORBIDDEN),
        ("0177.0.0.1", FORBIDDEN),
        ("127.0.0.01", FORBIDDEN),
    ];
    for (host, expected) in table {
        assert_eq!(check_one(&[], host), expected, "{host}");
    }
}

#[test]
fn what_is_no_host_is_refused_as_such() {
    for host in [
        "",
        ":80",
        " localhost",
        "localhost ",
        "user@localhost",
        "localhost@evil.example",
        "localhost/",
        "localhost:99999",
        "localhost:+80",
        "localhost:-1",
        "localhost:8o",
        "localhost:80:80",
        "http://localhost",
        "localhost,localhost",
        "local%68ost",
        "::1",
        "[::1",
        "[::1]x",
        "[::1]80",
        "[localhost]",
        "[::1%25lo]",
        "[127.0.0.1]",
        "*",
        "ｌocalhost",
    ] {
        assert_eq!(check_one(&["*"], host), BAD, "{host:?}");
    }
    assert_eq!(check(&["*"], &[b"localhost\xff"]), BAD);
    assert_eq!(check_one(&["*"], &"a".repeat(254)), BAD);
}

#[test]
fn there_is_exactly_one_host() {
    assert_eq!(check(&["*"], &[]), BAD);
    assert_eq!(check(&["*"], &[b"localhost", b"localhost"]), BAD);
    assert_eq!(check(&[], &[b"localhost", b"evil.example"]), BAD);
}

#[test]
fn listed_hosts_are_allowed_with_any_port() {
    let listed = ["mcp.Example.com", "10.0.0.1", "[fe80::1]", "fd00::2"];
    for host in [
        "mcp.example.com",
        "MCP.EXAMPLE.COM:8443",
        "10.0.0.1:80",
        "[fe80:0::1]:80",
        "[fd00::2]",
        "0.0.0.0:3000",
        "localhost",
    ] {
        assert_eq!(check_one(&listed, host), ALLOWED, "{host}");
    }
    for host in ["example.com", "x.mcp.example.com", "mcp.example.com.evil"] {
        assert_eq!(check_one(&listed, host), FORBIDDEN, "{host}");
    }
}

#[test]
fn a_star_allows_every_host() {
    for host in ["evil.example", "0.0.0.0:1", "[::2]:80", "localhost"] {
        assert_eq!(check_one(&["*"], host), ALLOWED, "{host}");
    }
}

#[test]
fn an_entry_that_is_no_host_allows_nothing() {
    for entry in ["", "*.example.com", "example.com:80", "https://example.com", "a b", "[::1"] {
        assert!(!Hosts::understands(entry), "{entry:?}");
    }
    for entry in ["*", "example.com", "::1", "[::1]", "10.0.0.1"] {
        assert!(Hosts::understands(entry), "{entry:?}");
    }
    assert_eq!(check_one(&["*.example.com"], "a.example.com"), FORBIDDEN);
}

proptest! {
    #[test]
    fn nothing_panics(value in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = check(&["example.com"], &[&value]);
    }

    #[test]
    fn no_name_is_allowed_by_what_surrounds_it(
        before in "[a-z0-9.-]{0,8}", after in "[a-z0-9.-]{0,8}",
        name in prop::sample::select(vec!["localhost", "127.0.0.1"]),
    ) {
        let host = format!("{before}{name}{after}");
        // More digits make another address, or none.
        let allowed = host == "localhost" || host.parse::<Ipv4Addr>().is_ok();
        prop_assert_eq!(check_one(&[], &host).is_ok(), allowed);
    }
}

#[test]
fn a_value_without_its_port_is_an_entry() {
    for (value, entry) in [
        ("evil.example:3000", "evil.example"),
        ("evil.example", "evil.example"),
        ("[::1]:80", "[::1]"),
        ("[::1]", "[::1]"),
        ("10.0.0.1", "10.0.0.1"),
        ("", ""),
    ] {
        assert_eq!(without_port(value.as_bytes()), entry.as_bytes(), "{value}");
    }
}
