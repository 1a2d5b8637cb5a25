use super::*;
use crate::observe::RecentFigures;

fn overview() -> Overview {
    Overview {
        state: ServerState::Running,
        reason: None,
        sessions: 2,
        children: 3,
        in_flight: 1,
        requests: 40,
        errors: 4,
        refused: 5,
        recent: RecentFigures {
            per_second: 0.123_456,
            p50: Some(Duration::from_micros(1_500)),
            p99: Some(Duration::from_millis(20)),
        },
        uptime: Duration::from_secs(9),
    }
}

fn server(name: &str, status: ServerStatus) -> SiteServer {
    SiteServer { name: name.into(), path: Some(format!("/{name}/mcp").into()), status }
}

/// A program with the server `time`, after a change.
fn site(change: impl FnOnce(&mut SiteStatus)) -> SiteStatus {
    let mut site = SiteStatus {
        uptime: Duration::from_secs(7),
        servers: vec![server("time", ServerStatus::Serving(overview()))],
        ..SiteStatus::default()
    };
    change(&mut site);
    site
}

fn broken(site: &mut SiteStatus) {
    site.servers.push(server("gull", ServerStatus::Broken("args[0]: no".into())));
}

fn failing(site: &mut SiteStatus) {
    let (state, reason) = (ServerState::Failing, Some("the command does not start"));
    site.servers[0].status = ServerStatus::Serving(Overview { state, reason, ..overview() });
}

fn text(body: Chunk) -> String {
    let bytes: Vec<u8> = body.into_iter().flat_map(|part| part.to_vec()).collect();
    String::from_utf8(bytes).expect("UTF-8")
}

fn ask(request: &Request, site: &SiteStatus) -> (u16, String) {
    let (head, body) = answer(request, site).expect("an answer");
    (head.status, text(body))
}

fn json(request: &Request, site: &SiteStatus) -> (u16, Value) {
    let (status, body) = ask(request, site);
    (status, serde_json::from_str(&body).expect("JSON"))
}

const LIST: Request = Request::Servers { html: false };

#[test]
fn the_list_has_each_server_with_its_figures() {
    let (status, body) = json(&LIST, &site(broken));
    let time = json!({
        "name": "time", "path": "/time/mcp", "state": "running", "sessions": 2, "processes": 3,
        "in_flight": 1, "requests": 40, "errors": 4, "refused": 5, "requests_per_second": 0.12,
        "p50_ms": 1.5, "p99_ms": 20.0,
    });
    let gull = json!({
        "name": "gull", "path": "/gull/mcp", "state": "broken", "reason": "args[0]: no",
    });
    assert_eq!((status, body), (200, json!({"uptime": 7, "servers": [time, gull]})));
}

#[test]
fn the_list_says_whether_a_client_needs_a_token() {
    let (_, body) = json(&LIST, &site(|site| site.needs_token = true));
    assert_eq!(body["needs_token"], true);
    let (_, body) = json(&LIST, &site(|_| {}));
    assert_eq!(body["needs_token"], Value::Null);
}

#[test]
fn a_quantile_of_no_request_is_null() {
    let quiet = Overview { recent: RecentFigures::default(), ..overview() };
    let quiet = site(|site| site.servers[0].status = ServerStatus::Serving(quiet));
    let (_, body) = json(&LIST, &quiet);
    assert_eq!(body["servers"][0]["p99_ms"], Value::Null);
    assert_eq!(body["servers"][0]["requests_per_second"], 0.0);
}

#[test]
fn a_browser_gets_a_page_that_runs_only_its_own_script() {
    let (head, body) = answer(&Request::Servers { html: true }, &site(|_| {})).unwrap();
    assert_eq!((head.status, head.content_type), (200, Some(ContentType::Html)));
    let mut headers = Vec::new();
    head.headers(|name, value| headers.push((name, value.into_owned())));
    let value = |name: &str| headers.iter().find(|(it, _)| *it == name).map(|(_, it)| it.as_str());
    assert!(value("content-security-policy").unwrap().starts_with("default-src 'none'; "));
    assert_eq!(value("x-content-type-options"), Some("nosniff"));
    assert_eq!(value("referrer-policy"), Some("no-referrer"));
    assert_eq!(value("cache-control"), Some("no-store"));
    assert!(text(body).starts_with("<!doctype html>\n"));
}

