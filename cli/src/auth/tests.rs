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
    let failure = remote(&parsed_with(&empty)).expect_err("a mistake");
    assert!(failure.what.contains("--auth-introspection-secret"), "{failure:?}");
    let failure = remote(&parsed_with("/no/such/file")).expect_err("a mistake");
    assert!(failure.what.contains("/no/such/file"), "{failure:?}");
    let secret = file("real-secret", "s3cret\n");
    let failure = remote(&parsed_with(&secret)).expect_err("a mistake");
    assert!(failure.what.contains("--auth-resource"), "{failure:?}");
    let mut args = parsed_with(&secret);
    args.auth_resource = Some("https://mcp.example.com/mcp".into());
    let remote = remote(&args).expect("no mistake").expect("an issuer");
    let introspection = remote.introspection.as_ref().expect("an endpoint");
    assert_eq!(introspection.client_secret.as_str(), "s3cret");
    assert!(!format!("{remote:?}").contains("s3cret"), "{remote:?}");
}
