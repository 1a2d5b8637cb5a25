use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::thread;

use super::*;

fn spec(program: &str, args: &[&str]) -> ChildSpec {
    ChildSpec {
        program: program.into(),
        args: args.iter().map(OsString::from).collect(),
        env: None,
        cwd: None,
    }
}

fn shell(script: &str) -> Child {
    command(&spec("sh", &["-c", script])).spawn().expect("sh starts")
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line
}

#[test]
fn arguments_arrive_as_they_are() {
    let args = ["a b", "", "$(id)", ";", "--", "'\"", "*"];
    let mut all = vec!["%s\\n"];
    all.extend(args);
    let output = command(&spec("printf", &all)).spawn().unwrap().wait_with_output().unwrap();
    let expected: String = args.iter().map(|arg| format!("{arg}\n")).collect();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn a_given_environment_is_the_whole_environment() {
    let mut spec = spec("/usr/bin/env", &[]);
    spec.env = Some(vec![("ONLY".into(), "this".into())]);
    let output = command(&spec).spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(output.stdout, b"ONLY=this\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_inherits_no_file_that_was_opened_here() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let _open = std::fs::File::open(path).unwrap();
    let list = command(&spec("ls", &["-l", "/proc/self/fd"])).spawn().unwrap();
    let list = String::from_utf8(list.wait_with_output().unwrap().stdout).unwrap();
    assert!(list.contains("pipe:") && !list.contains(path), "{list}");
}

#[test]
fn a_child_leads_a_session_that_has_no_terminal() {
    // Opens the terminal as ssh and sudo do to ask for a password.
    let mut child = shell("exec 2>&1; read word </dev/tty || echo no terminal");
    let pid = pid_of(child.id()).unwrap();
    assert_eq!(rustix::process::getsid(Some(pid)), Ok(pid));
    assert!(first_line(&mut child).contains("/dev/tty"));
    child.wait().unwrap();
}

#[test]
fn a_signal_reaches_what_the_child_started() {
    // The streams stay open as long as the grandchild lives.
    let mut child = shell("sleep 600 & echo ready; wait");
    assert_eq!(first_line(&mut child), "ready\n");
    signal_group(child.id(), Signal::Kill);
    let mut rest = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut rest).unwrap();
    assert_eq!(exit_status(child.wait().unwrap()), ExitStatus::Signal(9));
}

#[test]
fn a_signal_to_a_group_that_is_gone_does_nothing() {
    let mut child = shell("exit 0");
    child.wait().unwrap();
    signal_group(child.id(), Signal::Terminate);
}

#[test]
fn the_end_of_a_process_is_told_by_code_or_signal() {
    assert_eq!(exit_status(shell("exit 7").wait().unwrap()), ExitStatus::Code(7));
    assert_eq!(exit_status(shell("kill -TERM $$").wait().unwrap()), ExitStatus::Signal(15));
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_dies_with_the_thread_that_spawned_it() {
    let mut child = thread::spawn(|| shell("trap '' TERM HUP; read never")).join().unwrap();
    let stdin = child.stdin.take();
    assert_eq!(exit_status(child.wait().unwrap()), ExitStatus::Signal(9));
    drop(stdin); // so it was not the end of its input
}

#[test]
fn what_cannot_be_started_is_told_apart() {
    let error = |program: &str| spawn_error(&command(&spec(program, &[])).spawn().unwrap_err());
    assert_eq!(error("pontoon-no-such-command"), SpawnError::NotFound);
    assert_eq!(error("/dev/null/below-a-file"), SpawnError::NotFound);
    assert_eq!(error("/etc/passwd"), SpawnError::NotExecutable);
    assert_eq!(error("/"), SpawnError::NotExecutable);
    let long = command(&spec("true", &[&"x".repeat(8 << 20)])).spawn().unwrap_err();
    assert_eq!(spawn_error(&long), SpawnError::TooLong);
    let exhausted = Errno::MFILE.into();
    assert_eq!(spawn_error(&exhausted), SpawnError::NoResources);
    assert_eq!(spawn_error(&io::Error::other("anything")), SpawnError::Other);
}
