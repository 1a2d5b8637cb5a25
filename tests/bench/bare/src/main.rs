//! Reads each request to its end and answers with the same bytes: what is left of a server on
//! hyper once everything that pontoon does has been taken away. It is what pontoon's speed is
//! compared with, in the same run on the same machine.
//!
//! `pontoon-bare THREADS BYTES` listens on a free port of 127.0.0.1, says so on standard error as
//! pontoon does with `--log-format json`, and answers every request with a JSON-RPC result of
//! BYTES bytes.

use std::convert::Infallible;
use std::error::Error;
use std::{env, io};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = env::args().skip(1).map(|argument| argument.parse());
    let (Some(threads), Some(bytes)) = (numbers.next(), numbers.next()) else {
        return Err("usage: pontoon-bare THREADS BYTES".into());
    };
    let answer = answer(bytes?);
    let runtime = Builder::new_multi_thread().worker_threads(threads?).enable_io().build()?;
    // A worker accepts, as in any server on tokio; the main thread only waits.
    runtime.block_on(async { tokio::spawn(serve(answer)).await })??;
    Ok(())
}

/// A JSON-RPC result of so many bytes, or of the least that is one.
fn answer(bytes: usize) -> Bytes {
    let (start, end) = (r#"{"jsonrpc":"2.0","id":1000000000,"result":{"text":""#, r#""}}"#);
    let text = "x".repeat(bytes.saturating_sub(start.len() + end.len()));
    format!("{start}{text}{end}").into()
}

async fn serve(answer: Bytes) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    eprintln!(r#"{{"event":"listening","url":"http://{address}/mcp"}}"#);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer = answer.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| respond(request, answer.clone()));
            // A connection that breaks off is no concern of the others.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn respond(
    request: Request<Incoming>,
    answer: Bytes,
) -> Result<Response<Full<Bytes>>, Infallible> {
    // A body that breaks off takes the connection, and so this answer, with it.
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Full::new(answer));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
