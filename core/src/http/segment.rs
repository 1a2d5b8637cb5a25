//! The first segment of a path, which names a server in a program with several.

use std::borrow::Cow;

/// Returns the first segment of a path that has a further one.
pub(crate) fn first_segment(path: &str) -> Option<&str> {
    let path = path.split('?').next()?;
    path.strip_prefix('/')?.split_once('/').map(|(segment, _)| segment)
}

/// Returns the target after its first segment.
pub(crate) fn without_segment(target: &str) -> &str {
    let query = target.find('?').unwrap_or(target.len());
    match target[..query].strip_prefix('/').and_then(|path| path.find('/')) {
        Some(slash) => &target[slash + 1..],
        None => "",
    }
}

/// Returns the percent-decoded form of a segment; `None` if that is malformed.
pub(crate) fn decode_segment(segment: &str) -> Option<Cow<'_, str>> {
    if !segment.contains('%') {
        return Some(Cow::Borrowed(segment));
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digits = str::from_utf8(digits).ok().filter(|it| !it.starts_with('+'))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Returns a name as it is sent in a path: percent-encoded but for unreserved characters (RFC 3986,
/// section 2.3).
pub fn encode_segment(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'-' | b'_' | b'.' | b'~' => encoded.push(byte.into()),
            byte if byte.is_ascii_alphanumeric() => encoded.push(byte.into()),
            byte => encoded += &format!("%{byte:02X}"),
        }
    }
    encoded
}
