use std::net::TcpStream;
use std::time::Duration;

use super::*;

#[test]
fn a_burst_of_connections_does_not_wait_to_be_accepted() {
    let listener = bind("127.0.0.1", 0).unwrap();
    let addr = listener.local_addr().unwrap();
    // Nothing is accepted. A connection beyond the backlog would be retried after a second.
    let burst = (0..300).map(|_| TcpStream::connect_timeout(&addr, Duration::from_millis(900)));
    let connected: Vec<_> = burst.map_while(Result::ok).collect();
    assert_eq!(connected.len(), 300);
}
