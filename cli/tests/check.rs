//! `pontoon check` from the operator's point of view.

use std::process::{Command, Output, Stdio};

const PONTOON: &str = env!("CARGO_BIN_EXE_pontoon");

fn check(words: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = Command::new(PONTOON)
        .arg("check")
        .args(words)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn a_server_that_works_is_listed_in_both_eras() {
    let (code, said, errors) = check(&[PONTOON, "stdio", "echo"]);
    assert_eq!(code, Some(0), "{said}{errors}");
    for part in
        ["command     ", "era         2026-07-28", "initialize  ", "tools       11", "result"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(said.contains("stopped     in order") && !said.contains("problem"), "{said}");
}

#[test]
fn a_command_that_fails_is_told_with_the_variable_it_lacks() {
    let script = r#"echo "KeyError: 'ACME_API_KEY'" >&2; echo bye >&2; exit 3"#;
    let (code, said, errors) = check(&["sh", "-c", script]);
    assert_eq!(code, Some(1), "{said}{errors}");
    assert!(said.contains("the process exited with status 3: KeyError: 'ACME_API_KEY'"), "{said}");
    assert!(said.contains("--env ACME_API_KEY=VALUE"), "{said}");
}

#[test]
fn noise_on_standard_output_is_a_problem() {
    let script = format!("echo Listening; exec {PONTOON} stdio echo");
    let (code, said, errors) = check(&["sh", "-c", &script]);
    assert_eq!(code, Some(1), "{said}{errors}");
    assert!(said.contains("lines on its standard output are not MCP"), "{said}");
}

#[test]
fn a_command_that_does_not_answer_is_given_up() {
    let (code, said, _) = check(&["--startup-timeout", "1", "cat"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("did not start within 1 s (--startup-timeout)"), "{said}");
}

#[test]
fn a_command_that_cannot_be_run_has_the_exit_code_of_a_shell() {
    let (code, _, errors) = check(&["no-such-command-here"]);
    assert_eq!(code, Some(127), "{errors}");
    let (code, _, errors) = check(&["/etc/passwd"]);
    assert_eq!(code, Some(126), "{errors}");
}
