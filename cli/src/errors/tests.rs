use super::*;

#[test]
fn a_failure_is_three_lines() {
    let bad = |setting| Failure::bad_value("echo", setting, Some("x"), "a port is a number");
    let wanted = "error: invalid value \"x\" for --port\n  \
                  why: a port is a number\n  \
                  hint: give --port a valid value, or see `pontoon echo --help`";
    assert_eq!(bad(Setting::Flag("--port")).to_string(), wanted);
    assert_eq!(bad(Setting::Variable("MCP_PORT")).what, "invalid value \"x\" for MCP_PORT");
    assert_eq!(
        bad(Setting::File("MCP_PORT", Path::new(".env"))).what,
        "invalid value \"x\" for MCP_PORT in the file .env"
    );
    assert_eq!(bad(Setting::Flag("--port")).code, 2);
    let hidden = Failure::bad_value("proxy", Setting::Flag("--env"), None, "");
    assert_eq!(hidden.what, "invalid value for --env");
}

#[test]
fn the_last_words_of_a_command_are_repeated_escaped() {
    let said = "one\ntwo\n\n\u{1b}[31mfour\r\n";
    let failure = Failure::unusable("python x.py", ExitStatus::Code(3), said);
    assert_eq!(failure.what, "the wrapped command exited with status 3 right after its start");
    assert_eq!(failure.why, "it wrote: \\u{1b}[31mfour");
    assert_eq!(failure.fix, "run it by itself: python x.py");
    assert_eq!(failure.code, 1);
    let silent = Failure::unusable("true", ExitStatus::Code(0), "\n");
    assert_eq!(silent.why, "it wrote nothing to standard error");
}

#[test]
fn the_line_that_says_why_a_command_ended_is_told_and_the_variable_it_lacks() {
    let npm = "npm error code E404\n\
        npm error 404 Not Found - GET https://example.com/x - Not found\n\
        npm error 404\n\
        npm error A complete log of this run can be found in: /root/x.log\n";
    let line = "npm error 404 Not Found - GET https://example.com/x - Not found";
    assert_eq!(telling_line(npm), Some(line));
    let python = "Traceback (most recent call last):\n  File \"s.py\", line 3, in <module>\n    \
        key = os.environ['ACME_API_KEY']\nKeyError: 'ACME_API_KEY'\nbye\n";
    assert_eq!(telling_line(python), Some("KeyError: 'ACME_API_KEY'"));
    assert_eq!(wanted_variable(python), Some("ACME_API_KEY"));
    assert_eq!(wanted_variable("error: ECONNREFUSED"), None);
    let failure = Failure::unusable("python s.py", ExitStatus::Code(1), python);
    let fix = "give it the variable: --env ACME_API_KEY=VALUE; or run it by itself: python s.py";
    assert_eq!(failure.fix, fix);
}
