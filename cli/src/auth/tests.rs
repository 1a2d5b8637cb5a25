use super::*;

fn parsed(options: &[&str]) -> AuthArgs {
    use clap::Parser;
    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        auth: AuthArgs,
    }
    Only::try_parse_from([&["pontoon"], options].concat()).expect("options").auth
}

fn failure(options: &[&str]) -> Failure {
    shared(&parsed(options)).expect_err("a mistake")
}

/// Writes a file that the next run of the test overwrites.
fn file(name: &str, text: &str) -> String {
    let path = std::env::temp_dir().join(format!("pontoon-cli-auth-{name}"));
    fs::write(&path, text).expect("a file");
    path.to_str().expect("a path in UTF-8").to_owned()
}

#[test]
fn authentication_is_off_without_a_way_to_identify_clients() {
    assert!(shared(&parsed(&[])).expect("no mistake").is_none());
    let unused = failure(&["--auth-resource", "https://mcp.example.com/mcp"]);
    assert!(unused.what.contains("--auth-resource"), "{unused:?}");
    assert!(unused.fix.contains("--auth-token-file"), "{unused:?}");
    assert!(shared(&parsed(&["--auth-trust-from", "10.0.0.0/8"])).expect("no mistake").is_some());
}

#[test]
fn a_bad_token_file_is_named_without_its_content() {
    let missing = failure(&["--auth-token-file", "/no/such/file"]);
    assert!(missing.what.contains("/no/such/file (--auth-token-file)"), "{missing:?}");
    let plain = file("plain", "# tokens\nann a-plain-token\n");
    let plain = failure(&["--auth-token-file", &plain]);
    assert!(plain.why.starts_with("line 2: expected NAME SHA256"), "{plain:?}");
    assert!(!format!("{plain:?}").contains("a-plain-token"), "{plain:?}");
    assert!(plain.fix.contains("sha256sum"), "{plain:?}");
    let empty = file("empty", "# no token yet\n");
    assert!(failure(&["--auth-token-file", &empty]).why.contains("no token"));
}

#[test]
fn introspection_needs_a_secret_and_the_url_of_the_server() {
    let empty = file("secret", "\n");
    let options = |secret: &str| {
        let options = [
            ("--auth-issuer", "https://auth.example.com"),
            ("--auth-introspection", "https://auth.example.com/introspect"),
            ("--auth-introspection-secret", secret),
        ];
        options.map(|(name, value)| format!("{name}={value}"))
    };
    let parsed_with = |secret: &str| {
        let options = options(secret);
        parsed(&options.each_ref().map(String::as_str))
    };
    let with_resource = |secret: &str| AuthArgs {
        auth_resource: Some("https://mcp.example.com/mcp".into()),
        ..parsed_with(secret)
    };
    let failure = remote(&with_resource(&empty)).expect_err("a mistake");
    assert!(failure.what.contains("--auth-introspection-secret"), "{failure:?}");
    let failure = remote(&with_resource("/no/such/file")).expect_err("a mistake");
    assert!(failure.what.contains("/no/such/file"), "{failure:?}");
    let secret = file("real-secret", "s3cret\n");
    let failure = remote(&parsed_with(&secret)).expect_err("a mistake");
    assert!(failure.what.contains("--auth-resource"), "{failure:?}");
    let args = with_resource(&secret);
    let mut nothing = with_resource(&secret);
    (nothing.auth_issuer, nothing.auth_introspection_secret) = (None, None);
    let failure = remote(&nothing).expect_err("a mistake");
    assert!(failure.what.contains("needs --auth-issuer"), "{failure:?}");
    let remote = remote(&args).expect("no mistake").expect("an issuer");
    let introspection = remote.introspection.as_ref().expect("an endpoint");
    assert_eq!(introspection.client_secret.as_str(), "s3cret");
    assert!(!format!("{remote:?}").contains("s3cret"), "{remote:?}");
}

