//! The state that all connections of a program share, and the handling of each.
//!
//! Never: a status, a header or a body that the core has not made.

use std::borrow::Cow;
use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, VARY};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use pontoon_core::http::{Answer as Refusal, BodyBuffer, Headers, ReplyHead, RequestHead};
use pontoon_core::{Chunk, Reject};

use crate::Surface;
use crate::admit_wait::AdmitWait;
use crate::coding;
use crate::connections::Permit;
use crate::exchange::Answer;
use crate::http::body::ReplyBody;
use crate::http::checkpoint::{Checkpoint, Due};
use crate::http::guarded::GuardedConnection;
use crate::io::{Alarm, Socket};
use crate::phase::Phase;
use crate::site::{Endpoint, Site};
use crate::tls::TlsSocket;

/// The state that all connections of a listener share.
pub struct Front {
    site: Arc<Site>,
    surface: Surface,
    http: http1::Builder,
    /// The maximum number of requests on a connection.
    requests_max: u64,
}

impl Front {
    /// Creates the state for the connections of a listener with this purpose.
    pub fn new(site: Arc<Site>, surface: Surface) -> Self {
        let limits = site.limits();
        let mut http = http1::Builder::new();
        // Without `pipeline_flush`, because with it hyper buffers any number of bytes that the peer
        // does not read.
        http.half_close(false).pipeline_flush(false).writev(true);
        http.max_headers(limits.head_lines_max);
        // A head that passes the guard fits.
        http.max_buf_size(limits.head_bytes_max.max(HTTP_BUF_BYTES_MIN));
        let requests_max = site.main().connection_requests_max();
        Front { http, requests_max, surface, site }
    }

    /// Serves one connection until it ends, is closed by its guard, or the program stops.
    pub async fn converse(&self, socket: impl Socket + Unpin, alarm: impl Alarm, permit: Permit) {
        let checkpoint = Arc::new(Checkpoint::new(self.site.limits(), self.site.clock()));
        permit.register(checkpoint.clone());
        match self.site.tls() {
            None => self.serve(socket, alarm, checkpoint).await,
            Some(tls) => {
                // It fails only on settings that every connection shares.
                if let Ok(socket) = TlsSocket::new(socket, tls, self.site.clone()) {
                    self.serve(socket, alarm, checkpoint).await;
                }
            }
        }
    }

    async fn serve(
        &self,
        socket: impl Socket + Unpin,
        mut alarm: impl Alarm,
        checkpoint: Arc<Checkpoint>,
    ) {
        let peer = socket.peer();
        let io = GuardedConnection::new(socket, checkpoint.clone());
        let requests = AtomicU64::new(0);
        let service = service_fn(|request| {
            let is_last = self.requests_max <= requests.fetch_add(1, Ordering::Relaxed) + 1;
            self.exchange(request, peer, is_last, checkpoint.clone())
        });
        let mut connection = pin!(self.http.serve_connection(io, service));
        let mut phase = self.site.phase();
        loop {
            let mut later = pin!(self.site.phase_after(phase));
            let later = poll_fn(|cx| {
                loop {
                    if connection.as_mut().poll(cx).is_ready() {
                        return Poll::Ready(None);
                    }
                    match checkpoint.poll_due(cx, &mut alarm, phase) {
                        Poll::Ready(Due::Poll) => {}
                        Poll::Ready(Due::Close) => return Poll::Ready(None),
                        Poll::Pending => return later.as_mut().poll(cx).map(Some),
                    }
                }
            });
            match later.await {
                Some(later) => phase = later,
                None => break,
            }
        }
        let main = self.site.main();
        let refusal = checkpoint.refusal(&main.rules).and_then(|refusal| refusal.report());
        refusal.into_iter().for_each(|refusal| main.refused(refusal));
    }

