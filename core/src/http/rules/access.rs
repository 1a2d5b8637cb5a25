//! The rules about the sender of a request: its credentials, and the metadata of the resource.

use super::headers::{has_body, options};
use super::{Asked, RequestHead, Rules, Surface, path, peer_detail};
use crate::auth::{Access, Answered, Auth, Credentials, Unverified, bearer};
use crate::http::{Answer, Cors, Headers, McpHead, Request, neighbourhood};
use crate::observe::Detail;
use crate::reject::{Awaited, Reject, TokenFlaw};
use crate::time::{Duration, Instant};

impl Rules {
    /// Returns the health check at this path. Health checkers address the machine, and some speak
    /// HTTP/1.0 without `Host`.
    pub(super) fn probe(&self, path: &str) -> Option<Request> {
        let awaits_keys =
            || self.auth.as_ref().is_some_and(|auth| auth.authenticator.keys().awaits_keys());
        match path {
            "/health" => Some(Request::Health { detailed: false }),
            "/livez" => Some(Request::Live),
            "/readyz" => Some(Request::Ready { awaits_keys: awaits_keys(), detailed: false }),
            _ => None,
        }
    }

    /// Returns whether a request needs credentials, with authentication. Probes and preflights need
    /// none, and a path that is not served is no secret. The clients that reach the address of
    /// `--admin` are for the operator to choose: a browser sends no token.
    pub(super) fn needs_access(&self, asked: &Result<Asked, Reject>) -> bool {
        let is_open = match asked {
            Ok(Asked::Options(_)) | Err(Reject::NotFound) => true,
            Ok(Asked::Whole(request)) => {
                matches!(request, Request::Health { .. } | Request::Live | Request::Ready { .. })
            }
            Ok(Asked::Message(..)) | Err(_) => false,
        };
        self.auth.is_some() && self.surface != Surface::Admin && !is_open
    }

    /// Returns whether the sender may know names and reasons. Without authentication every client
    /// may, and every one that reaches the address of `--admin`.
    pub(super) fn may_know<H: Headers>(
        &self,
        head: &RequestHead<'_, H>,
        unix_time: Duration,
    ) -> bool {
        self.surface == Surface::Admin || self.access(head, unix_time).is_ok()
    }

    /// Returns the answer to a request to a server that cannot be served, for this reason. As every
    /// refusal of a head, it has no id, because the body is not read.
    pub fn broken<H: Headers>(
        &self,
        head: &RequestHead<'_, H>,
        reason: &str,
        unix_time: Duration,
    ) -> Box<Answer> {
        let mut answer = match self.check_peer(head) {
            Ok(cors) => {
                let more = match self.may_know(head, unix_time) {
                    true => format!(": {reason}"),
                    false => "; clients with a token for / learn it there".to_owned(),
                };
                let answer = Answer::explained(Reject::ServerBroken, &more, cors);
                let detail = Some(Detail::of_request(head.method, path(head.target)));
                Answer { detail, ..answer }
            }
            Err(reject) => {
                let detail = peer_detail(reject, head.headers);
                Answer { detail, ..Answer::refusal(reject, None) }
            }
        };
        answer.head.close |= has_body(head.headers);
        Box::new(answer)
    }

    /// Returns whether a client has to be given a token, because it cannot discover where to get one.
    pub fn needs_token(&self) -> bool {
        self.auth.as_ref().is_some_and(Auth::needs_token)
    }

    /// Returns the access of the sender, or `None` without authentication.
    pub(super) fn access<H: Headers>(
        &self,
        head: &RequestHead<'_, H>,
        unix_time: Duration,
    ) -> Result<Option<Access>, Reject> {
        let Some(auth) = &self.auth else { return Ok(None) };
        let authorization: Vec<&[u8]> = head.headers.values("authorization").collect();
        let credentials = Credentials {
            authorization: &authorization,
            query: head.target.split_once('?').map_or("", |(_, query)| query),
            peer: head.peer,
            header: &|name| head.headers.values(name).collect(),
        };
        auth.admit(&credentials, unix_time).map(Some)
    }

    /// Asks an authorization server about the token of a refused request, if that may help and the
    /// request has not waited for too long. Once the result ends, the request is to be admitted
    /// again.
    pub fn ask<H: Headers>(
        &self,
        head: &RequestHead<'_, H>,
        refusal: &Answer,
        now: Instant,
    ) -> Option<Answered> {
        let token = || head.headers.values("authorization").find_map(bearer);
        let unverified = match refusal.reject? {
            Reject::AuthUnavailable(Awaited::Keys) | Reject::BadToken(TokenFlaw::Key) => {
                Unverified::Key(token()?)
            }
            Reject::AuthUnavailable(Awaited::Token) => {
                Unverified::Token { token: token()?, peer: head.peer.map(neighbourhood) }
            }
            _ => return None,
        };
        if now.since(head.arrived) >= ADMISSION_TIME_MAX {
            return None;
        }
        self.auth.as_ref()?.authenticator.ask(unverified)
    }

    /// Returns the answer to a request for the metadata of the protected resource, which pages of
    /// every origin may read (RFC 9728, section 3.1).
    pub(super) fn metadata<H: Headers>(&self, head: &RequestHead<'_, H>) -> Option<Answer> {
        let auth = self.auth.as_ref()?;
        let resource = auth.resource.as_ref()?;
        let endpoint = self.endpoint().unwrap_or_default();
        if !resource.has_metadata_at(path(head.target), &endpoint) {
            return None;
        }
        if let Err(reject) = self.hosts.check(head.headers.values("host")) {
            return Some(Answer::refusal(reject, None));
        }
        let cors = head.headers.values("origin").next().map(|_| Cors::of("*"));
        Some(match head.method {
            "GET" | "HEAD" => Answer::json(resource.metadata(&auth.scopes), cors),
            "OPTIONS" => options(head.headers, METHODS, cors),
            _ => Answer::refusal(Reject::MethodNotAllowed { allow: METHODS }, cors),
        })
    }
}

const METHODS: &str = "GET, HEAD, OPTIONS";

/// The time after which a request does not wait for another answer of an authorization server. One
/// answer takes less.
const ADMISSION_TIME_MAX: Duration = Duration::from_secs(15);

impl McpHead {
    /// Records the access of the sender, if there is authentication.
    pub(super) fn set_access(&mut self, access: Option<Access>) {
        if let Some(Access { principal, permissions, grant }) = access {
            (self.principal, self.permissions) = (principal, permissions);
            self.grant = Some(grant);
        }
    }
}
