//! Children: failures to start, faults, crashes and stops.
//!
//! MCP 2025-11-25, basic/lifecycle (Shutdown: stdio) and basic/transports (stdio).

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Target;
use crate::client::{Client, NEWEST, initialize, tool_call};
use crate::pontoon::Pontoon;
use crate::probe::{fds, is_running, process, rss_kib};
use crate::sim;
use crate::wait::{Instant, eventually, millis, seconds, sleep};
use crate::wire::{Request, Response};

cases! { $ children:
    exit_at_a_later_start
    slow_start
    a_slow_start_that_ends_on_the_first_question
    a_client_that_tries_again_meets_the_same_child
    a_child_that_ends_on_the_question_is_started_again
    crash_with_one_request
    crash_with_many_requests
    death_by_signal
    crash_when_idle
    floods_of_output
    floods_of_errors
    partial_lines
    wrong_and_double_answers
    noise
    bad_utf8
    crlf
    long_line
    deep_answer
    closed_stdout
    closed_stdin
    sigterm_and_sigkill
    grandchildren
    grandchildren_that_left_the_group
    many_sessions_leave_nothing_behind
    process_groups
    arguments_arrive_verbatim

    ; on sockets only:
    commands_that_cannot_be_run: "the command line looks for the program on the disk"
    exit_at_the_start: "the command line ends the program, and says why"
    a_dead_command_is_started_once: "the command line ends the program, and says why"
    environment_and_descriptors: "what a process inherits is the system's"
    clean_environment: "what a process inherits is the system's"
}

fn scene(target: &Target, flags: &[&str]) -> (Pontoon, Client) {
    let pontoon = target.proxy().child(flags).start();
    let client = Client::open(&pontoon);
    (pontoon, client)
}

fn open(pontoon: &Pontoon) -> Response {
    Request::post(initialize(NEWEST).to_string()).send(pontoon.addr)
}

/// Returns the error of an answer; panics unless it is pontoon's for a failed child.
#[track_caller]
fn failure(answer: &Value) -> &str {
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
    answer["error"]["message"].as_str().expect("a message")
}

/// Asserts that the session has ended with its child, and that a new one can be opened.
#[track_caller]
fn expect_ended(pontoon: &Pontoon, client: &Client) {
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    client.send(ping).expect_error(404, -32603, "the session went with its child");
    Client::open(pontoon).expect_served();
}

/// Asserts that no process is left unreaped.
#[track_caller]
fn expect_no_zombies(pontoon: &Pontoon) {
    let zombies = || {
        let mut all = pontoon.descendants();
        all.retain(|process| process.state == 'Z');
        all
    };
    eventually(&format!("no zombies: {:?}", zombies()), seconds(3), || zombies().is_empty());
}

pub fn commands_that_cannot_be_run(target: &Target) {
    for (command, code) in [
        ("/no/such/command", 127),
        ("no-such-command-in-the-path", 127),
        ("/etc/passwd", 126),
        ("/tmp", 126),
    ] {
        let started = Instant::now();
        let (status, log) = target.proxy().wrapping(&[command, "x"]).run();
        assert_eq!(status.code(), Some(code), "{command}: {log}");
        assert!(log.contains(command), "names it: {log}");
        assert!(log.contains("why:") && log.contains("hint:"), "says why, and what to do: {log}");
        assert!(!log.contains("panicked"), "{log}");
        assert!(started.elapsed() < seconds(5), "{command}: {:?}", started.elapsed());
    }
}

pub fn exit_at_the_start(target: &Target) {
    for code in ["0", "1", "42"] {
        let (status, log) = target.proxy().child(&["--exit-at-start", code]).run();
        // A command that cannot work is reported before any client needs it.
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains(&format!("exited with status {code}")), "names the status: {log}");
        assert!(log.contains(&format!("exiting with {code}, as told")), "its last words: {log}");
    }
}