    /// Answers one request.
    ///
    /// # Errors
    ///
    /// The request cannot be answered, and the connection closes.
    async fn exchange(
        &self,
        request: Request<Incoming>,
        peer: Option<IpAddr>,
        is_last: bool,
        checkpoint: Arc<Checkpoint>,
    ) -> io::Result<Response<ReplyBody>> {
        let arrived = self.site.shared.clock.now();
        if let Some(refusal) = checkpoint.refusal(&self.site.main().rules) {
            return Ok(self.refuse(refusal, checkpoint));
        }
        let (head, body) = request.into_parts();
        let head = RequestHead {
            method: head.method.as_str(),
            target: head.uri.path_and_query().map_or("", |target| target.as_str()),
            headers: &HeaderLines(&head.headers),
            peer,
            arrived,
        };
        let mut wait = AdmitWait::default();
        let mut has_waited = false;
        let admitted = poll_fn(|cx| {
            let admitted = self.site.poll_admit(cx, self.surface, &head, &mut wait);
            if admitted.is_pending() {
                has_waited = true;
                checkpoint.pause_body();
            }
            admitted
        });
        let (endpoint, verdict) = admitted.await;
        if has_waited {
            checkpoint.restart_body();
        }
        let admission = match verdict {
            Ok(admission) => admission,
            Err(refusal) => return Ok(self.report(&endpoint, *refusal, checkpoint)),
        };
        let (cors, close, coding) = (admission.cors.clone(), admission.close, admission.coding);
        let body = if admission.expects_body() {
            match read(body, admission.body(&head)).await {
                Ok(body) => body,
                Err(Unread::Refused(reject)) => {
                    return Ok(self.report(&endpoint, Refusal::refusal(reject, cors), checkpoint));
                }
                Err(Unread::Broken(broken)) => {
                    let refusal = checkpoint.refusal(&endpoint.rules);
                    let refusal = refusal.ok_or_else(|| io::Error::other(broken))?;
                    return Ok(self.refuse(refusal, checkpoint));
                }
            }
        } else {
            Bytes::new()
        };
        let request = match admission.request(body, &head) {
            Ok(request) => request,
            Err(refusal) => return Ok(self.report(&endpoint, *refusal, checkpoint)),
        };
        let mut exchange = self.site.open(self.surface, &head, &endpoint, request);
        let (mut head, body) = match exchange.answer().await {
            Answer::Reply(mut head, body, receipt) => {
                let body = coding::encode(&mut head, coding, body, &exchange.memory().made());
                (head, ReplyBody::whole(body, receipt.then_some(exchange), checkpoint))
            }
            Answer::Begin(head) => (head, ReplyBody::stream(exchange, checkpoint)),
        };
        head.cors = cors;
        head.close |= close || is_last;
        Ok(self.respond(head, body))
    }

    fn report(
        &self,
        endpoint: &Endpoint,
        refusal: Refusal,
        checkpoint: Arc<Checkpoint>,
    ) -> Response<ReplyBody> {
        refusal.report().into_iter().for_each(|refusal| endpoint.refused(refusal));
        self.refuse(refusal, checkpoint)
    }

    fn refuse(&self, refusal: Refusal, checkpoint: Arc<Checkpoint>) -> Response<ReplyBody> {
        let body = ReplyBody::whole(Chunk::from(refusal.body), None, checkpoint);
        self.respond(refusal.head, body)
    }

    fn respond(&self, mut head: ReplyHead, body: ReplyBody) -> Response<ReplyBody> {
        // The client must not reuse this connection.
        head.close |= self.site.phase() > Phase::Serving;
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(head.status).expect("the core knows HTTP");
        head.headers(|name, value| {
            let value = match value {
                Cow::Borrowed(fixed) => Ok(HeaderValue::from_static(fixed)),
                Cow::Owned(text) => HeaderValue::try_from(text),
            };
            if let Ok(value) = value {
                response.headers_mut().append(name_of(name), value);
            }
        });
        response
    }
}

/// Returns the name of a header. Those of nearly every answer need no lookup.
fn name_of(name: &'static str) -> HeaderName {
    match name {
        "cache-control" => CACHE_CONTROL,
        "content-type" => CONTENT_TYPE,
        "vary" => VARY,
        name => HeaderName::from_static(name),
    }
}

/// The minimum that hyper accepts.
const HTTP_BUF_BYTES_MIN: usize = 8 * 1024;

struct HeaderLines<'a>(&'a HeaderMap);

impl Headers for HeaderLines<'_> {
    /// A linear search: there are few lines, and it costs less than a hash.
    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.lines().filter(move |(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Lines of the same name are adjacent.
    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
    }
}

/// The reason why the body is incomplete.
enum Unread {
    Broken(hyper::Error),
    Refused(Reject),
}

/// Copies the body of a request, because a slice would keep all of hyper's buffer alive.
async fn read(body: Incoming, mut whole: BodyBuffer) -> Result<Bytes, Unread> {
    let mut body = pin!(body);
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        if let Ok(data) = frame.map_err(Unread::Broken)?.into_data() {
            whole.push(&data).map_err(Unread::Refused)?;
        }
    }
    Ok(whole.finish())
}