#[test]
fn health_is_that_of_all_servers() {
    for (site, status, word) in [
        (site(|_| {}), 200, "healthy"),
        (site(broken), 200, "degraded"),
        (site(failing), 503, "unhealthy"),
        (site(|site| site.fault = Some("mcp.json:3: no".into())), 200, "degraded"),
        (site(|site| site.servers[0].status = ServerStatus::Draining), 503, "unhealthy"),
        (site(|site| site.servers.clear()), 200, "healthy"),
        (site(|site| site.stopping = true), 503, "stopping"),
    ] {
        let (found, body) = json(&Request::Health { detailed: true }, &site);
        assert_eq!((found, body["status"].as_str()), (status, Some(word)), "{site:?}");
    }
    let (_, body) = json(
        &Request::Health { detailed: true },
        &site(|site| site.fault = Some("x.json:3: no".into())),
    );
    assert_eq!(body["problem"], "x.json:3: no");
}

#[test]
fn one_server_takes_no_other_out_of_rotation() {
    let (status, body) = ask(&Request::Ready { awaits_keys: false, detailed: true }, &site(broken));
    assert_eq!((status, body.as_str()), (200, "ok\ngull: args[0]: no\n"));
    let (status, body) =
        ask(&Request::Ready { awaits_keys: false, detailed: true }, &site(failing));
    assert_eq!((status, body.as_str()), (200, "ok\ntime: the command does not start\n"));
    assert_eq!(
        ask(&Request::Ready { awaits_keys: false, detailed: true }, &site(|_| {})),
        (200, "ok\n".to_owned())
    );
}

#[test]
fn a_sender_that_is_not_known_learns_no_name_and_no_reason() {
    let (health, ready) = (
        Request::Health { detailed: false },
        Request::Ready { awaits_keys: false, detailed: false },
    );
    let failed = site(|site| site.fault = Some("mcp.json:3: no".into()));
    for (site, of_health, word, counts, of_ready) in [
        (site(|_| {}), 200, "healthy", (1, 1), (200, "ok\n")),
        (site(broken), 200, "degraded", (1, 2), (200, "ok\n")),
        (site(failing), 503, "unhealthy", (0, 1), (200, "ok\n")),
        (failed, 200, "degraded", (1, 1), (503, "not ready\n")),
        (site(|site| site.stopping = true), 503, "stopping", (1, 1), (503, "stopping\n")),
    ] {
        let (ready_servers, total) = counts;
        let body = json!({"status": word, "uptime": 7, "servers_ready": ready_servers,
                          "servers_total": total});
        assert_eq!(json(&health, &site), (of_health, body));
        let (status, body) = ask(&ready, &site);
        assert_eq!((status, body.as_str()), of_ready);
    }
}

#[test]
fn a_failed_reload_and_a_stop_end_readiness_but_not_liveness() {
    let failed = site(|site| site.fault = Some("mcp.json:3: no".into()));
    let (status, body) = ask(&Request::Ready { awaits_keys: false, detailed: true }, &failed);
    assert_eq!((status, body.as_str()), (503, "the last reload failed: mcp.json:3: no\n"));
    let stopping = site(|site| site.stopping = true);
    assert_eq!(
        ask(&Request::Ready { awaits_keys: false, detailed: true }, &stopping),
        (503, "stopping\n".to_owned())
    );
    for site in [failed, stopping] {
        assert_eq!(ask(&Request::Live, &site), (200, "ok\n".to_owned()));
    }
}

#[test]
fn metrics_say_which_servers_are_ready() {
    let mut own = MetricsText::of_server("time");
    own.family("pontoon_sessions", "gauge", "Sessions that are open.");
    own.sample("pontoon_sessions", &[], 2);
    let (head, body) = metrics(&site(broken), MetricsText::default(), [own]);
    assert_eq!((head.status, head.content_type), (200, Some(ContentType::Metrics)));
    let body = text(body);
    for line in [
        "pontoon_reload_failed 0\n",
        "pontoon_server_ready{server=\"time\"} 1\npontoon_server_ready{server=\"gull\"} 0\n",
        "pontoon_sessions{server=\"time\"} 2\n",
    ] {
        assert!(body.contains(line), "{line} in {body}");
    }
}
