use super::*;
use crate::protocol::Revision;
use crate::random::IdSource;

fn session() -> SessionId {
    IdSource::new([7; 32]).session()
}

fn fields(event: &Event) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    event.fields(|name, value| fields.push((name, format!("{value:?}"))));
    fields
}

#[test]
fn a_request_that_is_refused_for_its_head_is_named() {
    let detail = Some(Detail::of_request("GET", "/missing\x1b"));
    let event = Event::Refused { reject: Reject::NotFound, detail };
    let last = fields(&event).pop().unwrap();
    assert_eq!(last.0, "request");
    assert!(last.1.contains(r"GET /missing\\u{1b}"), "{}", last.1);
}

#[test]
fn a_refused_peer_is_named_with_the_option_that_would_allow_it() {
    let shown = |reject, name: &str, value: &[u8]| {
        let detail = Some(Detail::of_header(name, value));
        let mut fields = Vec::new();
        Event::Refused { reject, detail }.fields(|name, value| match value {
            Value::Text(text) if name != "reason" => fields.push(format!("{name}={text}")),
            _ => {}
        });
        fields
    };
    let host = |value| shown(Reject::ForbiddenHost, "host", value);
    let origin = |value| shown(Reject::ForbiddenOrigin, "origin", value);
    assert_eq!(host(b"app.example"), ["host=app.example", "allowed_by=--allow-host app.example"]);
    let page = ["origin=https://app.example", "allowed_by=--allow-origin https://app.example"];
    assert_eq!(origin(b"https://app.example"), page);
    assert_eq!(origin(b"null"), ["origin=null"], "it cannot be listed");
    assert_eq!(origin(b"a\x1b\xff"), ["origin=a\\u{1b}\\xff"]);
    assert!(host(&[b'a'; 5000])[0].len() < 120, "cut short");
    assert_eq!(origin(b"http://me:secret@a")[0], "origin=http://***@a");
}

fn done() -> Answered {
    Answered {
        id: Some(crate::server::request_id(7)),
        peer: Some([192, 0, 2, 1].into()),
        client: Some("c".into()),
        session: Some(session()),
        method: "tools/call",
        tool: Some("echo".into()),
        status: 200,
        took: Duration::from_millis(2),
        error: Some("error"),
    }
}

/// One event of every kind.
fn every_event() -> Vec<Event> {
    let (child, session) = (ChildId(3), session());
    let (status, stderr) = (ExitStatus::Code(1), Bytes::from_static(b"no\nluck"));
    vec![
        Event::ChildStarted { child, pid: 42 },
        Event::ChildFailed { child, error: SpawnError::NoResources },
        Event::ChildEnded {
            child,
            status,
            asked: false,
            unanswered: 2,
            stderr: stderr.clone(),
            is_logged: false,
        },
        Event::ChildUnusable { status, stderr: stderr.clone(), is_logged: false },
        Event::ChildStderr { child, line: stderr },
        Event::ChildStderrSkipped { child, lines: 9 },
        Event::InitializeRefused { child, words: "no".into() },
        Event::KeysFetched { url: "https://a/jwks".into(), keys: 2 },
        Event::KeysFailed {
            url: "https://a/jwks".into(),
            why: "no answer in time".into(),
            pause: Duration::from_secs(1),
            has_keys: true,
        },
        Event::IntrospectionFailed { url: "https://a/i".into(), why: "no answer in time".into() },
        Event::StartAwaited { command: "npx".into(), waited: Duration::from_secs(12) },
        Event::ChildNoise { child, flaw: Flaw::NotJson, excerpt: "hello".into(), bytes: 9 },
        Event::ChildNoiseSkipped { child, lines: 9 },
        Event::ChildNotMcp { child, excerpt: "hello".into() },
        Event::ChildGivenUp { child, status },
        Event::Dropped { what: Dropped::Overflow, session },
        Event::Refused {
            reject: Reject::ForbiddenHost,
            detail: Some(Detail::of_header("host", b"a")),
        },
        Event::TimedOut {
            method: "ping",
            session: Some(session),
            limit: Duration::from_secs(30),
            option: Some("--request-timeout"),
        },
        Event::RequestDone(Box::new(done())),
        Event::SessionOpening { session, child },
        Event::SessionOpened {
            session,
            revision: Revision::NEWEST.as_str().into(),
            peer: Some([127, 0, 0, 1].into()),
            client: Some("c".into()),
        },
        Event::SessionClosed { session, why: SessionEnd::Expired, lived: Duration::from_secs(1) },
        Event::Skipped { what: "refused", reason: "forbidden_host", times: 3 },
        Event::StopDelayed { delay: Duration::from_secs(5) },
        Event::Draining { sessions: 4 },
        Event::StillStopping { processes: 2 },
        Event::Stopped { forced: false },
    ]
}

#[test]
fn every_event_has_a_name_of_its_own_and_fields_of_their_own() {
    let events = every_event();
    let mut names: Vec<_> = events.iter().map(Event::name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), events.len());
    for event in &events {
        let mut keys: Vec<_> = fields(event).into_iter().map(|(name, _)| name).collect();
        assert!(!keys.is_empty(), "{} has no fields", event.name());
        keys.sort_unstable();
        let all = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), all, "{} has a field twice", event.name());
        // These names are used beside the fields in a log line.
        for taken in ["timestamp", "level", "event", "message"] {
            assert!(!keys.contains(&taken), "{} has a field {taken}", event.name());
        }
    }
}

