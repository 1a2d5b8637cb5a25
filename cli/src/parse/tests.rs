use pontoon_core::{ChildEra, ChildPer, Duration, Level};

use super::*;
use crate::args::{CalculatorArgs, EchoArgs, LogFormat, ProxyArgs};
use crate::env_names;
use crate::values::Assignment;

mod options_page;

/// Every program: its subcommand, and whether it is the stateless one.
const VERBS: [(&str, bool); 5] =
    [("calculator", false), ("echo", false), ("echo", true), ("probe", false), ("proxy", false)];

fn echo(words: &[&str], variables: &Variables) -> EchoArgs {
    let words = ["pontoon", "echo"].iter().chain(words).map(OsString::from);
    match parse(words, variables).unwrap() {
        Verb::Echo(args) => *args,
        other => panic!("{other:?}"),
    }
}

fn calculator(words: &[&str], variables: &Variables) -> CalculatorArgs {
    let words = ["pontoon", "calculator"].iter().chain(words).map(OsString::from);
    match parse(words, variables).unwrap() {
        Verb::Calculator(args) => *args,
        other => panic!("{other:?}"),
    }
}

fn set(variables: &[(&str, &str)]) -> Variables {
    Variables::of(variables.iter().map(|(name, value)| (name.into(), value.into())), "")
}

/// Returns the settings of `pontoon proxy` for these words, without variables.
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
        let program = Program { verb: verb.into(), stateless };
        definition(&program, &variables).debug_assert();
        args::command(stateless).debug_assert();
    }
}

