use std::net::TcpStream;
use std::time::Duration;

use super::*;

fn addrs(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn ports(bound: &Bound) -> Vec<u16> {
    bound.listeners.iter().map(|it| it.local_addr().unwrap().port()).collect()
}

#[test]
fn a_burst_of_connections_does_not_wait_to_be_accepted() {
    let listeners = bind("127.0.0.1", 0, &mut Vec::new()).unwrap();
    let addr = listeners[0].local_addr().unwrap();
    // Nothing is accepted. A connection beyond the backlog would be retried after a second.
    let burst = (0..300).map(|_| TcpStream::connect_timeout(&addr, Duration::from_millis(900)));
    let connected: Vec<_> = burst.map_while(Result::ok).collect();
    assert_eq!(connected.len(), 300);
}

#[test]
fn a_name_with_several_addresses_gets_one_port() {
    // All of 127.0.0.0/8 is loopback.
    let bound = bind_all(&addrs(&["127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"])).unwrap();
    let ports = ports(&bound);
    assert_ne!(ports[0], 0);
    assert_eq!(ports, [ports[0]; 3]);
    assert!(bound.unavailable.is_empty());
}

#[test]
fn an_address_that_this_machine_lacks_is_left_out() {
    // 203.0.113.0/24 is for documentation: no machine has it (RFC 5737).
    let bound = bind_all(&addrs(&["203.0.113.1:0", "127.0.0.1:0"])).unwrap();
    assert_eq!(bound.listeners.len(), 1);
    assert_eq!(bound.unavailable[0].0.ip().to_string(), "203.0.113.1");

    let (addr, error) = bind_all(&addrs(&["203.0.113.1:0", "203.0.113.2:0"])).unwrap_err();
    assert_eq!(addr.ip().to_string(), "203.0.113.1");
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
}

#[test]
fn an_address_for_admin_that_other_machines_reach_is_warned_of() {
    for (host, count) in [("127.0.0.1", 0), ("localhost", 0), ("0.0.0.0", 1)] {
        let mut notices = Vec::new();
        let admin = Listen { host: host.to_owned(), port: 0 };
        let bound = bind_admin(&admin, &mut notices).unwrap();
        assert!(!bound.is_empty());
        let warnings = notices.iter().filter(|notice| notice.name == "admin_exposed");
        assert_eq!(warnings.count(), count, "{host}");
    }
}

#[test]
fn a_notice_names_the_option_of_its_address() {
    let (mut notices, both) = (Vec::new(), addrs(&["203.0.113.1:0", "127.0.0.1:0"]));
    let message = "cannot listen on one of the addresses of --admin";
    bind_to(&both, message, "both", &mut notices).unwrap();
    assert_eq!((notices.len(), notices[0].message), (1, message));
    assert_eq!(notices[0].fields[0].1, "203.0.113.1:0");
}

#[test]
fn a_port_that_is_taken_on_one_address_is_an_error() {
    let taken = TcpListener::bind("127.0.0.2:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let both = addrs(&[&format!("127.0.0.1:{port}"), &format!("127.0.0.2:{port}")]);
    let (addr, error) = bind_all(&both).unwrap_err();
    assert_eq!((addr, error.kind()), (both[1], ErrorKind::AddrInUse));
}

#[test]
fn localhost_has_both_addresses_of_loopback() {
    let both = addrs(&["127.0.0.1:80", "[::1]:80"]);
    assert_eq!(resolve("localhost", 80).unwrap(), both);
    assert_eq!(resolve("LocalHost", 80).unwrap(), both);
    assert_eq!(resolve("::1", 80).unwrap(), both[1..]);
}
