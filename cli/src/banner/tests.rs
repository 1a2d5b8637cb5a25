use super::*;

fn spec(words: &[&str]) -> ChildSpec {
    let mut words = words.iter().map(Into::into);
    ChildSpec { program: words.next().unwrap(), args: words.collect(), env: None, cwd: None }
}

const ENDPOINT: Endpoint<'_> = Endpoint {
    addrs: Vec::new(),
    tls: false,
    admin: None,
    path: "/mcp",
    sse: false,
    needs_token: false,
    about: About { name: "server", what: "server --root /data" },
};

fn words(addr: &str, at_terminal: bool) -> String {
    let addrs = addr.split(' ').map(|addr| addr.parse().unwrap()).collect();
    let endpoint = Endpoint { addrs, sse: true, ..ENDPOINT };
    endpoint.listening(at_terminal).words.unwrap()
}

#[test]
fn a_program_reads_one_line() {
    assert_eq!(words("127.0.0.1:3000", false), "pontoon listening on http://127.0.0.1:3000/mcp");
}

#[test]
fn every_address_is_reached_by_that_of_loopback() {
    for at_terminal in [false, true] {
        let all = words("0.0.0.0:80", at_terminal);
        assert!(
            all.contains("http://127.0.0.1:80/mcp (bound to 0.0.0.0:80: every address"),
            "{all}"
        );
        let all = words("[::]:80", at_terminal);
        assert!(all.contains("http://[::1]:80/mcp (bound to [::]:80: every address"), "{all}");
    }
    assert!(words("[2001:db8::5]:80", false).ends_with("http://[2001:db8::5]:80/mcp"));
}

#[test]
fn all_addresses_of_a_name_are_listed() {
    for at_terminal in [false, true] {
        let both = words("127.0.0.1:80 [::1]:80", at_terminal);
        assert!(
            both.contains("http://127.0.0.1:80/mcp (bound to 127.0.0.1:80, [::1]:80)"),
            "{both}"
        );
    }
}

#[test]
fn a_person_reads_what_can_be_pasted() {
    let banner = words("127.0.0.1:3000", true);
    for part in [
        "pontoon listening on http://127.0.0.1:3000/mcp\n",
        "  serves     server --root /data\n",
        "  HTTP+SSE   http://127.0.0.1:3000/sse\n",
        "  page       http://127.0.0.1:3000/\n",
        "http://127.0.0.1:3000/health\n",
        "http://127.0.0.1:3000/metrics\n",
        "claude mcp add --transport http server http://127.0.0.1:3000/mcp\n",
        r#"{"mcpServers":{"server":{"type":"http","url":"http://127.0.0.1:3000/mcp"}}}"#,
        "curl -sS http://127.0.0.1:3000/mcp -H 'Content-Type: application/json'",
    ] {
        assert!(banner.contains(part), "{part} is missing in:{banner}");
    }
    let initialize: serde_json::Value = serde_json::from_str(INITIALIZE).unwrap();
    assert_eq!(initialize["method"], "initialize");
}

#[test]
fn a_token_has_its_place_in_what_can_be_pasted() {
    let addrs = vec!["127.0.0.1:3000".parse().unwrap()];
    let endpoint = Endpoint { addrs, needs_token: true, ..ENDPOINT };
    let banner = endpoint.listening(true).words.unwrap();
    for part in [
        "server http://127.0.0.1:3000/mcp --header 'Authorization: Bearer YOUR_TOKEN'\n",
        r#""url":"http://127.0.0.1:3000/mcp","headers":{"Authorization":"Bearer YOUR_TOKEN"}}}}"#,
        "text/event-stream' -H 'Authorization: Bearer YOUR_TOKEN' -d '{",
    ] {
        assert!(banner.contains(part), "{part} is missing in:{banner}");
    }
}

#[test]
fn the_page_is_announced_where_it_is() {
    let notice = |admin: Option<&str>, path, at_terminal| {
        let (addrs, admin) = (vec!["127.0.0.1:80".parse().unwrap()], admin.map(str::to_owned));
        Endpoint { addrs, admin, path, ..ENDPOINT }.listening(at_terminal)
    };
    let words = |admin, path, at_terminal| notice(admin, path, at_terminal).words.unwrap();
    let url = "http://127.0.0.1:90";
    let admin = Some(url);
    let banner = words(admin, "/mcp", true);
    for part in ["page       http://127.0.0.1:90/\n", "http://127.0.0.1:90/metrics\n"] {
        assert!(banner.contains(part), "{part} is missing in:{banner}");
    }
    let line = "pontoon listening on http://127.0.0.1:80/mcp; page and metrics on \
                http://127.0.0.1:90/";
    assert_eq!(words(admin, "/mcp", false), line);
    assert!(notice(admin, "/", false).fields.contains(&("admin", url.to_owned())));
    assert!(words(admin, "/", true).contains("page  "));
    assert!(!words(None, "/", true).contains("page  "), "the endpoint is there");
}

#[test]
fn a_server_is_named_after_what_runs() {
    let cases: [(&[&str], &str); 9] = [
        (&["/usr/local/bin/mcp-server-filesystem", "--root", "/data"], "mcp-server-filesystem"),
        (&["python", "-m", "mcp_server_fetch"], "mcp_server_fetch"),
        (&["python3.12", "-u", "src/weather.py"], "weather"),
        (&["npx", "-y", "@modelcontextprotocol/server-memory@1.2"], "server-memory"),
        (&["uvx", "mcp-server-time"], "mcp-server-time"),
        (&["node", "server.js", "other"], "server"),
        (&["node"], "node"),
        (&["my server"], "my_server"),
        (&["/"], "pontoon"),
    ];
    for (words, name) in cases {
        assert_eq!(name_of(&spec(words)), name, "{words:?}");
    }
}

#[test]
fn only_an_endpoint_that_strangers_reach_is_warned_of() {
    let warns = |addr: &str, allowed: &[String]| {
        let addrs = addr.split(' ').map(|addr| addr.parse().unwrap()).collect();
        Endpoint { addrs, ..ENDPOINT }.exposed(allowed).map(|notice| notice.level)
    };
    assert_eq!(warns("127.0.0.1:1", &[]), None);
    assert_eq!(warns("[::1]:1", &[]), None);
    assert_eq!(warns("127.0.0.1:1 [::1]:1", &[]), None);
    assert_eq!(warns("[::1]:1 10.0.0.5:1", &[]), Some(Level::Warning));
    assert_eq!(warns("0.0.0.0:1", &[]), Some(Level::Warning));
    assert_eq!(warns("10.0.0.5:1", &[]), Some(Level::Warning));
    assert_eq!(warns("0.0.0.0:1", &["mcp.example".to_owned()]), None);
    let all = ["mcp.example".to_owned(), "*".to_owned()];
    assert_eq!(warns("0.0.0.0:1", &all), Some(Level::Warning));
}
