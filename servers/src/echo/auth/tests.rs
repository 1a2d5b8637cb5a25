use serde_json::json;

use crate::echo::tests::rig::{Stage, jwt, stateful, stateless};

fn token() -> String {
    jwt(
        json!({ "alg": "RS256" }),
        json!({
            "sub": "user123",
            "name": "John Doe",
            "email": "john@example.com",
            "roles": ["user", "developer"],
            "iss": "https://auth.example.com",
            "aud": "https://api.example.com",
        }),
    )
}

fn documented(stage: Stage) -> Stage {
    let mut stage = stage.header("authorization", format!("Bearer {}", token())).headers(&[
        ("x-user-id", "12345"),
        ("x-user-name", "johndoe"),
        ("x-github-user", "johndoe"),
        ("x-user-email", "john@example.com"),
        ("x-user-roles", "user, developer"),
        ("mcp-session-id", "550e8400-e29b-41d4-a716-446655440000"),
        ("origin", "https://app.example.com"),
        ("x-forwarded-for", "192.168.1.100"),
        ("user-agent", "MCP-Client/1.0"),
        ("x-request-id", "req_abc123"),
        ("mcp-protocol-version", "2025-06-18"),
    ]);
    stage.http.as_mut().unwrap().peer = Some("10.0.0.7".parse().unwrap());
    stage
}

#[test]
fn the_stateless_layout_is_the_documented_one() {
    let length = token().len();
    assert_eq!(
        documented(stateless()).text("authContext", json!({})),
        format!(
            "\
🔐 Authentication Context Analysis

👤 User Information:
  User ID: 12345
  Username: johndoe
  Email: john@example.com
  Roles: [\"user\", \"developer\"]

🎫 Token Analysis:
  Type: Bearer
  Length: {length} characters
  Algorithm: RS256 (from header)
  Issuer: https://auth.example.com
  Audience: https://api.example.com

🔑 Session Information:
  Session ID: 550e8400-e29b-41d4-a716-446655440000
  Client: test-client v1.0
  Protocol: 2025-06-18

🌐 Request Context:
  Origin: https://app.example.com
  IP Address: 10.0.0.7 (forwarded for 192.168.1.100)
  User Agent: MCP-Client/1.0

⚠️ Authentication Status: UNVERIFIED (a Bearer token, not checked by this server)"
        )
    );
}

#[test]
fn the_stateful_layout_is_the_documented_one() {
    let length = token().len();
    assert_eq!(
        documented(stateful()).text("authContext", json!({})),
        format!(
            "\
🔐 Authentication Context

👤 User Information:
- User ID: 12345
- Username: johndoe
- GitHub User: johndoe

🎫 Token Details:
- Token Type: Bearer
- Token Length: {length} characters
- Token Preview: eyJhbG...

🔑 Derived Information:
- Authentication: ⚠️ Unverified (a Bearer token, not checked here)
- Session: 550e8400-e29b-41d4-a716-446655440000
- Request ID: req_abc123"
        )
    );
}

#[test]
fn what_only_the_token_says_is_marked() {
    let stage = stateless().header("authorization", format!("bearer {}", token()));
    let text = stage.text("authContext", json!({}));
    for line in [
        "  User ID: user123 (from token)\n",
        "  Username: John Doe (from token)\n",
        "  Email: john@example.com (from token)\n",
        "  Roles: [\"user\", \"developer\"] (from token)\n",
        "  IP Address: n/a\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn without_credentials_nothing_is_claimed() {
    let mut stage = stateless();
    stage.client = Default::default();
    assert_eq!(
        stage.text("authContext", json!({})),
        "\
🔐 Authentication Context Analysis

👤 User Information:
  User ID: n/a
  Username: n/a
  Email: n/a
  Roles: n/a

🎫 Token Analysis:
  Type: n/a
  Length: n/a
  Algorithm: n/a
  Issuer: n/a
  Audience: n/a

🔑 Session Information:
  Session ID: n/a
  Client: n/a
  Protocol: n/a

🌐 Request Context:
  Origin: n/a
  IP Address: n/a
  User Agent: n/a

❌ Authentication Status: NO CREDENTIALS"
    );
    assert!(
        stateful().text("authContext", json!({})).contains("- Authentication: ❌ No credentials\n")
    );
}

#[test]
fn other_credentials_are_named_and_not_shown() {
    for (value, kind, presented) in [
        ("Basic dXNlcjpodW50ZXIy", json!("Basic"), "credentials"),
        ("dXNlcjpodW50ZXIy", json!(null), "credentials of an unknown scheme"),
        ("Bearer dXNlcjpodW50ZXIy", json!("Bearer"), "a Bearer token"),
    ] {
        for stage in [stateful(), stateless()] {
            let result = stage.header("authorization", value).call("authContext", json!({}));
            assert!(!format!("{result:?}").contains("dXNlcjpodW50ZXIy"), "{result:?}");
            let data = result.structured.unwrap();
            assert_eq!((&data["token"]["type"], &data["presented"]), (&kind, &json!(presented)));
            assert_eq!(data["status"], "unverified");
        }
    }
    let named = stateless().header("x-user-id", "12345").text("authContext", json!({}));
    assert!(named.contains("UNVERIFIED (headers that name a user, not checked"), "{named}");
}

#[test]
fn roles_may_be_a_list_of_either_kind() {
    for (header, shown) in [
        ("[\"a\",\"b\"]", "[\"a\", \"b\"]"),
        ("a,b", "[\"a\", \"b\"]"),
        ("a", "[\"a\"]"),
        ("[broken", "[\"[broken\"]"),
    ] {
        let data = stateless().header("x-user-roles", header).data("authContext", json!({}));
        assert_eq!(data["user"]["roles"], shown);
    }
}

#[test]
fn the_github_user_may_be_the_login_of_a_token() {
    let token = jwt(json!({ "alg": "RS256" }), json!({ "login": "octocat" }));
    let stage = stateful().header("authorization", format!("Bearer {token}"));
    let text = stage.text("authContext", json!({}));
    assert!(text.contains("- GitHub User: octocat (from token)\n"), "{text}");
}