#[test]
fn jwts_need_an_issuer_its_keys_and_the_url_of_the_server() {
    let empty = file("keys", r#"{"keys": []}"#);
    let key = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}]}"#;
    let public = file("public-keys", key);
    let issuer = "--auth-issuer=https://id.example.com";
    let resource = "--auth-resource=https://mcp.example.com/mcp";
    let [empty, public] = [empty, public].map(|path| format!("--auth-jwks-file={path}"));
    assert!(failure(&[issuer]).what.contains("--auth-issuer needs --auth-resource"));
    assert!(failure(&[issuer, &public]).what.contains("needs --auth-resource"));
    assert!(failure(&[resource, &public]).what.contains("needs --auth-issuer"));
    assert!(failure(&[issuer, resource, &empty]).why.contains("no key"));
    let shared_key = failure(&[issuer, resource, &public, "--auth-algorithms=RS256,HS256"]);
    assert!(shared_key.why.contains("symmetric"), "{shared_key:?}");
    assert!(shared(&parsed(&[issuer, resource, &public])).expect("no mistake").is_some());
}

#[test]
fn keys_come_from_a_file_a_url_or_the_metadata_of_the_issuer() {
    let issuer = "--auth-issuer=https://id.example.com";
    let resource = "--auth-resource=https://mcp.example.com/mcp";
    let url = "--auth-jwks-url=https://id.example.com/jwks";
    let introspection =
        ["--auth-introspection=https://id.example.com/i", "--auth-introspection-secret=Cargo.toml"];
    let public =
        file("keys-of-file", r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}]}"#);
    let public = format!("--auth-jwks-file={public}");
    let keys_of = |more: &[&str]| {
        let args = parsed(&[&[issuer, resource], more].concat());
        let has_jwt = keys(&args).expect("no mistake").jwt.is_some();
        (has_jwt, remote(&args).expect("no mistake").and_then(|remote| remote.keys))
    };
    assert_eq!(keys_of(&[]), (true, Some(KeysUrl::Issuer("https://id.example.com".into()))));
    let jwks = KeysUrl::Jwks("https://id.example.com/jwks".into());
    assert_eq!(keys_of(&[url]), (true, Some(jwks.clone())));
    assert_eq!(keys_of(&[&public]), (true, None));
    assert_eq!(keys_of(&introspection), (false, None), "its tokens are opaque");
    assert_eq!(keys_of(&[&[url], &introspection[..]].concat()), (true, Some(jwks)));
    assert!(failure(&[issuer, resource, url, &public]).what.contains("are both given"));
    assert!(failure(&[issuer, url]).what.contains("--auth-jwks-url needs --auth-resource"));
    assert!(failure(&[resource, url]).what.contains("--auth-jwks-url needs --auth-issuer"));
    let symmetric = failure(&[issuer, resource, url, "--auth-algorithms=HS256"]);
    assert!(symmetric.fix.contains("--auth-jwks-file"), "{symmetric:?}");
    // A URL of the options replaces a file of the settings.
    let settings = settings::Auth { jwks_file: Some("keys".into()), ..settings::Auth::default() };
    let merged = with_settings(&parsed(&[url]), |_| false, &settings).expect("no mistake");
    assert_eq!(merged.auth_jwks_file, None);
    let settings = settings::Auth { jwks_url: Some("id.example.com".into()), ..settings };
    let bad = with_settings(&parsed(&[]), |_| false, &settings).expect_err("no URL");
    assert!(bad.what.contains("pontoon.auth.jwksUrl"), "{bad:?}");
}

#[test]
fn options_override_the_settings_of_a_file() {
    let settings = settings::Auth {
        issuer: Some("https://file.example.com".into()),
        introspection: Some("https://file.example.com/introspect".into()),
        introspection_client: Some("file".into()),
        scopes_for: vec!["tools/call:echo=mail".into()],
        ..settings::Auth::default()
    };
    let args = parsed(&["--auth-issuer", "https://id.example.com"]);
    let merged = with_settings(&args, |_| false, &settings).expect("no mistake");
    assert_eq!(merged.auth_issuer.as_deref(), Some("https://id.example.com"));
    assert_eq!(merged.auth_introspection, settings.introspection);
    assert_eq!(merged.auth_introspection_client, "file");
    assert_eq!(merged.auth_scopes_for.len(), 1);
    let bad = settings::Auth { issuer: Some("id.example.com".into()), ..settings };
    let bad = with_settings(&parsed(&[]), |_| false, &bad).expect_err("no URL");
    assert!(bad.what.contains("pontoon.auth.issuer"), "{bad:?}");
}
