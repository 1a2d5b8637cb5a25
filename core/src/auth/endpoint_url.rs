//! URLs of an authorization server: which may be fetched, and where its metadata is.

use core::net::IpAddr;

/// Checks the URL of an authorization server's endpoint: `https`, or `http` on a loopback host, so
/// that no key can be replaced and no token read on the way.
///
/// # Errors
///
/// The reason, for the operator.
pub fn check_endpoint_url(url: &str) -> Result<(), &'static str> {
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("it has characters that a URL cannot have");
    }
    let (scheme, rest) = url.split_once("://").ok_or("it is not a URL")?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if url.contains('#') {
        return Err("it has a fragment");
    }
    if authority.is_empty() || authority.contains('@') {
        return Err("it has no host, or a user name");
    }
    match scheme {
        "https" => Ok(()),
        "http" if is_loopback(authority) => Ok(()),
        "http" => Err("http is for loopback hosts only: use https"),
        _ => Err("it is neither https nor http"),
    }
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_loopback_http_may_be_fetched() {
        for url in [
            "https://auth.example.com/jwks",
            "https://auth.example.com:8443",
            "http://localhost:9000/jwks",
            "http://127.0.0.1:9000/jwks?a=b",
            "http://127.8.0.1",
            "http://[::1]:9000/jwks",
        ] {
            assert_eq!(check_endpoint_url(url), Ok(()), "{url}");
        }
        for url in [
            "http://auth.example.com/jwks",
            "http://127.0.0.1.example.com/jwks",
            "http://localhost.example.com/",
            "http://127.0.0.1@example.com/",
            "http://example.com/@127.0.0.1",
            "https://user@example.com/",
            "https:///jwks",
            "https://example.com/#a",
            "https://example.com/a b",
            "https://example.com/\u{fc}",
            "ftp://127.0.0.1/",
            "file:///etc/keys",
            "auth.example.com",
            "",
        ] {
            assert!(check_endpoint_url(url).is_err(), "{url}");
        }
    }
}
