use pontoon_core::observe::Level;

use super::*;
use crate::values::Assignment;

/// Every program: its verb, and whether it is the one without state.
const VERBS: [(&str, bool); 2] = [("probe", false), ("proxy", false)];

/// The settings of `pontoon proxy` with these words; no variables are set here.
fn proxy(words: &[&str]) -> ProxyArgs {
    let words = ["pontoon", "proxy"].iter().chain(words).map(OsString::from);
    match parse(words, &Variables::default()).unwrap() {
        Verb::Proxy(args) => *args,
        other => panic!("{other:?}"),
    }
}

fn refused(words: &[&str]) -> Failure {
    let words = ["pontoon", "proxy"].iter().chain(words).map(OsString::from);
    parse(words, &Variables::default()).unwrap_err()
}

#[test]
fn the_definitions_are_sound() {
    let variables = Variables::of([("MCP_ENV".into(), "A=1\nB".into())], "MCP_QUIET=yes");
    for (verb, stateless) in VERBS {
        let program = naming::Program { verb: verb.into(), stateless };
        definition(&program, &variables).debug_assert();
    }
}

#[test]
fn every_option_has_a_variable_that_is_no_other_options() {
    for (verb, stateless) in VERBS {
        let program = naming::Program { verb: verb.into(), stateless };
        let command = definition(&program, &Variables::default());
        let mut seen = Vec::new();
        for arg in command.find_subcommand(verb).unwrap().get_arguments() {
            let Some(option) = arg.get_long() else { continue };
            let Some(naming) = program.naming(option) else {
                assert!(["stateless", "timeout"].contains(&option), "--{option} has no variable");
                continue;
            };
            for variable in naming.variables {
                assert!(!seen.contains(variable), "{variable} sets two options of {verb}");
                seen.push(variable);
            }
        }
    }
}

#[test]
fn variables_are_read_as_flags_are() {
    let variables = Variables::of(
        [("MCP_ENV".into(), "A=1,2\nB".into()), ("MCP_ALLOW_HOST".into(), "a.example,b".into())],
        "MCP_QUIET=yes\nMCP_PORT=1\nMCP_ENV=C\n",
    );
    let words = ["pontoon", "proxy", "--allow-host", "c", "server"].map(OsString::from);
    let Verb::Proxy(args) = parse(words, &variables).unwrap() else { panic!("not a proxy") };
    assert_eq!(args.serving.port, 1);
    assert!(args.serving.log.quiet && !args.clean_env);
    assert_eq!(args.env.len(), 2);
    assert_eq!(args.serving.allow_host, ["c"], "a flag replaces what a variable lists");
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
    assert_eq!(args.serving.port, 8080);
}

#[test]
fn the_command_need_not_be_utf8() {
    use std::os::unix::ffi::OsStringExt;
    let odd = OsString::from_vec(vec![b'-', 0xff, 0xfe]);
    let words = ["pontoon", "proxy", "server"].map(OsString::from);
    let words = words.into_iter().chain([odd.clone()]);
    let Verb::Proxy(args) = parse(words, &Variables::default()).unwrap() else {
        panic!("not a proxy")
    };
    assert_eq!(args.command, ["server".into(), odd]);
}

#[test]
fn defaults_are_those_of_the_core() {
    let args = proxy(&[]);
    let limits = pontoon_core::limits::Limits::default();
    assert_eq!(
        (args.serving.host.as_str(), args.serving.port, args.serving.path.as_str()),
        ("127.0.0.1", 3000, "/mcp")
    );
    assert_eq!(args.sessions.timeout, limits.session_idle_max);
    assert_eq!(args.request_timeout, limits.request_time_max);
    assert_eq!(args.startup_timeout, limits.startup_time_max);
    assert_eq!(args.sessions.max_sessions, limits.sessions_max);
    assert_eq!(args.serving.max_body, limits.body_bytes_max);
    assert_eq!(args.read_buffer, limits.pipe_read_bytes);
    assert_eq!(args.write_buffer, limits.pipe_write_bytes);
    assert_eq!(
        (args.serving.log.log_level, args.serving.log.log_format),
        (Level::Info, LogFormat::Pretty)
    );
    assert_eq!((args.serving.log.log_file, args.serving.threads), (None, None));
    assert!(!args.serving.log.quiet && !args.clean_env);
    assert!(
        args.serving.allow_host.is_empty()
            && args.serving.allow_origin.is_empty()
            && args.env.is_empty()
    );
}

#[test]
fn lists_take_commas_and_repetition() {
    let args = proxy(&["--allow-host", "a.example,B.example", "--allow-host", "*"]);
    assert_eq!(args.serving.allow_host, ["a.example", "b.example", "*"]);
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