pub fn a_dead_command_is_started_once(target: &Target) {
    let options = ["--child-era", "probe"];
    let starts = |flags: &[&str]| {
        let (status, log) = target.proxy().options(&options).child(flags).run();
        assert_eq!(status.code(), Some(1), "{log}");
        let count = |text: &str| log.matches(text).count();
        assert_eq!(count("child_unusable"), 1, "one report: {log}");
        // An exit that is seen later than the closed pipes is that of a child that was given up.
        let given_up = count("\"child_given_up\"");
        assert_eq!(count("child_ended"), count("child_started") - 1 + given_up, "{log}");
        count("child_started")
    };
    for code in ["0", "1", "42"] {
        assert_eq!(starts(&["--exit-at-start", code]), 1);
    }
}

pub fn a_child_that_ends_on_the_question_is_started_again(target: &Target) {
    let pontoon =
        target.proxy().options(&["--child-era", "probe"]).child(&["--exit-on-discover"]).start();
    Client::open(&pontoon).expect_served();
    assert_eq!(pontoon.log_events("child_unusable"), [] as [Value; 0]);
}

pub fn exit_at_a_later_start(target: &Target) {
    let (mut pontoon, client) = scene(target, &["--exit-if-told"]);
    pontoon.record.set_flag("exit");
    let started = Instant::now();
    let response = open(&pontoon);
    expect_prompt(started.elapsed());
    let answer = response.answer();
    assert!(failure(&answer).contains("exited with status 42"), "{answer}");
    assert_eq!(answer["id"], 0);
    assert_eq!(response.header("mcp-session-id"), None, "no session has come to be");

    // Repeated requests do not start it each time.
    let until = Instant::now() + seconds(1);
    let (mut asked, mut paused) = (0, 0);
    while Instant::now() < until {
        let response = open(&pontoon);
        failure(&response.answer());
        if response.status() == 503 {
            assert!(response.header("retry-after").is_some(), "{}", response.describe());
            paused += 1;
        }
        asked += 1;
        sleep(millis(10));
    }
    let starts = pontoon.record.children().len();
    assert!(starts <= 8 && paused > 0, "{starts} starts, {paused} pauses for {asked} requests");
    assert_eq!(pontoon.get("/health").status(), 503, "its health says so");
    assert!(pontoon.log().contains("exiting with 42, as told"), "its last words are logged");
    client.expect_served();
    pontoon.expect_alive("without a working child");
    expect_no_zombies(&pontoon);
}

pub fn slow_start(target: &Target) {
    let pontoon = target
        .proxy()
        .options(&["--startup-timeout", "1"])
        .child(&["--delay-init", "30000"])
        .start();
    let started = Instant::now();
    let response = open(&pontoon);
    let took = started.elapsed();
    let answer = response.expect(502, "too slow").answer();
    assert!(failure(&answer).contains("did not start within 1 s (--startup-timeout)"), "{answer}");
    assert_eq!(answer["id"], 0);
    assert!(took > millis(900) && took < seconds(4), "{took:?}");
    let child = *pontoon.record.children().first().expect("a child");
    eventually("the child is ended", seconds(15), || !is_running(child));
}

pub fn a_slow_start_that_ends_on_the_first_question(target: &Target) {
    let pontoon = target
        .proxy()
        .options(&["--child-era", "probe", "--startup-timeout", "6"])
        .child(&["--delay-start", "4000", "--exit-on-discover"])
        .start();
    let answer = open(&pontoon).expect(502, "it has started twice by then").answer();
    assert!(failure(&answer).contains("did not start within 6 s (--startup-timeout)"), "{answer}");
    open(&pontoon).expect(200, "the second process was kept for the next client");
    assert_eq!(pontoon.record.children().len(), 2);
    pontoon.get("/readyz").expect(200, "it has started");
}

pub fn a_client_that_tries_again_meets_the_same_child(target: &Target) {
    let pontoon = target.proxy().child(&["--delay-init", "4000"]).start();
    for _ in 0..2 {
        drop(Request::post(initialize(NEWEST).to_string()).open(pontoon.addr));
        // A client that has closed its side may still read, for up to a second.
        sleep(millis(1300));
    }
    open(&pontoon).expect(200, "it waits on");
    assert_eq!(pontoon.record.children().len(), 1);
}

