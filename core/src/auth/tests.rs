use super::*;

const NOW: Duration = Duration::from_secs(1_800_000_000);

fn keys() -> Keys {
    let file = format!("# tokens\n\nann {} mcp\nben {}\n", digest("one"), digest("two"));
    let tokens = StaticToken::parse_file(&file).expect("a token file");
    let peers = vec![Cidr::parse("10.0.0.0/8").unwrap()];
    let trusted = TrustedHeaders { scopes: Some("x-scopes".into()), ..TrustedHeaders::from(peers) };
    Keys { tokens, trusted: Some(trusted), ..Keys::default() }
}

#[derive(Debug)]
struct Fixed(Arc<Keys>);

impl Authenticator for Fixed {
    fn keys(&self) -> Arc<Keys> {
        self.0.clone()
    }

    fn identify(&self, credentials: &Credentials<'_>, now: Duration) -> Result<Identity, Reject> {
        self.0.identify(credentials, now)
    }
}

fn digest(token: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn identify(
    authorization: &[&str],
    query: &str,
    peer: &str,
    lines: &[(&str, &'static str)],
) -> Result<Identity, Reject> {
    let authorization: Vec<&[u8]> = authorization.iter().map(|it| it.as_bytes()).collect();
    let header = |name: &str| {
        let named = lines.iter().filter(|line| line.0 == name);
        named.map(|line| line.1.as_bytes()).collect::<Vec<_>>()
    };
    let credentials = Credentials {
        authorization: &authorization,
        query,
        peer: Some(peer.parse().unwrap()),
        header: &header,
    };
    keys().identify(&credentials, NOW)
}

fn with_authorization(lines: &[&str]) -> Result<Identity, Reject> {
    identify(lines, "", "192.0.2.1", &[])
}

#[test]
fn static_tokens_are_known_by_their_digests() {
    let ann = with_authorization(&["Bearer one"]).unwrap();
    let ben = with_authorization(&["bearer  two "]).unwrap();
    assert_ne!(ann.principal, ben.principal);
    assert_eq!(ann.scopes, Scopes::parse("mcp"));
    assert_eq!(ben.scopes, Scopes::All);
    let unknown = Reject::BadToken(TokenFlaw::Unknown);
    for (lines, expected) in [
        (&[][..], Reject::MissingToken),
        (&[""], Reject::MissingToken),
        (&["Bearer"], Reject::MissingToken),
        (&["Bearer "], Reject::MissingToken),
        (&["Basic b25lOg=="], Reject::MissingToken),
        (&["one"], Reject::MissingToken),
        (&["Bearer three"], unknown),
        (&["Bearer One"], unknown),
        (&["Bearer one, Bearer two"], unknown),
        (&["Bearer one", "Bearer one"], Reject::RepeatedAuthorization),
    ] {
        assert_eq!(with_authorization(lines).unwrap_err(), expected, "{lines:?}");
    }
    let huge = format!("Bearer {}", "x".repeat(TOKEN_BYTES_MAX + 1));
    let flaw = with_authorization(&[&huge]).unwrap_err();
    assert_eq!(flaw, Reject::BadToken(TokenFlaw::TooLong));
    let digest = format!("Bearer {}", digest("one"));
    assert_eq!(with_authorization(&[&digest]).unwrap_err(), unknown, "the digest is no token");
}

#[test]
fn a_token_in_the_query_is_refused_even_with_a_good_one() {
    for query in ["access_token=one", "a=b&access_token=one", "Access_Token"] {
        let refused = identify(&["Bearer one"], query, "192.0.2.1", &[]).unwrap_err();
        assert_eq!(refused, Reject::TokenInQuery, "{query}");
    }
    assert!(identify(&["Bearer one"], "not_access_token=1", "192.0.2.1", &[]).is_ok());
}

#[test]
fn headers_of_a_gateway_count_only_from_its_address() {
    let user = [("x-user-id", "cara")];
    let cara = identify(&[], "", "10.1.2.3", &user).unwrap();
    assert_eq!(cara.scopes, Scopes::parse(""), "the gateway sends scopes, and sent none");
    let mapped = identify(&[], "", "::ffff:10.1.2.3", &user).unwrap();
    assert_eq!(mapped.principal, cara.principal);
    assert_eq!(identify(&[], "", "192.0.2.1", &user).unwrap_err(), Reject::MissingToken);
    assert_eq!(identify(&[], "", "10.1.2.3", &[]).unwrap_err(), Reject::MissingToken);
    assert!(identify(&["Bearer one"], "", "10.1.2.3", &[]).is_ok());
    let scoped = [("x-user-id", "cara"), ("x-scopes", "mcp:tools/call, other")];
    let scoped = identify(&[], "", "10.1.2.3", &scoped).unwrap();
    assert_eq!(scoped.scopes, Scopes::parse("mcp:tools/call other"));
    let twice = [("x-user-id", "cara"), ("x-user-id", "root")];
    let refused = identify(&[], "", "10.1.2.3", &twice).unwrap_err();
    assert_eq!(refused, Reject::BadToken(TokenFlaw::RepeatedHeader));
    // A user of this name is not the owner of the token of that name.
    let ann = identify(&[], "", "10.1.2.3", &[("x-user-id", "ann")]).unwrap();
    assert_ne!(ann.principal, with_authorization(&["Bearer one"]).unwrap().principal);
}

#[test]
fn headers_of_a_gateway_are_removed_from_other_requests() {
    let auth = Auth {
        authenticator: Arc::new(Fixed(keys().into())),
        resource: None,
        scopes: ScopePolicy::new("mcp", &[]),
    };
    let at = |peer: &str| Some(peer.parse().unwrap());
    for name in ["x-user-id", "X-User-Id", "x-user-email", "X-Scopes"] {
        assert!(auth.removes(name, at("192.0.2.1")), "{name}");
        assert!(auth.removes(name, None), "{name}");
        assert!(!auth.removes(name, at("10.0.0.1")), "{name}");
    }
    assert!(!auth.removes("user-agent", at("192.0.2.1")));
}

#[test]
fn ranges_of_addresses() {
    let contains = |range: &str, address: &str| {
        Cidr::parse(range).expect(range).contains(address.parse().unwrap())
    };
    assert!(contains("10.0.0.5", "10.0.0.5"));
    assert!(!contains("10.0.0.5", "10.0.0.6"));
    assert!(contains("10.0.0.0/8", "10.255.0.1"));
    assert!(!contains("10.0.0.0/8", "11.0.0.1"));
    assert!(contains("0.0.0.0/0", "203.0.113.9"));
    assert!(!contains("0.0.0.0/0", "2001:db8::1"));
    assert!(contains("::/0", "2001:db8::1"));
    assert!(contains("fd00::/8", "fd12::1"));
    for bad in ["", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "::/129", "example.com", "10.0.0"] {
        assert_eq!(Cidr::parse(bad), None, "{bad}");
    }
}

#[test]
fn bad_lines_of_a_token_file_are_named_by_number_only() {
    for (file, line) in [
        ("ann secret-token", 1),
        ("\n\nann", 3),
        ("ann 0123", 1),
        (&format!("ann {}\nben {}", digest("one"), digest("one").to_uppercase()), 2),
    ] {
        let (at, reason) = StaticToken::parse_file(file).unwrap_err();
        assert_eq!(at, line, "{file}");
        assert!(!reason.contains("secret"), "{reason}");
    }
    let shown = format!("{:?}", keys());
    assert!(!shown.contains(&digest("one")[..8]), "{shown}");
}