#[test]
fn every_option_has_a_variable_that_is_no_other_options() {
    for (verb, stateless) in VERBS {
        let program = Program { verb: verb.into(), stateless };
        let command = args::command(program.stateless);
        let mut seen = Vec::new();
        for arg in command.find_subcommand(verb).unwrap().get_arguments() {
            let Some(option) = arg.get_long() else { continue };
            let variables = env_names::variables(arg);
            assert!(
                !variables.is_empty() || ["env-file", "stateless", "timeout"].contains(&option),
                "--{option} has no variable"
            );
            for variable in variables {
                assert!(!seen.contains(&variable), "{variable} sets two options of {verb}");
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
    assert!(args.serving.log.quiet && !args.bridge.clean_env);
    assert_eq!(args.env.len(), 2);
    assert_eq!(args.serving.allow_host, ["c"], "a flag replaces what a variable lists");
}

#[test]
fn a_variable_of_all_programs_moves_each_of_them() {
    let all = set(&[("MCP_PORT", "8080"), ("MCP_BIND_HOST", "0.0.0.0")]);
    let own = set(&[("MCP_PORT", "1"), ("MCP_ECHO_PORT", "2"), ("PORT", "3")]);
    for (words, port) in [(&[] as &[&str], 2), (&["--stateless"], 2)] {
        let serving = echo(words, &all).serving;
        assert_eq!((serving.host.as_str(), serving.port), ("0.0.0.0", 8080), "{words:?}");
        assert_eq!(echo(words, &own).serving.port, port, "{words:?}");
    }
    assert_eq!(calculator(&[], &all).serving.port, 8080);
    assert_eq!(calculator(&[], &own).serving.port, 3);
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
    let limits = pontoon_core::Limits::default();
    assert_eq!(
        (args.serving.host.as_str(), args.serving.port, args.serving.path.as_str()),
        ("127.0.0.1", 3000, "/mcp")
    );
    assert_eq!(args.sessions.timeout, limits.session_idle_max);
    assert_eq!(args.bridge.request_timeout, limits.request_time_max);
    assert_eq!(args.bridge.startup_timeout, None);
    assert_eq!(args.sessions.max_sessions, limits.sessions_max);
    assert_eq!(args.serving.max_body, limits.body_bytes_max);
    assert_eq!(args.serving.max_connections, limits.connections_max);
    assert_eq!(args.serving.max_memory, limits.memory_bytes_max);
    assert_eq!(args.serving.head_timeout, limits.head_time_max);
    assert_eq!(args.serving.body_timeout, limits.body_time_max);
    assert_eq!(args.serving.write_timeout, limits.write_time_max);
    assert_eq!(args.serving.idle_timeout, limits.idle_time_max);
    assert_eq!(args.serving.keep_alive, limits.keep_alive_period);
    assert_eq!(args.serving.drain_timeout, limits.drain_time_max);
    assert_eq!(args.serving.stop_delay, limits.stop_delay);
    assert_eq!(args.bridge.max_line, limits.line_bytes_max);
    assert_eq!(args.bridge.read_buffer, limits.pipe_read_bytes);
    assert_eq!(args.bridge.write_buffer, limits.pipe_write_bytes);
    assert_eq!(
        (args.serving.log.log_level, args.serving.log.log_format),
        (Level::Info, LogFormat::Pretty)
    );
    assert_eq!((args.serving.log.log_file, args.serving.threads), (None, None));
    assert!(!args.serving.log.quiet && !args.bridge.clean_env);
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
    let args = proxy(&["--env", "A=1,2\n3", "--env", "B"]);
    let assignment = |name: &str, value: Option<&str>| Assignment {
        name: name.into(),
        value: value.map(Into::into),
    };
    assert_eq!(args.env, [assignment("A", Some("1,2\n3")), assignment("B", None)]);
}

#[test]
fn names_are_read_in_any_case() {
    let cases = [
        ("DEBUG", Level::Debug),
        ("Info", Level::Info),
        ("warn", Level::Warning),
        ("Warn", Level::Warning),
        ("WARNING", Level::Warning),
        ("error", Level::Error),
    ];
    for (text, level) in cases {
        assert_eq!(proxy(&["--log-level", text]).serving.log.log_level, level, "{text}");
    }
    let args = proxy(&["--log-format", "JSON", "--child-era", "Modern", "--child-per", "Call"]);
    assert_eq!(args.serving.log.log_format, LogFormat::Json);
    assert_eq!((args.bridge.child_era, args.bridge.child_per), (ChildEra::Modern, ChildPer::Call));
}

#[test]
fn a_bad_value_is_named_with_its_flag() {
    let cases = [
        (["--port", "70000"], "must be a whole number from 0 to 65535"),
        (["--timeout", "0"], "a time is more than 0 and at most a year: 30, 1.5, 500ms, 10s, 2m"),
        (["--log-level", "loud"], "must be one of debug, info, warning, error"),
        (["--read-buffer", "1k"], "must be a size from 4KiB to 16MiB, such as 65536 or 512KiB"),
    ];
    for ([flag, value], why) in cases {
        let failure = refused(&[flag, value, "server"]);
        assert_eq!(failure.what, format!("invalid value {value:?} for {flag}"));
        assert_eq!((failure.why.as_str(), failure.code), (why, 2));
    }
}

#[test]
fn a_bad_value_that_may_be_a_secret_is_not_repeated() {
    for [flag, value] in [["--env", "=hunter2"], ["--allow-origin", "https://me:hunter2@x"]] {
        let failure = refused(&[flag, value, "server"]);
        assert_eq!(failure.what, format!("invalid value for {flag}"));
        assert!(!failure.to_string().contains("hunter2"), "{failure}");
    }
    let words = ["pontoon", "probe"].map(OsString::from);
    let probe = set(&[("PONTOON_PROBE", "http://me:hunter2@127.0.0.1:3000/")]);
    let failure = parse(words, &probe).unwrap_err();
    assert_eq!(failure.what, "invalid value for PONTOON_PROBE");
}

#[test]
fn programs_differ_in_their_defaults() {
    let nothing = Variables::default();
    let args = echo(&[], &nothing);
    assert_eq!((args.serving.host.as_str(), args.serving.port), ("127.0.0.1", 3000));
    assert_eq!((args.sessions.timeout, args.sessions.max_sessions), (seconds(3600), 1000));
    assert_eq!((args.cleanup_interval, args.max_message), (seconds(60), 1 << 20));
    assert!(args.binary && !args.compression && !args.debug && !args.stateless);
    assert!(args.protocol_version.is_none() && args.protocol_versions.is_none());
    assert_eq!(args.serving.log.log_format, LogFormat::Pretty);
    let args = calculator(&[], &nothing);
    assert_eq!((args.serving.host.as_str(), args.serving.port), ("127.0.0.1", 1071));
    assert_eq!((args.rate_limit, args.rate_window), (None, seconds(900)));
    assert!(args.sample_tool.is_none() && !args.documented_events);
    assert_eq!(args.serving.log.log_format, LogFormat::Json);
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn the_echo_server_reads_its_documented_variables() {
    let args = echo(
        &[],
        &set(&[
            ("MCP_ECHO_HOST", "0.0.0.0"),
            ("MCP_ECHO_PORT", "3001"),
            ("MCP_ECHO_DEBUG", "True"),
            ("MCP_SESSION_TIMEOUT", "1800"),
            ("ECHO_CLEANUP_INTERVAL", "300"),
            ("MCP_MAX_SESSIONS", "7"),
            ("MCP_PROTOCOL_VERSION", "2025-06-18"),
            ("MCP_PROTOCOL_VERSIONS_SUPPORTED", "2025-06-18,2024-11-05"),
            ("ECHO_ENABLE_BINARY", "false"),
            ("ECHO_ENABLE_COMPRESSION", "true"),
            ("ECHO_MAX_MESSAGE_SIZE", "1048576"),
            ("MCP_CORS_ORIGINS", "https://a.example,https://b.example"),
            ("ECHO_LOG_LEVEL", "WARNING"),
            ("LOG_LEVEL", "DEBUG"),
            ("LOG_FILE", "/logs/x.log"),
            // Variables of the stateless server do not apply to this one.
            ("ECHO_STATELESS_WORKERS", "nonsense"),
            ("WORKER_CONNECTIONS", "nonsense"),
        ]),
    );
    assert_eq!((args.serving.host.as_str(), args.serving.port), ("0.0.0.0", 3001));
    assert_eq!((args.sessions.timeout, args.sessions.max_sessions), (seconds(1800), 7));
    assert_eq!((args.cleanup_interval, args.max_message), (seconds(300), 1 << 20));
    assert!(args.debug && args.compression && !args.binary);
    assert_eq!(args.protocol_version.unwrap().as_str(), "2025-06-18");
    assert_eq!(args.protocol_versions.unwrap().0.len(), 2);
    assert_eq!(args.serving.allow_origin, ["https://a.example", "https://b.example"]);
    assert_eq!(args.serving.log.log_level, Level::Warning, "its own name before the common one");
    assert_eq!(args.serving.log.log_file.unwrap().to_str(), Some("/logs/x.log"));
    let newer = set(&[("MCP_SESSION_CLEANUP_INTERVAL", "60"), ("ECHO_CLEANUP_INTERVAL", "300")]);
    assert_eq!(echo(&[], &newer).cleanup_interval, seconds(60));
}

#[test]
fn the_stateless_echo_server_reads_its_documented_variables() {
    let args = echo(
        &["--stateless"],
        &set(&[
            ("MCP_ECHO_PORT", "3002"),
            ("ECHO_STATELESS_WORKERS", "4"),
            ("ECHO_STATELESS_MAX_REQUESTS", "10000"),
            ("WORKER_CONNECTIONS", "1000"),
            ("ECHO_STATELESS_LOG_LEVEL", "ERROR"),
            ("ECHO_LOG_LEVEL", "DEBUG"),
            ("LOG_LEVEL", "INFO"),
        ]),
    );
    assert!(args.stateless);
    assert_eq!(args.serving.port, 3002);
    assert_eq!(args.serving.threads.unwrap(), 4);
    assert_eq!((args.max_requests, args.serving.max_connections), (Some(10_000), 1000));
    assert_eq!(args.serving.log.log_level, Level::Error);
    let common = echo(&["--stateless"], &set(&[("LOG_LEVEL", "DEBUG")]));
    assert_eq!(common.serving.log.log_level, Level::Debug);
}

#[test]
fn the_flags_of_the_servers_it_stands_in_for_are_known() {
    let args =
        echo(&["--session-timeout", "5", "--workers", "3", "--debug"], &Variables::default());
    assert_eq!((args.sessions.timeout, args.debug), (seconds(5), true));
    assert_eq!(args.serving.threads.unwrap(), 3);
}

#[test]
fn the_calculator_reads_its_documented_variables() {
    let args = calculator(
        &[],
        &set(&[
            ("PORT", "1072"),
            ("HOST", "x86_64-conda-linux-gnu"),
            ("MCP_BIND_HOST", "::1"),
            ("CORS_ORIGIN", "https://app.example.com"),
            ("RATE_LIMIT_MAX", "1000"),
            ("RATE_LIMIT_WINDOW", "60000"),
            ("LOG_LEVEL", "error"),
            ("SAMPLE_TOOL_NAME", "educational_echo"),
        ]),
    );
    assert_eq!((args.serving.host.as_str(), args.serving.port), ("::1", 1072));
    assert_eq!(args.serving.allow_origin, ["https://app.example.com"]);
    assert_eq!((args.rate_limit, args.rate_window), (Some(1000), seconds(60)));
    assert_eq!(args.serving.log.log_level, Level::Error);
    assert_eq!(args.sample_tool.unwrap().sample_tool_name(), Some("educational_echo"));
}

#[test]
fn the_proxy_reads_its_documented_variables() {
    let variables = set(&[
        ("MCP_BIND_HOST", "0.0.0.0"),
        ("MCP_PORT", "3001"),
        ("MCP_SESSION_TIMEOUT", "3600"),
        ("MCP_LOG_LEVEL", "WARNING"),
        ("LOG_FILE", "logs/proxy.log"),
        ("MCP_SUBPROCESS_TIMEOUT", "31"),
        ("MCP_STARTUP_TIMEOUT", "11"),
        ("MCP_MAX_SESSIONS", "101"),
        ("MCP_READ_BUFFER_SIZE", "65537"),
        ("MCP_WRITE_BUFFER_SIZE", "65538"),
    ]);
    let words = ["pontoon", "proxy", "server"].map(OsString::from);
    let Verb::Proxy(args) = parse(words, &variables).unwrap() else { panic!("not a proxy") };
    assert_eq!((args.serving.host.as_str(), args.serving.port), ("0.0.0.0", 3001));
    assert_eq!((args.sessions.timeout, args.sessions.max_sessions), (seconds(3600), 101));
    assert_eq!(args.serving.log.log_level, Level::Warning);
    assert_eq!(args.serving.log.log_file, Some("logs/proxy.log".into()));
    assert_eq!(
        (args.bridge.request_timeout, args.bridge.startup_timeout),
        (seconds(31), Some(seconds(11)))
    );
    assert_eq!((args.bridge.read_buffer, args.bridge.write_buffer), (65537, 65538));
}

#[test]
fn a_bad_variable_is_named_by_every_program() {
    let cases = [
        ("echo", "MCP_ECHO_PORT", "abc"),
        ("echo", "MCP_PROTOCOL_VERSIONS_SUPPORTED", " , "),
        ("echo", "MCP_CORS_ORIGINS", "*"),
        ("echo", "ECHO_CLEANUP_INTERVAL", "often"),
        ("calculator", "PORT", "70000"),
        ("calculator", "SAMPLE_TOOL_NAME", "bad name!"),
        ("calculator", "SAMPLE_TOOL_NAME", "calculate"),
        ("calculator", "RATE_LIMIT_MAX", "-1"),
    ];
    for (verb, variable, value) in cases {
        let words = ["pontoon", verb].map(OsString::from);
        let failure = parse(words, &set(&[(variable, value)])).unwrap_err();
        assert_eq!(failure.what, format!("invalid value {value:?} for {variable}"));
        assert!(failure.fix.ends_with(&format!("see `pontoon {verb} --help`")), "{}", failure.fix);
        assert_eq!(failure.code, 2);
    }
}
