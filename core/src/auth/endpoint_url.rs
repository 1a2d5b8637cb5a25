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

/// Returns the URLs at which the metadata of an issuer may be, in the order to try (MCP 2026-07-28,
/// basic/authorization/authorization-server-discovery; RFC 8414, section 3.1).
pub(super) fn metadata_urls(issuer: &str) -> Vec<String> {
    let at = issuer.find("://").map_or(0, |at| at + 3);
    let origin_ends = issuer[at..].find('/').map_or(issuer.len(), |slash| at + slash);
    let (origin, path) = issuer.split_at(origin_ends);
    let path = path.trim_end_matches('/');
    let mut urls = vec![
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{origin}/.well-known/openid-configuration{path}"),
    ];
    if !path.is_empty() {
        urls.push(format!("{origin}{path}/.well-known/openid-configuration"));
    }
    urls
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

    #[test]
    fn metadata_is_looked_for_in_the_order_of_the_specification() {
        assert_eq!(
            metadata_urls("https://auth.example.com/tenant1"),
            [
                "https://auth.example.com/.well-known/oauth-authorization-server/tenant1",
                "https://auth.example.com/.well-known/openid-configuration/tenant1",
                "https://auth.example.com/tenant1/.well-known/openid-configuration",
            ]
        );
        for issuer in ["https://auth.example.com", "https://auth.example.com/"] {
            assert_eq!(
                metadata_urls(issuer),
                [
                    "https://auth.example.com/.well-known/oauth-authorization-server",
                    "https://auth.example.com/.well-known/openid-configuration",
                ]
            );
        }
    }
}
