//! Spellings of URIs.

/// A URI without its fragment, in a spelling that it shares with all URIs that a server may treat
/// alike: the case of letters, percent-encoding, dot segments, repeated slashes, backslashes, dots
/// and spaces at the end of a segment, and `localhost` make no difference (RFC 3986, section 6).
/// Rather too many are alike than too few.
pub(super) struct Normalized {
    /// Without the query.
    uri: String,
    query: Option<String>,
}

impl Normalized {
    pub(super) fn of(uri: &str) -> Normalized {
        let uri = uri.split('#').next().unwrap_or_default();
        let (uri, query) = match uri.split_once('?') {
            Some((uri, query)) => (uri, Some(decoded(query))),
            None => (uri, None),
        };
        let uri = decoded(uri).replace('\\', "/");
        let (scheme, rest) = uri.split_once(':').unwrap_or(("", &uri));
        let rest = rest.strip_prefix("//localhost/").unwrap_or(rest);
        let mut segments = Vec::new();
        for segment in rest.split('/') {
            match segment.trim_end_matches([' ', '.']) {
                "" if segment == ".." => _ = segments.pop(),
                "" => {}
                segment => segments.push(segment),
            }
        }
        Normalized { uri: format!("{scheme}:{}", segments.join("/")), query }
    }

    /// Returns whether both may name the same resource. A server may ignore a query.
    pub(super) fn is_like(&self, other: &Normalized) -> bool {
        self.uri == other.uri
            && (self.query == other.query || self.query.is_none() || other.query.is_none())
    }
}

/// Resolves percent-encoding, also of what was encoded twice, and changes letters to lower case.
fn decoded(text: &str) -> String {
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        bytes.push(byte);
        while let [.., b'%', high, low] = bytes[..]
            && let (Some(high), Some(low)) = (digit(high), digit(low))
        {
            bytes.truncate(bytes.len() - 3);
            bytes.push(high * 16 + low);
        }
    }
    String::from_utf8_lossy(&bytes).to_lowercase()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_uri_are_alike() {
        let alike = |one: &str, other: &str| Normalized::of(one).is_like(&Normalized::of(other));
        for other in [
            "FILE:///etc/motd",
            "file:///etc/../etc/motd",
            "file:///etc/./motd",
            "file:///x/%2e%2e/etc/motd",
            "file:///x/%252e%252e/etc/motd",
            "file:///../etc/motd",
            "file:///etc/%6dotd",
            "file:///etc%2Fmotd",
            "file:///etc//motd",
            "file:////etc/motd",
            "file:/etc/motd",
            "file://localhost/etc/motd",
            "file:\\\\\\etc\\motd",
            "file:///ETC/motd",
            "file:///etc/motd/",
            "file:///etc/motd.",
            "file:///etc/motd?",
            "file:///etc/motd?x=1",
            "file:///etc/motd#top",
        ] {
            assert!(alike("file:///etc/motd", other), "{other}");
            assert!(alike(other, "file:///etc/motd"), "{other}");
        }
        for other in ["file:///etc/motd2", "file:///etc", "file:///motd", "http:///etc/motd", ""] {
            assert!(!alike("file:///etc/motd", other), "{other}");
        }
        assert!(alike("db://a?id=%31", "db://a?id=1"));
        assert!(!alike("db://a?id=1", "db://a?id=2"));
        assert!(alike("file:///%", "file:///%25"));
    }

    #[test]
    fn encoding_of_any_depth_takes_linear_time() {
        let deep = format!("file:///%{}41", "25".repeat(1_000_000));
        assert_eq!(Normalized::of(&deep).uri, "file:a");
    }
}
