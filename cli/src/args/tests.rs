use super::*;

/// The settings of `pontoon proxy` with these words; no variables are set here.
fn proxy(words: &[&str]) -> ProxyArgs {
    let words = ["pontoon", "proxy"].iter().chain(words).map(OsString::from);
    match parse(words).unwrap() {
        Verb::Proxy(args) => *args,
        other => panic!("{other:?}"),
    }
}

fn refused(words: &[&str]) -> Failure {
    let words = ["pontoon", "proxy"].iter().chain(words).map(OsString::from);
    parse(words).unwrap_err()
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn the_first_word_that_is_no_option_of_ours_starts_the_command() {
    let cases: [(&[&str], &[&str]); 8] = [
        (&[], &[]),
        (&["python", "-m", "mcp_server_fetch"], &["python", "-m", "mcp_server_fetch"]),
        (&["--port", "8080", "server", "--root", "/data"], &["server", "--root", "/data"]),
        (
            &["server", "--port", "9", "--help", "--log-level", "x"],
            &["server", "--port", "9", "--help", "--log-level", "x"],
        ),
        (&["--", "server", "-v"], &["server", "-v"]),
        (&["server", "--", "-v"], &["server", "--", "-v"]),
        (&["--", "server", "--", "-v", "--"], &["server", "--", "-v", "--"]),
        (&["--quiet", "--", "--odd-name", "-x"], &["--odd-name", "-x"]),
    ];
    for (words, command) in cases {
        let args = proxy(words);
        assert_eq!(args.command, command, "{words:?}");
    }
    let args = proxy(&["--port", "8080", "server", "--port", "9"]);
    assert_eq!(args.port, 8080);
}

#[test]
fn the_command_need_not_be_utf8() {
    use std::os::unix::ffi::OsStringExt;
    let odd = OsString::from_vec(vec![b'-', 0xff, 0xfe]);
    let words = ["pontoon", "proxy", "server"].map(OsString::from);
    let Verb::Proxy(args) = parse(words.into_iter().chain([odd.clone()])).unwrap() else {
        panic!("not a proxy")
    };
    assert_eq!(args.command, ["server".into(), odd]);
}

#[test]
fn defaults_are_those_of_the_core() {
    let args = proxy(&[]);
    let limits = pontoon_core::limits::Limits::default();
    assert_eq!((args.host.as_str(), args.port, args.path.as_str()), ("127.0.0.1", 3000, "/mcp"));
    assert_eq!(args.timeout, limits.session_idle_max);
    assert_eq!(args.request_timeout, limits.request_time_max);
    assert_eq!(args.startup_timeout, limits.startup_time_max);
    assert_eq!(args.max_sessions, limits.sessions_max);
    assert_eq!(args.max_body, limits.body_bytes_max);
    assert_eq!(args.max_connections, limits.connections_max);
    assert_eq!(args.head_timeout, limits.head_time_max);
    assert_eq!(args.body_timeout, limits.body_time_max);
    assert_eq!(args.write_timeout, limits.write_time_max);
    assert_eq!(args.idle_timeout, limits.idle_time_max);
    assert_eq!(args.keep_alive, limits.keep_alive_period);
    assert_eq!(args.drain_timeout, limits.drain_time_max);
    assert_eq!(args.read_buffer, limits.pipe_read_bytes);
    assert_eq!(args.write_buffer, limits.pipe_write_bytes);
    assert_eq!((args.log_level, args.log_format), (Level::Info, LogFormat::Pretty));
    assert_eq!((args.log_file, args.threads), (None, None));
    assert!(!args.quiet && !args.clean_env);
    assert!(args.allow_host.is_empty() && args.allow_origin.is_empty() && args.env.is_empty());
}

#[test]
fn lists_take_commas_and_repetition() {
    let args = proxy(&["--allow-host", "a.example,B.example", "--allow-host", "*"]);
    assert_eq!(args.allow_host, ["a.example", "b.example", "*"]);
    let args = proxy(&["--env", "A=1,2", "--env", "B"]);
    let assignment = |name: &str, value: Option<&str>| Assignment {
        name: name.into(),
        value: value.map(Into::into),
    };
    assert_eq!(args.env, [assignment("A", Some("1,2")), assignment("B", None)]);
}

#[test]
fn a_bad_value_is_named_with_its_flag() {
    let cases = [
        (["--port", "70000"], "a port is a whole number from 0 to 65535"),
        (["--timeout", "0"], "a time is more than 0 and at most a year: 30, 1.5, 500ms, 10s, 2m"),
        (["--log-level", "loud"], "a log level is debug, info, warning or error"),
        (["--read-buffer", "1k"], "a size from 4KiB to 16MiB: 65536, 512k"),
        (["--env", "=x"], "a variable is NAME or NAME=VALUE"),
    ];
    for ([flag, value], why) in cases {
        let failure = refused(&[flag, value, "server"]);
        assert_eq!(failure.what, format!("{flag} cannot be {value:?}"));
        assert_eq!((failure.why.as_str(), failure.code), (why, 2));
    }
}
