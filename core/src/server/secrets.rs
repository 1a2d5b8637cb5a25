//! What must not be repeated: values that grant something to whoever holds them.
//!
//! Owns: telling by a name or by its form that a value is such a one, and what is shown instead.
//! Never: judges a value to be harmless because of who asks. It errs on the side of hiding.

/// What is shown in the place of a secret.
pub const MASK: &str = "***";

/// Whether what goes by this name is a secret: a header, a parameter or a variable.
pub fn is_secret_name(name: &str) -> bool {
    let letters: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|it| it.to_ascii_lowercase())
        .collect();
    SECRET_NAMES.contains(&&*letters) || SECRET_PARTS.iter().any(|part| letters.contains(part))
}

/// The value of a header as it may be shown: of a secret only the authentication scheme, if it has
/// one (RFC 9110, section 11.4); of others all but secrets within. Bytes that are no UTF-8 become
/// U+FFFD.
pub fn mask_header(name: &str, value: &[u8]) -> String {
    let value = String::from_utf8_lossy(value);
    let scheme = value.split_once(' ').map_or("", |(scheme, _)| scheme);
    let is_scheme = SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme));
    match (is_scheme, is_secret_name(name)) {
        (true, _) => format!("{scheme} {MASK}"),
        (false, true) => MASK.to_owned(),
        (false, false) => mask_text(&value),
    }
}

/// Any text as it may be shown: without JSON Web Tokens, and its URLs as [`mask_url`] shows them.
pub fn mask_text(text: &str) -> String {
    let words: Vec<_> = text.split(' ').map(mask_url).collect();
    words.join(" ")
}

/// A URL, or the path and query of one, as it may be shown: without user and password (RFC 3986,
/// section 3.2.1), without the values of parameters whose name says that they are secret.
pub fn mask_url(url: &str) -> String {
    let url = mask_userinfo(url);
    let mut masked = String::with_capacity(url.len());
    for parameter in url.split_inclusive(['?', '&', ';', '#', ',']) {
        let value = parameter.trim_end_matches(['?', '&', ';', '#', ',']);
        let end = &parameter[value.len()..];
        match value.split_once('=') {
            Some((name, secret)) if is_secret_name(name) && !secret.is_empty() => {
                masked.extend([name, "=", MASK]);
            }
            Some((name, token)) if is_token(token) => masked.extend([name, "=", MASK]),
            _ => masked.extend(value.split_inclusive('/').map(mask_segment)),
        }
        masked.push_str(end);
    }
    masked
}

fn mask_segment(segment: &str) -> &str {
    match segment.strip_suffix('/') {
        _ if !is_token(segment) => segment,
        Some(_) => "***/",
        None => MASK,
    }
}

/// Hides what stands before an `@` in each authority there is: a URL may be part of another.
fn mask_userinfo(url: &str) -> String {
    let mut parts = url.split("://");
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(['/', '?', '#', '&']).unwrap_or(part.len());
        masked += "://";
        match part[..end].rfind('@') {
            Some(at) => masked.extend([MASK, &part[at..]]),
            None => masked += part,
        }
    }
    masked
}

/// Whether it has the form of a JSON Web Token (RFC 7519, section 3): the first part of every one
/// is an object in base64url.
fn is_token(text: &str) -> bool {
    text.starts_with("eyJ") && text.len() > 20
}

/// Names that are secret as they are; letters and digits only, in lower case.
const SECRET_NAMES: &[&str] = &["auth", "code", "key", "pass", "pin", "pwd", "sid", "sig", "state"];

/// What only names of secrets have in them; letters and digits only, in lower case.
const SECRET_PARTS: &[&str] = &[
    "accesskey",
    "apikey",
    "assertion",
    "authkey",
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

/// Authentication schemes that credentials follow.
const SCHEMES: &[&str] =
    &["AWS4-HMAC-SHA256", "ApiKey", "Basic", "Bearer", "DPoP", "Digest", "Negotiate", "Token"];

#[cfg(test)]
mod tests;
