use super::*;
use crate::reject::TokenFlaw;

#[test]
fn metadata_is_at_the_well_known_path_of_the_resource() {
    let root = "https://mcp.example.com/.well-known/oauth-protected-resource";
    for (url, canonical, metadata) in [
        ("https://mcp.example.com/mcp", "https://mcp.example.com/mcp", format!("{root}/mcp")),
        ("HTTPS://MCP.Example.com:443/mcp/", "https://mcp.example.com/mcp", format!("{root}/mcp")),
        ("https://mcp.example.com", "https://mcp.example.com", root.to_owned()),
        ("https://mcp.example.com/a/MCP", "https://mcp.example.com/a/MCP", format!("{root}/a/MCP")),
    ] {
        let resource = Resource::new(url).expect(url);
        assert_eq!((resource.url(), &*resource.metadata), (canonical, &*metadata));
    }
    let resource = Resource::new("https://mcp.example.com/team/mcp").unwrap();
    for (path, expected) in [
        (WELL_KNOWN, true),
        ("/.well-known/oauth-protected-resource/", true),
        ("/.well-known/oauth-protected-resource/mcp", true),
        ("/.well-known/oauth-protected-resource/team/mcp", true),
        ("/.well-known/oauth-protected-resource/other", false),
        ("/.well-known/oauth-protected-resource-mcp", false),
        ("/.well-known/oauth-authorization-server", false),
    ] {
        assert_eq!(resource.has_metadata_at(path, "/mcp"), expected, "{path}");
    }
}

#[test]
fn a_url_that_is_no_resource_is_refused() {
    for url in [
        "mcp.example.com/mcp",
        "ftp://mcp.example.com",
        "https://",
        "https://mcp.example.com/mcp?x=1",
        "https://mcp.example.com/mcp#x",
        "https://user@mcp.example.com/mcp",
        "https://mcp.example.com/\"quoted",
        "https://mcp.example.com/two words",
    ] {
        assert!(Resource::new(url).is_err(), "{url}");
    }
}

#[test]
fn only_its_own_audiences_are_accepted() {
    let resource = Resource::new("https://mcp.example.com/mcp").unwrap();
    let resource = resource.with_audiences(&["api://mcp".to_owned()]);
    let accepts = |audience: &str| resource.is_meant_by(&[audience.into()]);
    for audience in ["https://mcp.example.com/mcp", "https://MCP.example.com/mcp/", "api://mcp"] {
        assert!(accepts(audience), "{audience}");
    }
    for audience in [
        "https://mcp.example.com",
        "https://mcp.example.com/mcp2",
        "https://mcp.example.com/MCP",
        "http://mcp.example.com/mcp",
        "https://mcp.example.com.evil.example/mcp",
        "API://mcp",
        "",
    ] {
        assert!(!accepts(audience), "{audience}");
    }
    assert!(!resource.is_meant_by(&[]));
}

#[test]
fn challenges_name_the_metadata_and_the_scopes() {
    let resource = Resource::new("https://mcp.example.com/mcp").unwrap();
    let at =
        "resource_metadata=\"https://mcp.example.com/.well-known/oauth-protected-resource/mcp\"";
    let of = |reject| challenge(reject, Some(&resource), &["mcp"]).unwrap();
    assert_eq!(of(Reject::MissingToken), format!("Bearer {at}, scope=\"mcp\""));
    let bad = of(Reject::BadToken(TokenFlaw::Audience));
    assert!(bad.starts_with("Bearer error=\"invalid_token\", error_description=\""), "{bad}");
    assert!(bad.ends_with(&format!("{at}, scope=\"mcp\"")), "{bad}");
    assert!(of(Reject::InsufficientScope).contains("error=\"insufficient_scope\""));
    assert_eq!(challenge(Reject::NotFound, Some(&resource), &["mcp"]), None);
    let none: [&str; 0] = [];
    assert_eq!(challenge(Reject::MissingToken, None, &none).as_deref(), Some("Bearer"));
}