/// Asserts that something took less than half a second in a simulated world. A real machine may be
/// busy; there the text of an error shows that no time limit had to pass.
#[track_caller]
fn expect_prompt(took: Duration) {
    assert!(sim::current().is_none() || took < millis(500), "{took:?}");
}

pub fn crash_with_one_request(target: &Target) {
    let (pontoon, client) = scene(target, &[]);
    let started = Instant::now();
    let answer = client.call("crash", json!({"code": 7}));
    expect_prompt(started.elapsed());
    assert!(failure(&answer).contains("exited with status 7"), "{answer}");
    expect_ended(&pontoon, &client);
    expect_no_zombies(&pontoon);
}

pub fn crash_with_many_requests(target: &Target) {
    let (pontoon, client) = scene(target, &[]);
    let mut listening = client.listen();
    let mut waiting: Vec<_> = (0..20)
        .map(|id| {
            let request = client.post(tool_call(id, "hang", json!({})));
            let accept = ["application/json", "text/event-stream"][id % 2];
            (id, request.with("Accept", accept).open(pontoon.addr))
        })
        .collect();
    eventually("all are at the child", seconds(5), || {
        pontoon.record.lines_with("\"hang\"").len() == waiting.len()
    });
    let started = Instant::now();
    client.call("crash", json!({"code": 9}));
    for (id, wire) in &mut waiting {
        let messages = wire.response().messages();
        let [answer] = &messages[..] else { panic!("not one answer: {messages:?}") };
        assert_eq!(answer["id"], *id, "{answer}");
        assert!(failure(answer).contains("exited with status 9"), "{answer}");
    }
    expect_prompt(started.elapsed());
    assert!(listening.messages().is_empty(), "the listening stream ends");
    expect_ended(&pontoon, &client);
}

pub fn death_by_signal(target: &Target) {
    let pontoon = target.proxy().start();
    for (signal, name) in [(9, "SIGKILL"), (11, "SIGSEGV"), (6, "SIGABRT"), (15, "SIGTERM")] {
        let client = Client::open(&pontoon);
        let answer = client.call("crash", json!({"signal": signal}));
        let message = failure(&answer);
        assert!(message.contains(name), "{message}");
        expect_ended(&pontoon, &client);
    }
    expect_no_zombies(&pontoon);
}

pub fn crash_when_idle(target: &Target) {
    let (pontoon, client) = scene(target, &[]);
    crate::probe::signal(client.child(), rustix::process::Signal::KILL);
    eventually("the session ends", seconds(3), || {
        client.send(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).status() == 404
    });
    expect_ended(&pontoon, &client);
}

pub fn floods_of_output(target: &Target) {
    let (mut pontoon, client) = scene(target, &["--flood-stdout", "33554432"]);
    let before = rss_kib(pontoon.pid());
    // No stream is open, so messages that exceed the queue are dropped, the oldest first.
    let dropped = || pontoon.metric("pontoon_dropped_messages_total", &["overflow"]);
    eventually("most of it is dropped", seconds(60), || dropped() > 30_000.0);
    let grown = rss_kib(pontoon.pid()).saturating_sub(before);
    assert!(grown < 40 * 1024, "{grown} KiB more in memory");
    client.expect_served();
    pontoon.expect_alive("after a flood");
}

pub fn floods_of_errors(target: &Target) {
    let (mut pontoon, client) = scene(target, &["--flood-stderr", "16777216"]);
    let before = rss_kib(pontoon.pid());
    for lines in [true, false] {
        assert_eq!(client.text("stderr", json!({"bytes": 16 << 20, "lines": lines})), "written");
        client.expect_served();
    }
    let grown = rss_kib(pontoon.pid()).saturating_sub(before);
    assert!(grown < 20 * 1024, "{grown} KiB more in memory");
    let log = pontoon.log();
    assert!(log.len() < 2 << 20, "a log of {} bytes", log.len());
    pontoon.expect_alive("after a flood of errors");
}

