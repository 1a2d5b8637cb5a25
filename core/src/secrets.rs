//! Detection of secrets, and their masked form.
//!
//! A header is judged by its name and its value; in doubt it counts as a secret.

use crate::log_text::escape_untrusted;

/// The text in place of a secret.
const MASK: &str = "***";

/// Returns whether a value of this name, in lower case, is likely to be a secret. Separators
/// between words are ignored.
pub fn is_secret(name: &str) -> bool {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let last = name.rsplit(['-', '_']).next().unwrap_or_default();
    SECRET_PARTS.iter().any(|part| letters.contains(part)) || SECRET_ENDS.contains(&last)
}

/// Letters and digits only.
const SECRET_PARTS: &[&str] = &[
    "accesskey",
    "apikey",
    "assertion",
    "authorization",
    "clientcert",
    "cookie",
    "credential",
    "jwt",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "signature",
    "token",
];

const SECRET_ENDS: &[&str] =
    &["auth", "key", "otp", "pass", "pat", "pin", "pw", "pwd", "sid", "sig"];

/// Returns a header's value with secrets masked; the name is in lower case.
pub fn header(name: &str, value: &[u8]) -> String {
    let text = escape_untrusted(value);
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

/// Splits an `Authorization` header into its scheme, as registered, and the credentials. Returns
/// `None` for an unknown scheme, which may itself be the secret (RFC 9110, section 11.4; IANA, HTTP
/// Authentication Schemes).
pub fn credentials(value: &str) -> Option<(&'static str, &str)> {
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

/// Returns the visible part of credentials: the beginning of a JWT's header, which only shows that
/// it is a JWT, and nothing of other credentials.
pub fn preview(credentials: &str, chars: usize) -> String {
    match credentials.split_once('.') {
        Some((header, _)) if looks_like_jwt(credentials) => {
            format!("{}...", &header[..header.len().min(chars)])
        }
        _ if credentials.is_empty() => String::new(),
        _ => MASK.to_owned(),
    }
}

/// The number of visible characters, as in `Bearer eyJhbGc...`.
const PREVIEW_CHARS: usize = 7;

/// Returns whether this begins like a JWT: a JSON object in base64url, and a dot.
fn looks_like_jwt(text: &str) -> bool {
    let Some((header, _)) = text.split_once('.') else { return false };
    header.starts_with("eyJ") && header.bytes().all(|byte| !is_no_token_char(char::from(byte)))
}

fn is_no_token_char(char: char) -> bool {
    !char.is_ascii_alphanumeric() && !matches!(char, '-' | '_' | '.')
}

/// Returns a text without the user names and passwords in its URLs, without the values of
/// parameters that are likely to be secrets, and without JSON Web Tokens.
pub fn address(text: &str) -> String {
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
    without_tokens(&without_parameters(&shown))
}

fn without_tokens(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for piece in text.split_inclusive(is_no_token_char) {
        let word = piece.trim_end_matches(is_no_token_char);
        shown.push_str(if looks_like_jwt(word) { MASK } else { word });
        shown.push_str(&piece[word.len()..]);
    }
    shown
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
