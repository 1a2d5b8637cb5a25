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
fn the_last_words_of_a_command_are_repeated_without_control_characters() {
    let said = "one\ntwo\n\nthree\n\u{1b}[31mfour\r\n";
    let failure = Failure::unusable("python x.py", ExitStatus::Code(3), said);
    assert_eq!(failure.what, "the wrapped command exited with status 3 before anybody used it");
    assert_eq!(failure.why, "its last words were: two\n       three\n       [31mfour");
    assert_eq!(failure.fix, "run it by itself: python x.py");
    assert_eq!(failure.code, 1);
    let silent = Failure::unusable("true", ExitStatus::Code(0), "\n");
    assert_eq!(silent.why, "it did not say");
}