pub fn partial_lines(target: &Target) {
    let (pontoon, client) = scene(target, &[]);
    assert_eq!(client.text("partial", json!({"ms": 300})), "in two parts");
    let answer = client.call("partial_exit", json!({}));
    assert!(failure(&answer).contains("exited with status 0"), "{answer}");
    expect_ended(&pontoon, &client);
}

pub fn wrong_and_double_answers(target: &Target) {
    let (pontoon, client) = scene(target, &[]);
    assert_eq!(client.text("wrong_id", json!({})), "right");
    assert_eq!(client.text("duplicate", json!({})), "once");
    client.expect_served();
    let dropped = || pontoon.metric("pontoon_dropped_messages_total", &["answer"]);
    eventually("unexpected messages are dropped", seconds(10), || dropped() == 3.0);
    // The second answer to a request is only late.
    let unknown = || pontoon.log_events("child_noise").len();
    eventually("unknown ids are logged", seconds(10), || unknown() == 2);
}

#[track_caller]
fn expect_twenty_answers(client: &Client) {
    for nth in 0..20 {
        let text = format!("answer {nth}");
        assert_eq!(client.text("echo", json!({"text": text})), text);
    }
}

pub fn noise(target: &Target) {
    let (pontoon, client) = scene(target, &["--noise"]);
    expect_twenty_answers(&client);
    assert_eq!(client.text("noise", json!({})), "after the noise");
    assert!(pontoon.metric("pontoon_child_noise_lines_total", &[]) >= 20.0);
}

pub fn bad_utf8(target: &Target) {
    let (_pontoon, client) = scene(target, &["--bad-utf8"]);
    expect_twenty_answers(&client);
}

pub fn crlf(target: &Target) {
    let (_pontoon, client) = scene(target, &["--crlf"]);
    expect_twenty_answers(&client);
    let mut events = client.stream(tool_call(1, "echo", json!({"text": "as an event"})));
    let (event, _) = events.next_message().expect("a message");
    assert!(event.data.is_some_and(|data| data.ends_with('}')), "no carriage return");
}

pub fn long_line(target: &Target) {
    let mut pontoon = target.proxy().options(&["--max-line", "1MiB"]).start();
    let (client, canary) = (Client::open(&pontoon), Client::open(&pontoon));
    let child = client.child();
    let before = rss_kib(pontoon.pid());
    let answer = client.call("write", json!({"fill": 64 << 20, "tail": "\n"}));
    assert!(failure(&answer).contains("longer than 1 MiB (--max-line)"), "{answer}");
    client.expect_served();
    assert_eq!(client.child(), child);
    let grown = rss_kib(pontoon.pid()).saturating_sub(before);
    assert!(grown < 20 * 1024, "{grown} KiB more in memory");
    canary.expect_served();
    pontoon.expect_alive("after a long line");
}

pub fn deep_answer(target: &Target) {
    let (_pontoon, client) = scene(target, &[]);
    for depth in [100, 1000, 10_000, 1_000_000] {
        let body = tool_call(1, "deep", json!({"depth": depth}));
        // As text, because a parser of JSON may have a limit of its own.
        let text = client.send(body).text().to_owned();
        match depth > 1000 {
            true => assert!(text.contains("it is nested too deeply"), "{depth}: {text}"),
            false => assert!(text.contains(&"[".repeat(depth)), "{depth}: {text}"),
        }
        client.expect_served();
    }
}

pub fn closed_stdout(target: &Target) {
    let (pontoon, client) = scene(target, &[]);
    let child = client.child();
    let answer = client.call("close_stdout", json!({}));
    assert!(failure(&answer).contains("closed its standard output"), "{answer}");
    let given_up = || pontoon.log_events("child_given_up");
    eventually("the log says why it was given up", seconds(10), || !given_up().is_empty());
    assert_eq!(given_up()[0]["reason"], "closed its standard output", "{:?}", given_up());
    expect_ended(&pontoon, &client);
    eventually("it is ended", seconds(12), || !is_running(child));
    expect_no_zombies(&pontoon);
}

