use std::io::{Read, Write};

use super::*;
use crate::head::Head;

/// Opens a link for a request with this head, with a taker that answers by the request's target.
fn ask(library: &Arc<Library>, head: &str) -> String {
    let hire = || {
        let library = library.clone();
        thread::spawn(move || {
            library.take_all(|request, link| {
                let answer = format!("{} {}", link.number, request.url());
                request.into_writer().write_all(answer.as_bytes()).unwrap();
            });
        });
        Ok(())
    };
    let link = library.link(false, None, Box::default(), hire).unwrap();
    let bytes = Head::adapt(head.as_bytes()).into_bytes(link.number);
    let mut stream = link.stream();
    stream.set_nonblocking(false).unwrap();
    stream.write_all(&bytes).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    library.unlink(&link);
    answer
}

#[test]
fn nobody_gets_the_request_of_another_by_naming_a_link() {
    let library = Arc::new(Library::open().unwrap());
    assert_eq!(ask(&library, "GET /a HTTP/1.1\r\npontoon-link: 7\r\n\r\n"), "1 /a");
    assert_eq!(ask(&library, "GET /b HTTP/1.1\r\nPontoon-Link: 1\r\n\r\n"), "2 /b");
    library.close();
}

#[test]
fn a_library_that_has_stopped_listening_is_replaced() {
    let library = Arc::new(Library::open().unwrap());
    assert_eq!(ask(&library, "GET /a HTTP/1.1\r\n\r\n"), "1 /a");
    // As after an accept that has failed: the way is there, and nobody listens.
    let (listener, door) = Door::open().unwrap();
    drop(listener);
    let server = Server::from_listener(Door::open().unwrap().0, None).unwrap();
    {
        let mut state = lock(&library.state);
        let old = mem::replace(&mut state.served, Arc::new(Served { server, door }));
        (0..state.waiting).for_each(|_| old.server.unblock());
    }
    assert_eq!(ask(&library, "GET /b HTTP/1.1\r\n\r\n"), "2 /b");
    assert_eq!(lock(&library.state).renewals, 1);
    library.close();
}
