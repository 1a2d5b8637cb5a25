//! The hyper service, for any runtime.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};

use crate::answer::Answer;

/// Serves a connection until it ends.
pub(crate) async fn converse(io: impl Read + Write + Unpin, answer: Answer) {
    let service = service_fn(|request| respond(request, &answer));
    // A broken connection does not affect the others.
    let _ = http1::Builder::new().serve_connection(io, service).await;
}

async fn respond(
    request: Request<Incoming>,
    answer: &Answer,
) -> Result<Response<Full<Bytes>>, Infallible> {
    // An incomplete body ends the connection, and this answer with it.
    let body =
        request.into_body().collect().await.map_or_else(|_| Bytes::new(), Collected::to_bytes);
    let mut response = Response::new(Full::new(answer.to(&body)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