pub fn closed_stdin(target: &Target) {
    let pontoon = target.proxy().child(&["--close-stdin", "--revision", NEWEST]).start();
    let response = open(&pontoon);
    let session = response.expect(200, "initialize").header("mcp-session-id").unwrap().to_owned();
    let post =
        |body: String| Request::post(body).header("Mcp-Session-Id", &session).send(pontoon.addr);
    let started = Instant::now();
    let call = post(tool_call(1, "echo", json!({})).to_string());
    if call.status() != 404 {
        failure(&call.answer());
    }
    assert!(started.elapsed() < seconds(15), "{:?}", started.elapsed());
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    eventually("the session ends", seconds(5), || post(ping.to_owned()).status() == 404);
    let used = |pid: &u32| !pontoon.record.bytes(*pid).is_empty();
    eventually("it is ended", seconds(15), || !pontoon.running_children().iter().any(used));
}

pub fn sigterm_and_sigkill(target: &Target) {
    // In parallel, because each takes as long as the grace periods.
    let all = [&[][..], &["--ignore-eof"], &["--ignore-eof", "--ignore-term"]]
        .map(|flags| scene(target, flags));
    let children = all.each_ref().map(|(_, client)| client.child());
    let started = Instant::now();
    for (_, client) in &all {
        client.delete().expect(204, "delete");
    }
    // The others have ended by then.
    let [by_eof, by_term, by_kill] = children.map(|child| {
        eventually("it is ended", seconds(30), || !is_running(child));
        started.elapsed()
    });
    assert!(by_eof < seconds(4), "end of input is enough: {by_eof:?}");
    assert!(by_term > seconds(1), "some grace before SIGTERM: {by_term:?}");
    assert!(by_term < seconds(10), "SIGTERM after the grace: {by_term:?}");
    assert!(by_kill > by_term + seconds(1), "some grace before SIGKILL: {by_kill:?}");
    assert!(by_kill < seconds(25), "SIGKILL after that: {by_kill:?}");
    all.iter().for_each(|(pontoon, _)| expect_no_zombies(pontoon));
}

pub fn grandchildren(target: &Target) {
    let (pontoon, client) = scene(target, &["--fork-grandchild"]);
    let grandchild_of = |client: &Client| -> u32 {
        pontoon.record.note(client.child(), "grandchild").unwrap().parse().unwrap()
    };
    let deleted = grandchild_of(&client);
    assert!(is_running(deleted));
    client.delete().expect(204, "delete");
    eventually("it goes with its parent", seconds(12), || !is_running(deleted));

    let client = Client::open(&pontoon);
    let orphan = grandchild_of(&client);
    let started = Instant::now();
    let answer = client.call("crash", json!({"code": 5}));
    assert!(failure(&answer).contains("exited with status 5"), "{answer}");
    let took = started.elapsed();
    assert!(took < seconds(5), "the pipe it holds open delays nothing: {took:?}");
    eventually("it goes with its parent", seconds(12), || !is_running(orphan));
    expect_no_zombies(&pontoon);
}

pub fn grandchildren_that_left_the_group(target: &Target) {
    let (pontoon, client) = scene(target, &["--fork-grandchild", "--setsid"]);
    let (child, before) = (client.child(), fds(pontoon.pid()));
    client.delete().expect(204, "delete");
    eventually("the child ends", seconds(12), || !is_running(child));
    // The pipes it still holds do not keep pontoon's open.
    eventually("its pipes are closed", seconds(12), || fds(pontoon.pid()) < before);
    Client::open(&pontoon).expect_served();
    expect_no_zombies(&pontoon);
}

/// Returns a count once it is stable.
fn stable(count: impl Fn() -> usize) -> usize {
    let (mut last, mut since) = (count(), Instant::now());
    eventually("it stays the same", seconds(20), || {
        let now = count();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        since.elapsed() >= millis(300)
    });
    last
}

