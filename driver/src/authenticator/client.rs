//! HTTP requests to an authorization server.
//!
//! Never: a retry, a redirect, or a limit of its own.

use std::io;
use std::sync::OnceLock;

use pontoon_core::auth::{Fetch, FetchError, FetchMethod, Fetched};
use ureq::http::{Response, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, Error};

/// An HTTP client, which keeps connections open for the next request.
#[derive(Debug, Default)]
pub(super) struct Client {
    /// Made for the first `https` URL, because reading the system's certificates takes a while.
    secure: OnceLock<Agent>,
    plain: OnceLock<Agent>,
}

impl Client {
    /// Carries out a request, and waits for its result.
    pub(super) fn fetch(&self, fetch: &Fetch) -> Result<Fetched, FetchError> {
        let agent = match fetch.url.starts_with("https:") {
            true => self.secure.get_or_init(secure_agent),
            // Only loopback hosts have such a URL, and a proxy would not reach them.
            false => self.plain.get_or_init(|| Agent::config_builder().proxy(None).build().into()),
        };
        let response = match &fetch.method {
            FetchMethod::Get { etag } => {
                let mut request = agent.get(&*fetch.url).header(header::ACCEPT, "application/json");
                if let Some(etag) = etag {
                    request = request.header(header::IF_NONE_MATCH, &**etag);
                }
                configure(request, fetch).call()
            }
            FetchMethod::Post { form, authorization } => {
                let request = agent.post(&*fetch.url).header(header::ACCEPT, "application/json");
                let request = request
                    .header(header::AUTHORIZATION, authorization.as_str())
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                configure(request, fetch).send(form.as_str())
            }
        };
        read(response.map_err(of_error)?, fetch.bytes_max)
    }
}

fn configure<B>(request: ureq::RequestBuilder<B>, fetch: &Fetch) -> ureq::RequestBuilder<B> {
    request
        .config()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(fetch.time_max))
        .build()
}

/// Trusts the system's certificates, or built-in ones if it has none.
fn secure_agent() -> Agent {
    let system = rustls_native_certs::load_native_certs().certs;
    let mut tls = TlsConfig::builder();
    if !system.is_empty() {
        let of_system = system.iter().map(|it| Certificate::from_der(it).to_owned());
        tls = tls.root_certs(RootCerts::from(of_system));
    }
    Agent::config_builder().tls_config(tls.build()).build().into()
}

fn read(mut response: Response<Body>, bytes_max: usize) -> Result<Fetched, FetchError> {
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let (etag, cache_control) = (text(header::ETAG), text(header::CACHE_CONTROL));
    let (etag, cache_control) = (etag.map(Box::from), cache_control.map(Box::from));
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(bytes_max as u64);
    Ok(Fetched { status, etag, cache_control, body: body.read_to_vec().map_err(of_error)? })
}

fn of_error(error: Error) -> FetchError {
    match error {
        Error::Timeout(_) => FetchError::TimedOut,
        Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => FetchError::TimedOut,
        Error::BodyExceedsLimit(_) => FetchError::TooLong,
        other => FetchError::Failed(other.to_string().into()),
    }
}

#[cfg(test)]
mod tests;
