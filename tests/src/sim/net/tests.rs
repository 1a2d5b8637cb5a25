use super::*;
use crate::sim::Faults;

/// Returns both ends of a connection: the client's, blocking, and the server's.
fn connection(world: &Arc<World>) -> (Stream, Socket) {
    let (port, listener) = world.listen();
    let client = Stream::connect(world, port, None).unwrap();
    let Ok(server) = driver::Listener::accept_arrived(&mut &*listener) else {
        panic!("no connection");
    };
    (client, server)
}

const PATIENCE: Duration = Duration::from_secs(1);

#[test]
fn who_closes_with_bytes_unread_resets() {
    let world = World::enter(1, Faults::None);
    for (unread, expected) in [(&b""[..], Ok(0)), (b"unread", Err(ErrorKind::ConnectionReset))] {
        let (mut client, server) = connection(&world);
        client.write_all(unread, PATIENCE).unwrap();
        drop(server);
        let read = client.read(&mut [0; 10], PATIENCE).map_err(|error| error.kind());
        assert_eq!(read, expected);
    }
}

#[test]
fn connections_need_a_listener() {
    let world = World::enter(1, Faults::None);
    let (port, listener) = world.listen();
    let mut waiting = Stream::connect(&world, port, None).unwrap();
    world.unlisten(port);
    drop(listener);
    let read = waiting.read(&mut [0; 10], PATIENCE).map_err(|error| error.kind());
    assert_eq!(read, Err(ErrorKind::ConnectionReset), "who was not accepted");
    let refused = Stream::connect(&world, port, None).map_err(|error| error.kind());
    assert_eq!(refused.err(), Some(ErrorKind::ConnectionRefused));
}

#[test]
fn patience_is_virtual() {
    let world = World::enter(1, Faults::None);
    let (mut client, _server) = connection(&world);
    let before = world.now();
    let read = client.read(&mut [0; 10], PATIENCE).map_err(|error| error.kind());
    assert_eq!(read, Err(ErrorKind::TimedOut));
    let written = client.write_all(&vec![0; BUFFER_BYTES + 1], PATIENCE);
    assert_eq!(written.map_err(|error| error.kind()), Err(ErrorKind::TimedOut));
    assert_eq!(world.now().since(before), 2 * PATIENCE);
}
