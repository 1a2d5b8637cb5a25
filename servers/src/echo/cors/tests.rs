use serde_json::json;

use super::*;
use crate::echo::tests::rig::{Stage, stateful, stateless};

const PAGE: &str = "https://app.example.com";

/// Makes it a request of a page whose origin is listed.
fn listed(mut stage: Stage) -> Stage {
    stage.settings.origins = vec![PAGE.to_owned()];
    stage.http.as_mut().unwrap().cors = true;
    stage.header("origin", PAGE)
}

#[test]
fn the_stateless_layout_is_the_documented_one() {
    let stage = listed(stateless()).headers(&[
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization, content-type"),
    ]);
    assert_eq!(
        stage.text("corsAnalysis", json!({})),
        "\
🌐 CORS Analysis

📥 Request Headers:
  Origin: https://app.example.com
  Access-Control-Request-Method: POST
  Access-Control-Request-Headers: authorization, content-type

📤 Response Headers (Expected):
  Access-Control-Allow-Origin: https://app.example.com
  Access-Control-Allow-Methods: POST, OPTIONS
  Access-Control-Allow-Headers: authorization, content-type, accept, last-event-id, mcp-protocol-version, mcp-session-id, mcp-method, mcp-name, and any other that is asked for
  Access-Control-Allow-Credentials: not sent
  Access-Control-Max-Age: 86400

🔍 CORS Status:
  ✅ Origin allowed
  ✅ Method allowed
  ✅ Headers allowed
  ❌ Credentials not allowed

💡 Recommendations:
- Let only the gateway (Traefik) send CORS headers
- This server sends them to pages of this machine and 1 allowed origin
- List origins explicitly: a wildcard admits every site"
    );
}

#[test]
fn the_stateful_layout_is_the_documented_one() {
    assert_eq!(
        listed(stateful()).text("corsAnalysis", json!({})),
        "\
🌐 CORS Analysis

Allowed Origins: http(s)://localhost, 127.0.0.1 and [::1] with any port, https://app.example.com
Allowed Methods: GET, POST, DELETE, OPTIONS
Allowed Headers: Authorization, Content-Type, Accept, Last-Event-Id, Mcp-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name, and any other that is asked for
Exposed Headers: Mcp-Session-Id, Retry-After, Www-Authenticate
Max Age: 86400
Credentials: false
This Request: ✅ https://app.example.com may read the answer

Status: ✅ CORS for pages of this machine and 1 allowed origin"
    );
}

#[test]
fn by_default_there_is_cors_for_loopback_alone() {
    let text = stateful().text("corsAnalysis", json!({}));
    for line in [
        "Allowed Origins: http(s)://localhost, 127.0.0.1 and [::1] with any port\n",
        "This Request: no Origin header, so CORS does not apply\n",
        "Status: 🔒 CORS for pages of this machine only",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let text = stateless().header("origin", PAGE).text("corsAnalysis", json!({}));
    for line in [
        "Access-Control-Allow-Origin: not sent",
        "❌ Origin not allowed",
        "❌ Method not allowed",
        "❌ Headers not allowed",
        "❌ Credentials not allowed",
        "- This server sends them to pages of this machine only",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let text = stateless().text("corsAnalysis", json!({}));
    assert!(!text.contains("allowed"), "without an origin there is nothing to allow: {text}");
}

#[test]
fn what_the_server_would_refuse_is_said() {
    let stage = listed(stateless()).headers(&[
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "authorization, x-own"),
    ]);
    let data = stage.data("corsAnalysis", json!({}));
    assert_eq!(
        (&data["allowed"], &data["method_allowed"], &data["headers_allowed"]),
        (&json!(true), &json!(false), &json!(true))
    );
    // A request that is not a preflight is judged by its method and headers.
    let stage = listed(stateless())
        .headers(&[("content-type", "application/json"), ("x-request-id", "a gateway's")]);
    let data = stage.data("corsAnalysis", json!({}));
    assert_eq!((&data["method_allowed"], &data["headers_allowed"]), (&json!(true), &json!(true)));
}

#[test]
fn an_origin_that_is_an_argument_is_analysed() {
    for (origin, allowed) in [
        (PAGE, true),
        ("http://localhost:5173", true),
        ("https://evil.example", false),
        ("null", false),
        ("app.example.com", false),
    ] {
        for stage in [listed(stateless()), listed(stateful())] {
            let data = stage.data("corsAnalysis", json!({"origin": origin}));
            assert_eq!((&data["origin"], &data["allowed"]), (&json!(origin), &json!(allowed)));
            assert_eq!(data["response_headers"] != json!({}), allowed, "{origin}");
        }
    }
    let text = stateful().text("corsAnalysis", json!({"origin": PAGE}));
    assert!(text.contains(&format!("This Origin: ❌ {PAGE} may not read the answer")), "{text}");
}

#[test]
fn the_data_holds_the_headers_that_are_sent() {
    let data = listed(stateful()).data("corsAnalysis", json!({}));
    assert_eq!(data["response_headers"]["access-control-allow-origin"], PAGE);
    assert_eq!(data["credentials_allowed"], false);
    assert_eq!(stateful().data("corsAnalysis", json!({}))["response_headers"], json!({}));
}

#[test]
fn the_policy_is_the_one_that_is_sent() {
    let policy = Policy::of_server(Program::Stateful);
    assert!(policy.allows_method("POST") && !policy.allows_method("post"));
    assert!(!policy.credentials, "a page's cookies mean nothing here");
    assert_eq!(
        sent(Program::Stateful, PAGE, false)[0],
        ("access-control-allow-origin", PAGE.to_owned())
    );
}