pub fn many_sessions_leave_nothing_behind(target: &Target) {
    let pontoon = target.proxy().start();
    let cycle = |nth: usize| {
        let client = Client::open(&pontoon);
        match nth % 3 {
            0 => drop(client.call("crash", json!({"code": 1}))),
            1 => drop(client.delete().expect(204, "delete")),
            _ => drop(client.text("echo", json!({"text": "x"}))),
        }
        client.delete();
    };
    (0..3).for_each(cycle);
    let settled = || pontoon.metric("pontoon_children", &[]) <= 1.0;
    eventually("those children are gone", seconds(10), settled);
    let before = stable(|| fds(pontoon.pid()));
    (0..30).for_each(cycle);
    eventually("their children are gone", seconds(10), settled);
    expect_no_zombies(&pontoon);
    eventually("no file descriptors stay open", seconds(5), || fds(pontoon.pid()) <= before + 3);
    assert!(pontoon.running_children().len() <= 1, "at most the one kept ready");
}

pub fn process_groups(target: &Target) {
    let (pontoon, client) = scene(target, &[]);
    let child = process(client.child()).expect("the child");
    assert_eq!(child.ppid, pontoon.pid(), "a direct child: no shell between");
    assert_eq!(child.pgid, child.pid, "in a group of its own");
    assert_eq!(child.session, child.pid, "in a session of its own, without a terminal");
}

pub fn environment_and_descriptors(target: &Target) {
    let pontoon = target
        .proxy()
        .env("SUITE_KEY", "from outside")
        .options(&["--env", "SUITE_SET=from the command line"])
        .start();
    let others: Vec<_> = (0..3).map(|_| Client::open(&pontoon)).collect();
    let _listening = others[0].listen();
    let client = Client::open(&pontoon);
    let fds: Vec<(i32, String)> = client
        .text("fds", json!({}))
        .parse::<Value>()
        .map(|value| serde_json::from_value(value).unwrap())
        .unwrap();
    // The record of its input belongs to the child; descriptors that this test inherited are not
    // pontoon's to close.
    let inherited: Vec<_> = fds
        .iter()
        .filter(|(fd, to)| {
            let ours = fs::read_link(format!("/proc/self/fd/{fd}"));
            !to.ends_with(".in") && ours.map_or(true, |ours| ours.as_os_str() != to.as_str())
        })
        .collect();
    assert_eq!(inherited.iter().map(|(fd, _)| *fd).collect::<Vec<_>>(), [0, 1, 2], "{fds:?}");
    let env: Value = client.text("env", json!({})).parse().unwrap();
    assert_eq!(env["SUITE_KEY"], "from outside");
    assert_eq!(env["SUITE_SET"], "from the command line");
}

pub fn clean_environment(target: &Target) {
    let pontoon = target
        .proxy()
        .env("SUITE_KEY", "secret")
        .env("SUITE_PASSED", "passed on")
        .options(&["--clean-env", "--env", "SUITE_PASSED"])
        .start();
    let env: Value = Client::open(&pontoon).text("env", json!({})).parse().unwrap();
    assert_eq!(env["SUITE_KEY"], Value::Null);
    assert_eq!(env["SUITE_PASSED"], "passed on");
    assert!(env["PATH"].is_string(), "{env}");
}

pub fn arguments_arrive_verbatim(target: &Target) {
    let arguments: Vec<OsString> = [
        "", " ", "a b", "\"", "'", ";", "$(id)", "`id`", "$HOME", "*", "|", "&&", "--", "--port",
        "--port=1", "-h", "--help", "\\", "\n", "é",
    ]
    .into_iter()
    .map(OsString::from)
    .chain([OsString::from_vec(b"\xff\xfe".to_vec())])
    .collect();
    let pontoon = target.proxy().arguments(&arguments).start();
    let argv: Vec<String> =
        serde_json::from_str(&Client::open(&pontoon).text("argv", json!({}))).unwrap();
    let hex = |arg: &OsString| -> String {
        arg.clone().into_vec().iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let sent: Vec<_> = arguments.iter().map(hex).collect();
    assert!(argv.ends_with(&sent), "{argv:?}");
}
