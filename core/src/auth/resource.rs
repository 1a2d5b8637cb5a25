//! The protected resource: its URL, its metadata (RFC 9728), and the challenges that name it.

use serde_json::json;

use crate::auth::ScopePolicy;
use crate::reject::Reject;

/// The URL of an endpoint as clients know it, and who issues tokens for it.
#[derive(Clone, Debug)]
pub struct Resource {
    url: Box<str>,
    /// The URL of its metadata.
    metadata: Box<str>,
    /// The path of its metadata, which may differ from that of the request if a gateway in front
    /// removes a prefix.
    path: Box<str>,
    /// Further values of `aud` that are accepted.
    audiences: Vec<Box<str>>,
    authorization_servers: Vec<Box<str>>,
}

/// The path of the metadata of a resource without a path; that of others begins with it.
pub const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

impl Resource {
    /// Creates a resource of this URL, the canonical one of the endpoint (RFC 8707, section 2;
    /// 2025-11-25, basic/authorization, Canonical Server URI).
    ///
    /// # Errors
    ///
    /// It is no `http` or `https` URL, or has a query, a fragment or user information.
    pub fn new(url: &str) -> Result<Resource, &'static str> {
        let url = canonical(url).ok_or(
            "expected the URL of the endpoint as clients know it, without a query or a fragment: \
             https://mcp.example.com/mcp",
        )?;
        let authority = url.find("://").map_or(0, |at| at + 3);
        let path_at = url[authority..].find('/').map_or(url.len(), |at| authority + at);
        let path = format!("{WELL_KNOWN}{}", &url[path_at..]);
        let metadata = format!("{}{path}", &url[..path_at]).into();
        let (audiences, authorization_servers) = (Vec::new(), Vec::new());
        Ok(Resource {
            url: url.into(),
            metadata,
            path: path.into(),
            audiences,
            authorization_servers,
        })
    }

    /// Accepts tokens for these audiences too.
    pub fn with_audiences(mut self, audiences: &[String]) -> Resource {
        self.audiences = audiences.iter().map(|it| it.as_str().into()).collect();
        self
    }

    /// Names the authorization servers that issue tokens for it.
    pub fn with_authorization_servers(mut self, servers: &[String]) -> Resource {
        self.authorization_servers = servers.iter().map(|it| it.as_str().into()).collect();
        self
    }

    /// Returns whether its metadata names an authorization server.
    pub(super) fn has_authorization_servers(&self) -> bool {
        !self.authorization_servers.is_empty()
    }

    /// Returns its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns whether a token for these audiences is one for this resource.
    pub(super) fn is_meant_by(&self, audiences: &[Box<str>]) -> bool {
        audiences.iter().any(|audience| {
            self.audiences.contains(audience)
                || canonical(audience).is_some_and(|url| *url == *self.url)
        })
    }

    /// Returns whether its metadata is served at this path: under the well-known path and that of
    /// the endpoint, or under the well-known path alone.
    pub(crate) fn has_metadata_at(&self, path: &str, endpoint: &str) -> bool {
        let Some(rest) = path.strip_prefix(WELL_KNOWN) else { return false };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        rest.is_empty() || rest == endpoint || path.strip_suffix('/').unwrap_or(path) == &*self.path
    }

    /// Returns its metadata, a JSON text (RFC 9728, section 2).
    pub(crate) fn metadata(&self, policy: &ScopePolicy) -> Vec<u8> {
        let mut metadata = json!({
            "resource": self.url,
            "authorization_servers": self.authorization_servers,
            "scopes_supported": policy.initial(),
            "bearer_methods_supported": ["header"],
        });
        if let Some(members) = metadata.as_object_mut() {
            // An empty list would claim that there are none.
            members.retain(|_, value| value.as_array().is_none_or(|list| !list.is_empty()));
        }
        metadata.to_string().into_bytes()
    }
}

/// Returns the value of `WWW-Authenticate` for a refusal, or `None` if it needs none.
pub(crate) fn challenge(
    reject: Reject,
    resource: Option<&Resource>,
    scopes: &[impl AsRef<str>],
) -> Option<String> {
    let error = match reject {
        Reject::MissingToken => None,
        Reject::BadToken(_) => Some("invalid_token"),
        Reject::InsufficientScope => Some("insufficient_scope"),
        Reject::TokenInQuery | Reject::RepeatedAuthorization => Some("invalid_request"),
        _ => return None,
    };
    let mut parameters = Vec::new();
    if let Some(error) = error {
        parameters.push(format!("error=\"{error}\""));
        parameters.push(format!("error_description=\"{reject}\""));
    }
    parameters.extend(resource.map(|it| format!("resource_metadata=\"{}\"", it.metadata)));
    let scopes: Vec<&str> = scopes.iter().map(AsRef::as_ref).collect();
    if !scopes.is_empty() {
        parameters.push(format!("scope=\"{}\"", scopes.join(" ")));
    }
    Some(match parameters.is_empty() {
        true => "Bearer".to_owned(),
        false => format!("Bearer {}", parameters.join(", ")),
    })
}

/// Returns a URL with scheme and host in lower case, without the default port and without a slash
/// at its end, or `None` for any other text.
fn canonical(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let default_port = match &*scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let authority = authority.to_ascii_lowercase();
    let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
    let is_plain = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\<>^`{|}?#@".contains(&byte))
    };
    if authority.is_empty() || !is_plain(authority) || !is_plain(path) {
        return None;
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    Some(format!("{scheme}://{authority}{path}"))
}

#[cfg(test)]
mod tests;
