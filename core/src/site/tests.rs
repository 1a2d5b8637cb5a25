use super::*;
use crate::chunk::Chunk;
use crate::http::{Request, encode_segment, without_segment};

#[test]
fn a_path_finds_its_server() {
    let routes = Routes::new(["time", "git", "möwe", "a.b"]);
    for (target, server) in [
        ("/time/mcp", Some(0)),
        ("/time/mcp?x=/git/mcp", Some(0)),
        ("/time/", Some(0)),
        ("/git/messages?sessionId=1", Some(1)),
        ("/m%C3%B6we/mcp", Some(2)),
        ("/m%c3%b6we/mcp", Some(2)),
        ("/%74ime/mcp", Some(0)),
        ("/a.b/mcp", Some(3)),
        ("/.well-known/oauth-protected-resource/time/mcp", Some(0)),
        // No server, or no path below its name.
        ("/time", None),
        ("/time?a/b", None),
        ("/Time/mcp", None),
        ("/time%2Fmcp", None),
        ("/time%2", None),
        ("/m%C3we/mcp", None),
        ("/%+1/mcp", None),
        ("//time/mcp", None),
        ("/.well-known/oauth-protected-resource", None),
        ("/", None),
        ("", None),
        ("*", None),
    ] {
        assert_eq!(routes.find(target), server, "{target}");
    }
    assert_eq!(Routes::default().find("/time/mcp"), None);
}

#[test]
fn a_target_without_its_segment_begins_with_a_slash() {
    for (target, rest) in [
        ("/time/mcp", "/mcp"),
        ("/time/mcp/?a=/b", "/mcp/?a=/b"),
        ("/time/", "/"),
        ("/time", ""),
        ("/time?a/b", ""),
        ("", ""),
    ] {
        assert_eq!(without_segment(target), rest, "{target}");
    }
}

#[test]
fn a_name_is_encoded_for_a_path() {
    assert_eq!(encode_segment("a-b_c.D9~"), "a-b_c.D9~");
    assert_eq!(encode_segment("möwe"), "m%C3%B6we");
}

fn server(name: &str, status: ServerStatus) -> SiteServer {
    SiteServer { name: name.into(), segment: name.into(), status }
}

fn text(body: Chunk) -> String {
    let bytes: Vec<u8> = body.into_iter().flat_map(|part| part.to_vec()).collect();
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn the_answers_speak_for_all_servers() {
    let summary = Summary { sessions: 2, processes: 3, unready: None };
    let mut site = SiteStatus {
        servers: vec![server("time", ServerStatus::Serving(summary))],
        ..SiteStatus::default()
    };
    let mut ask = |request, change: fn(&mut SiteStatus)| {
        change(&mut site);
        let (head, body) = answer(&request, &site).expect("an answer");
        (head.status, text(body))
    };
    let time = r#"{"name":"time","path":"/time/mcp","state":"serving","sessions":2,"processes":3}"#;
    assert_eq!(ask(Request::Servers, |_| {}), (200, format!("{{\"servers\":[{time}]}}\n")));
    let (status, body) = ask(Request::Health, |_| {});
    assert!(status == 200 && body.contains(r#""status":"healthy""#), "{status} {body}");
    assert_eq!(ask(Request::Ready, |_| {}), (200, "ok\n".to_owned()));

    let (status, body) = ask(Request::Health, |site| {
        site.servers.push(server("gull", ServerStatus::Broken("args[0]: no".into())));
    });
    assert!(status == 200 && body.contains(r#""status":"degraded""#), "{status} {body}");
    assert!(body.contains(r#""state":"broken","reason":"args[0]: no""#), "{body}");
    assert_eq!(ask(Request::Ready, |_| {}).0, 200, "others are served");

    let (status, body) = ask(Request::Ready, |site| site.fault = Some("mcp.json:3: no".into()));
    assert_eq!((status, body.as_str()), (503, "the last reload failed: mcp.json:3: no\n"));
    assert_eq!(ask(Request::Live, |_| {}), (200, "ok\n".to_owned()));
    assert_eq!(ask(Request::Ready, |site| site.stopping = true), (503, "stopping\n".to_owned()));
    assert_eq!(ask(Request::Health, |_| {}).0, 503);
    assert!(answer(&Request::Metrics, &SiteStatus::default()).is_none(), "the engine counts");
}
