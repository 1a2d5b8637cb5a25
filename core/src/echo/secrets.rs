//! What must not be shown, and what is shown instead.
//!
//! A header is judged by its name and by its value; when in doubt it is taken for a secret.

use super::text::visible;

/// What is shown instead of a secret.
const MASK: &str = "***";

/// Whether something of this name, in lower case, is likely to be a secret.
pub(super) fn is_secret(name: &str) -> bool {
    SECRET_PARTS.iter().any(|part| name.contains(part))
        || name.rsplit(['-', '_']).next().is_some_and(|last| SECRET_ENDS.contains(&last))
}

const SECRET_PARTS: &[&str] = &[
    "access-key",
    "access_key",
    "apikey",
    "assertion",
    "authorization",
    "cookie",
    "credential",
    "jwt",
    "passphrase",
    "passwd",
    "password",
    "secret",
    "signature",
    "token",
];

const SECRET_ENDS: &[&str] = &["auth", "key", "pass", "pw", "pwd", "sig"];

/// A header's value as it may be shown; the name is in lower case.
pub(super) fn header(name: &str, value: &[u8]) -> String {
    let text = visible(value);
    if let Some((scheme, credentials)) = credentials(&text)
        && (name.contains("authorization") || matches!(scheme, "Basic" | "Bearer"))
    {
        return format!("{scheme} {}", preview(credentials, PREVIEW_CHARS)).trim_end().to_owned();
    }
    let names_session = name.contains("session") && name != "mcp-session-id";
    if is_secret(name) || names_session || text.split(is_no_token_char).any(looks_like_jwt) {
        return MASK.to_owned();
    }
    address(&text)
}

/// The scheme of an `Authorization` header, as its registration writes it, and what follows it;
/// none for a scheme nobody knows, which may well be the secret itself (RFC 9110, section 11.4;
/// IANA, HTTP Authentication Schemes).
pub(super) fn credentials(value: &str) -> Option<(&'static str, &str)> {
    let (scheme, credentials) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
    let known = SCHEMES.iter().find(|known| known.eq_ignore_ascii_case(scheme))?;
    Some((known, credentials.trim()))
}

const SCHEMES: &[&str] = &[
    "ApiKey",
    "AWS4-HMAC-SHA256",
    "Basic",
    "Bearer",
    "Digest",
    "DPoP",
    "GNAP",
    "HOBA",
    "Mutual",
    "Negotiate",
    "NTLM",
    "OAuth",
    "PrivateToken",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "Token",
    "vapid",
];

/// What may be shown of credentials: the beginning of a JWT's header, which says no more than that
/// it is one, and nothing of anything else.
pub(super) fn preview(credentials: &str, chars: usize) -> String {
    match credentials.split_once('.') {
        Some((header, _)) if looks_like_jwt(credentials) => {
            format!("{}...", &header[..header.len().min(chars)])
        }
        _ if credentials.is_empty() => String::new(),
        _ => MASK.to_owned(),
    }
}

/// Characters that `Bearer eyJhbGc...` shows.
const PREVIEW_CHARS: usize = 7;

/// Whether this begins as every JWT does: a JSON object in base64url, and a dot.
fn looks_like_jwt(text: &str) -> bool {
    let Some((header, _)) = text.split_once('.') else { return false };
    header.starts_with("eyJ") && header.bytes().all(|byte| !is_no_token_char(char::from(byte)))
}

fn is_no_token_char(char: char) -> bool {
    !char.is_ascii_alphanumeric() && !matches!(char, '-' | '_' | '.')
}

/// A text in which there may be addresses: without the user and the password in them, and without
/// the values of parameters that are likely to be secrets.
pub(super) fn address(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (at, piece) in text.split("://").enumerate() {
        if at == 0 {
            shown.push_str(piece);
            continue;
        }
        shown.push_str("://");
        let end = piece.find(['/', '?', '#', ' ', ',', '"']).unwrap_or(piece.len());
        match piece[..end].rfind('@') {
            Some(at) => {
                shown.push_str(MASK);
                shown.push_str(&piece[at..]);
            }
            None => shown.push_str(piece),
        }
    }
    without_parameters(&shown)
}

fn without_parameters(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for piece in text.split_inclusive(['?', '&', '#', ';', ' ']) {
        let secret = piece.split_once('=').filter(|(name, _)| {
            let name = name.to_ascii_lowercase();
            is_secret(&name) || name == "code"
        });
        match secret {
            Some((name, value)) => {
                shown.extend([name, "=", MASK]);
                shown.extend(value.chars().last().filter(|last| "?&#; ".contains(*last)));
            }
            None => shown.push_str(piece),
        }
    }
    shown
}

#[cfg(test)]
mod tests;
