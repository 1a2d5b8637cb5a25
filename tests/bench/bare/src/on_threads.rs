//! tiny_http.

use std::io;
use std::net::TcpListener;
use std::thread;

use tiny_http::{Header, Request, Response, Server};

use crate::answer::Answer;

/// Serves until it is killed. This many threads answer; tiny_http has others for reading heads.
pub(crate) fn serve(listener: TcpListener, threads: usize, answer: Answer) -> io::Result<()> {
    let server = Server::from_listener(listener, None).map_err(io::Error::other)?;
    let json = Header::from_bytes("Content-Type", "application/json").expect("it is ASCII");
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| server.incoming_requests().for_each(|it| respond(it, &json, &answer)));
        }
    });
    Ok(())
}

fn respond(mut request: Request, json: &Header, answer: &Answer) {
    // A broken request does not affect the others.
    let mut body = Vec::new();
    let _ = request.as_reader().read_to_end(&mut body);
    let _ = request.respond(Response::from_data(answer.to(&body)).with_header(json.clone()));
}