#[test]
fn no_event_shows_a_whole_session_id() {
    let whole = session().to_string();
    let shown = format!("{}…", &whole[..8]);
    let mut seen = 0;
    for event in every_event() {
        for (name, value) in fields(&event) {
            assert!(!value.contains(&whole), "{}.{name}", event.name());
            seen += usize::from(value.contains(&shown));
        }
    }
    assert_eq!(seen, 6, "the events of a session name it");
}

#[test]
fn an_unexpected_end_warns_and_an_expected_one_informs() {
    let end = |asked| {
        let (child, stderr) = (ChildId(1), Bytes::new());
        Event::ChildEnded {
            child,
            status: ExitStatus::Code(0),
            asked,
            unanswered: 0,
            stderr,
            is_logged: false,
        }
    };
    assert_eq!(end(false).level(), Level::Warning);
    assert_eq!(end(true).level(), Level::Info);
    assert!(fields(&end(true)).iter().all(|(name, _)| *name != "stderr"), "nothing was written");
}

#[test]
fn standard_error_that_is_in_the_log_is_not_repeated() {
    let (child, status, stderr) = (ChildId(1), ExitStatus::Code(1), Bytes::from_static(b"no"));
    for is_logged in [false, true] {
        let (asked, unanswered, stderr) = (false, 0, stderr.clone());
        let unusable = Event::ChildUnusable { status, stderr: stderr.clone(), is_logged };
        let ended = Event::ChildEnded { child, status, asked, unanswered, stderr, is_logged };
        for event in [unusable, ended] {
            let has_it = fields(&event).iter().any(|(name, _)| *name == "stderr");
            assert_eq!(has_it, !is_logged, "{}", event.name());
        }
    }
}

#[test]
fn an_answered_request_says_whose_and_which_it_was() {
    let event = Event::RequestDone(Box::new(done()));
    assert_eq!(event.level(), Level::Info);
    let names: Vec<_> = fields(&event).into_iter().map(|(name, _)| name).collect();
    let all = "context method tool status took ok error session client peer";
    assert_eq!(names.join(" "), all);
    let bare = Answered {
        id: None,
        peer: None,
        client: None,
        session: None,
        tool: None,
        error: None,
        ..done()
    };
    let names: Vec<_> =
        fields(&Event::RequestDone(Box::new(bare))).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["method", "status", "took", "ok"]);
}

#[test]
fn what_an_operator_can_put_right_matters_more() {
    let level = |reject| Event::Refused { reject, detail: None }.level();
    assert_eq!(level(Reject::BadJson), Level::Info);
    assert_eq!(level(Reject::ForbiddenOrigin), Level::Warning);
    assert_eq!(level(Reject::SessionsFull), Level::Warning);
    let skipped = |what| Event::Skipped { what, reason: "rate", times: 1 }.level();
    assert_eq!((skipped("request_done"), skipped("refused")), (Level::Info, Level::Warning));
}

#[test]
fn fields_say_what_happened() {
    let event = Event::ChildEnded {
        child: ChildId(3),
        status: ExitStatus::Signal(9),
        asked: false,
        unanswered: 2,
        stderr: Bytes::from_static(b"oh"),
        is_logged: false,
    };
    let mut seen = Vec::new();
    event.fields(|name, value| {
        seen.push(match value {
            Value::Bytes(bytes) => format!("{name}={}", String::from_utf8_lossy(bytes)),
            Value::Count(count) => format!("{name}={count}"),
            Value::Flag(flag) => format!("{name}={flag}"),
            Value::Text(text) => format!("{name}={text}"),
            Value::Named(inner, text) => format!("{name}.{inner}={text}"),
            Value::Time(time) => format!("{name}={time:?}"),
        });
    });
    let wanted = [
        "child=3",
        "status=was killed by signal 9 (SIGKILL)",
        "requested=false",
        "pending=2",
        "stderr=oh",
    ];
    assert_eq!(seen, wanted);
}

/// The names are words of the log and labels of metrics: a name changes only with a line in
/// `CHANGELOG.md`, even if the variant is renamed.
#[test]
fn names_stay_the_same() {
    let joined = |names: &[&str]| names.join(" ");
    assert_eq!(joined(Event::VARIANTS), joined(EVENTS));
    assert_eq!(joined(Level::VARIANTS), "debug info warning error");
    assert_eq!(
        joined(SessionEnd::VARIANTS),
        "abandoned child_ended deleted evicted expired overflow refused shutdown"
    );
    assert_eq!(
        joined(Dropped::VARIANTS),
        "unknown_answer undeliverable_answer unknown_cancel unknown_notification unknown_progress unknown_client_answer unanswered_ask overflow"
    );
    assert_eq!(Event::Stopped { forced: true }.name(), "stopped");
}

const EVENTS: &[&str] = &[
    "child_started",
    "child_failed",
    "child_ended",
    "child_unusable",
    "initialize_refused",
    "start_awaited",
    "era_found",
    "child_stderr",
    "child_stderr_skipped",
    "child_given_up",
    "child_noise",
    "child_noise_skipped",
    "child_not_mcp",
    "dropped",
    "timed_out",
    "refused",
    "tls_failed",
    "request_done",
    "session_opening",
    "session_opened",
    "session_restored",
    "restore_refused",
    "session_closed",
    "skipped",
    "keys_fetched",
    "keys_failed",
    "introspection_failed",
    "stop_delayed",
    "draining",
    "still_stopping",
    "stopped",
];
