//! The command line of the built program: help, values, exit codes, and fatal errors.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::{env, fs};

fn command(words: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pontoon"));
    command
        .args(words)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .envs(variables.iter().copied());
    command
}

fn pontoon(words: &[&str], variables: &[(&str, &str)]) -> Output {
    command(words, variables).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs the program, expects it to fail with this code, and returns the three lines of its error.
fn failure(code: i32, words: &[&str], variables: &[(&str, &str)]) -> [String; 3] {
    let output = pontoon(words, variables);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
    assert!(output.stdout.is_empty());
    let lines: Vec<_> = said.lines().map(ToOwned::to_owned).collect();
    let lines: [String; 3] = lines.try_into().unwrap_or_else(|_| panic!("not 3 lines:\n{said}"));
    assert!(lines[0].starts_with("error: "), "{said}");
    assert!(lines[1].starts_with("  why: "), "{said}");
    assert!(lines[2].starts_with("  hint: "), "{said}");
    lines
}

#[test]
fn help_shows_every_flag_with_its_variable_and_default() {
    let output = pontoon(&["proxy", "--help"], &[("MCP_PORT", "4444")]);
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    // Lines are broken to the width of the terminal.
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let flags = [
        ("--host", "[env: MCP_BIND_HOST] [default: 127.0.0.1]"),
        ("--port", "[env: MCP_PORT] [default: 3000]"),
        ("--path", "[env: MCP_PATH] [default: /mcp]"),
        ("--allow-host", "[env: MCP_ALLOW_HOST]"),
        ("--allow-origin", "[env: MCP_ALLOW_ORIGIN]"),
        ("--max-body", "[env: MCP_MAX_BODY] [default: 4MiB]"),
        ("--max-connections", "[env: MCP_MAX_CONNECTIONS] [default: 1024]"),
        ("--head-timeout", "[env: MCP_HEAD_TIMEOUT] [default: 10]"),
        ("--body-timeout", "[env: MCP_BODY_TIMEOUT] [default: 30]"),
        ("--write-timeout", "[env: MCP_WRITE_TIMEOUT] [default: 30]"),
        ("--idle-timeout", "[env: MCP_IDLE_TIMEOUT] [default: 75]"),
        ("--keep-alive", "[env: MCP_KEEP_ALIVE] [default: 15]"),
        ("--drain-timeout", "[env: MCP_DRAIN_TIMEOUT] [default: 30]"),
        ("--runtime", "[env: MCP_RUNTIME]"),
        ("--threads", "[env: MCP_THREADS]"),
        ("--requests-per-second", "[env: MCP_REQUESTS_PER_SECOND]"),
        ("--burst", "[env: MCP_BURST]"),
        ("--concurrent-requests", "[env: MCP_CONCURRENT_REQUESTS]"),
        ("--log-level", "[env: MCP_LOG_LEVEL] [default: info]"),
        ("--log-format", "[env: MCP_LOG_FORMAT] [default: pretty]"),
        ("--log-file", "[env: LOG_FILE]"),
        ("--quiet", "[env: MCP_QUIET]"),
        ("--timeout", "[env: MCP_SESSION_TIMEOUT] [default: 300]"),
        ("--max-sessions", "[env: MCP_MAX_SESSIONS] [default: 100]"),
        ("--sessions-per-client", "[env: MCP_SESSIONS_PER_CLIENT]"),
        ("--sse", "[env: MCP_SSE]"),
        ("--stateless", "[env: MCP_STATELESS]"),
        ("--request-timeout", "[env: MCP_SUBPROCESS_TIMEOUT] [default: 30]"),
        ("--startup-timeout", "[env: MCP_STARTUP_TIMEOUT]"),
        ("--max-line", "[env: MCP_MAX_LINE] [default: 64MiB]"),
        ("--read-buffer", "[env: MCP_READ_BUFFER_SIZE] [default: 65536]"),
        ("--write-buffer", "[env: MCP_WRITE_BUFFER_SIZE] [default: 65536]"),
        ("--clean-env", "[env: MCP_CLEAN_ENV]"),
        ("--env", "[env: MCP_ENV]"),
        ("--header-env", "[env: MCP_HEADER_ENV]"),
    ];
    let mut rest = help.as_str();
    for (flag, twin) in flags {
        let at = rest.find(&format!(" {flag} ")).unwrap_or_else(|| panic!("no {flag} in {rest}"));
        rest = &rest[at..];
        assert!(rest.contains(twin), "{flag} without {twin}");
    }
    assert!(!help.contains("4444"), "help shows names of variables, not their values");
}

#[test]
fn short_help_has_the_common_options_and_long_help_all() {
    let help = |words: &[&str]| String::from_utf8(pontoon(words, &[]).stdout).unwrap();
    let (short, long) = (help(&["proxy", "-h"]), help(&["proxy", "--help"]));
    for option in ["--port", "--host", "--env-file", "--request-timeout", "--log-level"] {
        assert!(short.contains(option), "no {option} in {short}");
    }
    assert!(!short.contains("--head-timeout") && long.contains("--head-timeout"));
    assert!(short.lines().count() < 60, "{short}");
    let (arguments, endpoint) = (short.find("[COMMAND]...\n"), short.find("Endpoint:"));
    assert!(arguments.is_some() && arguments < endpoint, "the command comes first: {short}");
    assert_eq!(help(&["help", "proxy"]), long, "with variables and defaults");
}

#[test]
fn help_and_version_are_a_success() {
    let version = ["proxy", "--version"];
    for words in [&["--help"][..], &["help"], &["stdio", "--help"], &["--version"], &version] {
        let output = pontoon(words, &[]);
        assert!(output.status.success() && output.stderr.is_empty(), "{words:?}");
    }
    let version = String::from_utf8(pontoon(&["--version"], &[]).stdout).unwrap();
    let expected = concat!("pontoon ", env!("CARGO_PKG_VERSION"), " (runtimes: ");
    let mut lines = version.lines();
    let first = lines.next().unwrap();
    let rest: Vec<_> = lines.collect();
    assert!(rest[0].starts_with("MCP revisions: 2024-11-05, "), "{version}");
    assert!(rest[1].starts_with("commit: ") && rest.len() == 2, "{version}");
    let runtimes = first.strip_prefix(expected).and_then(|rest| rest.strip_suffix(")"));
    for name in runtimes.unwrap_or_else(|| panic!("{version}")).split(", ") {
        // An unknown command shows that everything before it was accepted.
        failure(127, &["proxy", "--runtime", name, "no-such-program"], &[]);
    }
    let help = String::from_utf8(pontoon(&["--help"], &[]).stdout).unwrap();
    assert!(help.contains("Examples:") && help.lines().count() < 30, "{help}");
}

#[test]
fn a_manual_page_is_printed_for_pontoon_and_each_subcommand() {
    let text = |words: &[&str]| {
        let output = pontoon(&[&["man"], words].concat(), &[]);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let page = text(&[]);
    for subcommand in
        ["proxy", "echo", "calculator", "stdio", "check", "config", "completions", "man", "probe"]
    {
        assert!(page.contains(&format!("pontoon\\-{subcommand}(1)")), "{subcommand}: {page}");
        let own = text(&[subcommand]);
        assert!(own.contains(&format!(".TH pontoon-{subcommand} 1")), "{own}");
    }
    let proxy = text(&["proxy"]);
    assert!(proxy.contains("\\-\\-max\\-line") && proxy.contains("MCP_MAX_LINE"), "{proxy}");
    let [what, _, hint] = failure(2, &["man", "prxy"], &[]);
    assert_eq!(what, "error: there is no manual page for \"prxy\"");
    assert!(hint.contains("proxy"), "{hint}");
}

#[test]
fn completions_are_printed_for_each_shell() {
    for shell in ["bash", "elvish", "fish", "zsh"] {
        let output = pontoon(&["completions", shell], &[]);
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && script.contains("request-timeout"), "{shell}");
        assert!(script.contains("principal"), "{shell}: the values of --child-per");
    }
}

#[test]
fn an_unknown_option_is_no_command() {
    for words in [&["proxy", "--prot", "1", "sh"][..], &["proxy", "-x"], &["nonsense"], &[]] {
        assert_eq!(pontoon(words, &[]).status.code(), Some(2), "{words:?}");
    }
}

#[test]
fn a_bad_value_is_named_by_the_flag_or_the_variable_that_holds_it() {
    let [what, why, _] = failure(2, &["proxy", "--port", "http", "sh"], &[]);
    assert_eq!(what, "error: invalid value \"http\" for --port");
    assert_eq!(why, "  why: must be a whole number from 0 to 65535");
    let [what, ..] = failure(2, &["proxy", "--timeout", "-1", "sh"], &[]);
    assert_eq!(what, "error: invalid value \"-1\" for --timeout");
    let [_, why, _] = failure(2, &["proxy", "sh"], &[("MCP_QUIET", "perhaps")]);
    assert_eq!(why, "  why: a switch is true or false, yes or no, on or off, 1 or 0");
    for (value, why) in [
        ("Authorization=TOKEN", "the token of a client is never handed to a child"),
        ("cookie=TOKEN", "the token of a client is never handed to a child"),
        ("Mcp-Method=M", "this header belongs to HTTP or MCP, and is not the client's to choose"),
        ("X-Key=PATH", "a client must not choose which program or library is loaded"),
        ("X-Key", "must be HEADER=NAME"),
    ] {
        let [what, found, _] = failure(2, &["proxy", "--header-env", value, "sh"], &[]);
        assert_eq!(what, format!("error: invalid value \"{value}\" for --header-env"));
        assert_eq!(found, format!("  why: {why}"));
    }
    let twice = ["proxy", "--header-env", "X-A=KEY", "--env", "KEY=1", "sh"];
    let [what, ..] = failure(2, &twice, &[]);
    assert_eq!(what, "error: --header-env x-a=KEY is not the only one of its kind");
    let [what, ..] = failure(2, &["proxy", "--burst", "5", "sh"], &[]);
    assert_eq!(what, "error: --burst has no effect without --requests-per-second");
    let variables = [
        ("MCP_BIND_HOST", "http://x"),
        ("MCP_PORT", "70000"),
        ("MCP_PATH", "mcp"),
        ("MCP_ALLOW_HOST", "good.example,http://bad"),
        ("MCP_ALLOW_ORIGIN", "example.com"),
        ("MCP_SESSION_TIMEOUT", "0"),
        ("MCP_SUBPROCESS_TIMEOUT", "soon"),
        ("MCP_STARTUP_TIMEOUT", "-1"),
        ("MCP_MAX_SESSIONS", "0"),
        ("MCP_MAX_BODY", "4GiB"),
        ("MCP_MAX_CONNECTIONS", "0"),
        ("MCP_REQUESTS_PER_SECOND", "0.5"),
        ("MCP_CONCURRENT_REQUESTS", "0"),
        ("MCP_HEAD_TIMEOUT", "0"),
        ("MCP_BODY_TIMEOUT", "1h"),
        ("MCP_WRITE_TIMEOUT", "-1"),
        ("MCP_IDLE_TIMEOUT", "never"),
        ("MCP_KEEP_ALIVE", "15 seconds"),
        ("MCP_DRAIN_TIMEOUT", "1e3"),
        ("MCP_MAX_LINE", "100"),
        ("MCP_READ_BUFFER_SIZE", "1"),
        ("MCP_WRITE_BUFFER_SIZE", "64kilo"),
        ("MCP_SSE", "perhaps"),
        ("MCP_CLEAN_ENV", "perhaps"),
        ("MCP_LOG_LEVEL", "trace"),
        ("MCP_LOG_FORMAT", "xml"),
        ("MCP_QUIET", "perhaps"),
        ("MCP_RUNTIME", "perhaps"),
        ("MCP_THREADS", "0"),
    ];
    for (variable, value) in variables {
        let [what, ..] = failure(2, &["proxy", "sh"], &[(variable, value)]);
        assert!(
            what.starts_with("error: invalid value ")
                && what.ends_with(&format!(" for {variable}")),
            "{what}"
        );
    }
}

#[test]
fn a_proxy_without_sessions_has_no_http_sse() {
    for (words, variables) in [
        (&["proxy", "--stateless", "--sse"][..], &[][..]),
        (&["proxy", "--sse"], &[("MCP_STATELESS", "yes")]),
    ] {
        let [what, ..] = failure(2, words, variables);
        assert_eq!(what, "error: --sse and --stateless exclude each other");
    }
}

#[test]
fn the_endpoint_has_no_path_of_http_sse() {
    for verb in ["proxy", "echo"] {
        let [what, ..] = failure(2, &[verb, "--sse", "--path", "/messages/"], &[]);
        assert_eq!(what, "error: invalid value \"/messages\" for --path");
    }
    failure(127, &["proxy", "--path", "/messages", "no-such-program"], &[]);
}

#[test]
fn a_flag_is_worth_more_than_its_variable_and_an_empty_variable_nothing() {
    // An unknown command shows that everything before it was accepted.
    let command = "no-such-program";
    failure(127, &["proxy", "--port", "1", command], &[("MCP_PORT", "bad")]);
    failure(127, &["proxy", command], &[("MCP_PORT", ""), ("LOG_FILE", ""), ("MCP_QUIET", "")]);
    for yes in ["1", "true", "yes", "off", "0"] {
        failure(127, &["proxy", command], &[("MCP_QUIET", yes)]);
    }
}

/// Returns a new directory with this `.env` in it.
fn beside(file: &str, test: &str) -> PathBuf {
    let folder = env::temp_dir().join(format!("pontoon-env-{test}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(".env"), file).unwrap();
    folder
}

#[test]
fn a_file_is_worth_less_than_the_environment_and_more_than_a_default() {
    let folder = beside("MCP_PORT=nonsense\nMCP_QUIET=yes\nOTHER=x\n", "worth");
    let run = |words: &[&str], variables: &[(&str, &str)]| {
        let output = command(words, variables).current_dir(&folder).output().unwrap();
        (output.status.code(), stderr(&output))
    };
    let (code, said) = run(&["proxy", "no-such-program"], &[]);
    assert_eq!(code, Some(2));
    assert!(
        said.starts_with("error: invalid value \"nonsense\" for MCP_PORT in the file .env\n"),
        "{said}"
    );
    // An unknown command shows that everything before it was accepted.
    assert_eq!(run(&["proxy", "no-such-program"], &[("MCP_PORT", "1")]).0, Some(127));
    assert_eq!(run(&["proxy", "--port", "1", "no-such-program"], &[]).0, Some(127));
    // An empty environment variable counts as not set.
    assert_eq!(run(&["proxy", "no-such-program"], &[("MCP_PORT", "")]).0, Some(2));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn files_of_variables_are_those_that_are_named() {
    let folder = beside("MCP_PORT=nonsense\n", "named");
    fs::write(folder.join("one"), "MCP_PORT=first\n").unwrap();
    fs::write(folder.join("two"), "MCP_PORT=second\n").unwrap();
    let run = |words: &[&str]| {
        let output = command(words, &[]).current_dir(&folder).output().unwrap();
        (output.status.code(), stderr(&output))
    };
    let (code, said) = run(&["proxy", "--env-file", "one", "--env-file=two", "no-such-program"]);
    assert_eq!(code, Some(2));
    assert!(
        said.starts_with("error: invalid value \"second\" for MCP_PORT in the file two\n"),
        "{said}"
    );
    // An unknown command shows that everything before it was accepted.
    assert_eq!(run(&["proxy", "--env-file", "/dev/null", "no-such-program"]).0, Some(127));
    // An option of the command is not pontoon's.
    let (code, said) = run(&["proxy", "--port", "0", "no-such-program", "--env-file", "/dev/null"]);
    assert_eq!(code, Some(127), "{said}");
    let (code, said) = run(&["proxy", "--env-file", "missing", "no-such-program"]);
    assert_eq!(code, Some(2));
    assert!(said.starts_with("error: cannot read missing\n"), "{said}");
    fs::remove_dir_all(folder).unwrap();
}

/// Returns the message of a probe of a server without `/health`, and its reason.
fn probe_of_nothing() -> (String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/health", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]).unwrap();
        stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    let [what, why, _] = failure(1, &["probe", &url], &[]);
    server.join().unwrap();
    (what, why)
}

#[test]
fn a_probe_tells_by_its_exit_code() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let [what, ..] = failure(1, &["probe", &format!("http://{unused}/x")], &[]);
    assert_eq!(what, format!("error: http://{unused}/x is unhealthy"));
    let [what, ..] = failure(1, &["probe"], &[("PONTOON_PROBE", &format!("http://{unused}/"))]);
    assert_eq!(what, format!("error: http://{unused}/ is unhealthy"));
    let port = unused.port().to_string();
    for variable in ["MCP_PORT", "MCP_ECHO_PORT", "PORT"] {
        let [what, _, fix] = failure(1, &["probe"], &[(variable, &port)]);
        assert_eq!(what, format!("error: http://{unused}/health is unhealthy"), "{variable}");
        assert!(fix.contains("pontoon probe http://127.0.0.1:PORT/health"), "{fix}");
    }
    let (what, why) = probe_of_nothing();
    assert!(what.ends_with("/health is unhealthy"), "{what}");
    assert!(why.contains("--admin") && why.contains("/readyz"), "{why}");
    let [what, ..] = failure(2, &["probe", "ftp://example.com/"], &[]);
    assert_eq!(what, "error: invalid value \"ftp://example.com/\" for [URL]");
    let [what, ..] = failure(2, &["probe"], &[("PONTOON_PROBE", "here")]);
    assert_eq!(what, "error: invalid value \"here\" for PONTOON_PROBE");
}

#[test]
fn habits_of_other_programs_are_understood() {
    let npx = "npx -y @modelcontextprotocol/server-everything";
    let [what, _, hint] = failure(2, &["npx", "-y", "some pkg"], &[]);
    assert_eq!(what, "error: unrecognized subcommand 'npx'");
    assert_eq!(hint, "  hint: did you mean: pontoon proxy npx -y 'some pkg'");
    for words in [&["--stdio", npx][..], &["proxy", "--port", "0", "--stdio", npx]] {
        let [what, _, hint] = failure(2, words, &[]);
        assert_eq!(what, "error: unexpected argument '--stdio'");
        assert_eq!(hint, format!("  hint: did you mean: pontoon proxy {npx}"));
    }
    let [what, _, hint] = failure(2, &["serve", "--watch", "my servers.json"], &[]);
    assert_eq!(what, "error: unexpected argument 'my servers.json'");
    assert_eq!(hint, "  hint: did you mean: pontoon serve --config 'my servers.json'");
    let [_, why, hint] = failure(127, &["proxy", "no-such -m mod"], &[]);
    assert!(why.contains("in quotes"), "{why}");
    assert_eq!(hint, "  hint: leave out the quotes: pontoon proxy no-such -m mod");
    let [what, _, hint] = failure(127, &["proxy", "KEY=s3cret", "python3", "-m", "x"], &[]);
    assert_eq!(what, "error: cannot run KEY=…");
    assert_eq!(hint, "  hint: pontoon proxy --env KEY=VALUE python3 -m x");
    let [_, why, _] = failure(127, &["proxy", "http://127.0.0.1:1/mcp"], &[]);
    assert!(why.contains("this is a URL"), "{why}");
    let told = stderr(&pontoon(&["porxy", "sh"], &[]));
    assert!(told.contains("'proxy'"), "the parser names what is similar: {told}");
}

#[test]
fn an_option_after_the_command_is_named_when_the_command_fails() {
    let script = ["-c", "exit 3", "x", "--port", "3001"];
    let words = [&["proxy", "--port", "0", "--quiet", "sh"][..], &script].concat();
    let output = pontoon(&words, &[]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let hint = "--port went to the command; options of pontoon come before it\n";
    assert!(said.ends_with(hint), "{said}");
}

#[test]
fn it_answers_to_the_names_of_the_programs_it_stands_in_for() {
    let folder = env::temp_dir().join(format!("pontoon-names-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let names = [
        ("mcp-streamablehttp-proxy", "Usage: pontoon proxy"),
        ("mcp-echo-streamablehttp-server-stateless", "Usage: pontoon echo"),
        ("mcp-echo-streamablehttp-server-stateful", "Usage: pontoon echo"),
        ("example-mcp-server-streamable-http-stateless", "Usage: pontoon calculator"),
    ];
    for (name, usage) in names {
        let path = folder.join(name);
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_pontoon"), &path).unwrap();
        let output = Command::new(path).arg("--help").output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(help.contains(usage), "{name}: {help}");
        let is_stateless = help.contains("ECHO_STATELESS_WORKERS");
        assert_eq!(is_stateless, name.ends_with("server-stateless"), "{name}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_small_limit_for_messages_is_taken() {
    // A path conflict shows that everything before it was accepted.
    let words = ["echo", "--sse", "--path", "/sse"];
    failure(2, &words, &[("ECHO_MAX_MESSAGE_SIZE", "1000")]);
    let [what, ..] = failure(2, &words, &[("ECHO_MAX_MESSAGE_SIZE", "0")]);
    assert_eq!(what, "error: invalid value \"0\" for ECHO_MAX_MESSAGE_SIZE");
}

#[test]
fn a_command_that_cannot_run_is_told_before_anything_starts() {
    let [what, why, _] = failure(127, &["proxy", "no-such-program", "--help"], &[]);
    assert_eq!(what, "error: cannot run no-such-program");
    assert_eq!(why, "  why: no folder in PATH has a program of that name");
    failure(127, &["proxy", "./no/such/file"], &[]);
    let [_, why, _] = failure(126, &["proxy", "/tmp"], &[]);
    assert_eq!(why, "  why: /tmp is a folder");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let [_, why, fix] = failure(126, &["proxy", file], &[]);
    assert_eq!(why, format!("  why: {file} is not executable"));
    assert!(fix.contains("chmod +x"), "{fix}");
}

#[test]
fn the_command_is_looked_up_where_it_will_run() {
    failure(127, &["proxy", "--env", "PATH=/nonexistent", "sh"], &[]);
}

#[test]
fn a_port_in_use_is_told_with_a_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let [what, why, fix] = failure(1, &["proxy", "--port", &port.to_string()], &[]);
    assert_eq!(what, format!("error: cannot listen on 127.0.0.1:{port}"));
    assert_eq!(why, "  why: another program listens there");
    assert!(fix.contains("--port 0") && fix.contains(&format!("lsof -i :{port}")), "{fix}");
}

#[test]
fn an_address_in_use_is_named() {
    // 192.0.2.0/24 is for documentation: no machine has it (RFC 5737).
    let [_, why, _] = failure(1, &["proxy", "--host", "192.0.2.1"], &[]);
    assert_eq!(why, "  why: this machine has no such address");
}

#[test]
fn a_log_file_that_cannot_be_is_told() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml/log");
    let [what, ..] = failure(1, &["proxy", "--port", "0", "--log-file", path], &[]);
    assert_eq!(what, format!("error: cannot log to {path}"));
}
