//! Processes that are not children of sessions, which a program adopts and has to reap.
//!
//! wait(2); pid_namespaces(7), The namespace init process.

use std::process::Command;

use crate::Target;
use crate::client::{NEWEST, initialize};
use crate::pontoon::Pontoon;
use crate::probe::fds;
use crate::target::program;
use crate::wait::{eventually, seconds};
use crate::wire::Request;

cases! { $ processes:
    ; on sockets only:
    orphans_are_reaped_as_pid_1: "who inherits an orphan is the system's doing"
    children_of_a_shell_that_was_replaced_are_reaped: "what a process inherits is the system's"
    metrics_tell_what_processes_use: "memory and time of processors are the system's"
    a_session_takes_few_descriptors: "descriptors are the system's"
}

/// Opens a session, and returns its id.
fn open(pontoon: &Pontoon) -> String {
    let response = Request::post(initialize(NEWEST).to_string()).send(pontoon.addr);
    response.expect(200, "initialize");
    response.header("mcp-session-id").expect("a session").to_owned()
}

/// Asserts that ended processes are reaped.
#[track_caller]
fn expect_no_zombies(pontoon: &Pontoon) {
    eventually("no zombies", seconds(10), || {
        pontoon.descendants().iter().all(|process| process.state != 'Z')
    });
}

/// Returns the number of processes of this program below pontoon.
fn running(pontoon: &Pontoon, name: &str) -> usize {
    pontoon.descendants().iter().filter(|process| process.name == name).count()
}

pub fn orphans_are_reaped_as_pid_1(target: &Target) {
    let namespace = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"];
    let launcher = [&namespace[..], &["--kill-child"]].concat();
    if !Command::new("unshare").args(&launcher[1..]).arg("true").status().unwrap().success() {
        return eprintln!("SKIPPED: this system permits no pid namespace");
    }
    // A helper in a session of its own, as browsers are started, and one in the child's group.
    let script = "(setsid sleep 1 &); (sleep 60 &); exec \"$0\" stdio echo";
    let child = ["sh", "-c", script, program().to_str().unwrap()];
    let pontoon = target.proxy().wrapping(&child).launched_by(&launcher).start();
    let sessions: Vec<_> = (0..3).map(|_| open(&pontoon)).collect();
    // The rest of its group is killed with it, and the others end by themselves.
    for session in sessions {
        let delete = Request::new("DELETE", "/mcp").header("Mcp-Session-Id", &session);
        delete.send(pontoon.addr).expect(204, "delete");
    }
    eventually("the orphans end", seconds(20), || running(&pontoon, "sleep") == 0);
    expect_no_zombies(&pontoon);
    let ended = || pontoon.log_events("child_ended");
    eventually("each child is waited for by its runtime", seconds(10), || ended().len() >= 3);
    for event in ended() {
        assert_eq!(event["status"], "exited with status 0", "{event}");
    }
}

pub fn children_of_a_shell_that_was_replaced_are_reaped(target: &Target) {
    let launcher = ["sh", "-c", "sleep 0.2 & exec \"$@\"", "sh"];
    let pontoon = target.proxy().launched_by(&launcher).start();
    open(&pontoon);
    eventually("it ends", seconds(20), || running(&pontoon, "sleep") == 0);
    expect_no_zombies(&pontoon);
}

pub fn metrics_tell_what_processes_use(target: &Target) {
    // As with npx, the server is a process that the child has started.
    let script = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; \"$0\" stdio echo; :";
    let child = ["sh", "-c", script, program().to_str().unwrap()];
    let pontoon = target.proxy().wrapping(&child).start();
    let plain = || pontoon.metric("pontoon_children_resident_memory_bytes", &[]);
    open(&pontoon);
    for name in ["process_resident_memory_bytes", "process_open_fds", "process_threads"] {
        assert!(pontoon.metric(name, &[]) >= 1.0, "{name}");
    }
    eventually("only the connection of this request is open", seconds(10), || {
        pontoon.metric("pontoon_connections", &[]) == 1.0
    });
    // A shell alone takes less than the server that it has started.
    eventually("the memory of a grandchild counts", seconds(20), || plain() > 4e6);
    eventually("time of processors counts", seconds(20), || {
        pontoon.metric("pontoon_children_cpu_seconds_total", &[]) > 0.0
    });
}

pub fn a_session_takes_few_descriptors(target: &Target) {
    let pontoon = target.proxy().start();
    open(&pontoon);
    let before = fds(pontoon.pid());
    for _ in 0..20 {
        open(&pontoon);
    }
    assert_eq!(pontoon.metric("pontoon_children", &[]), 21.0);
    // Three pipes, and a handle for the end of the process, or an event that wakes a thread.
    let most = before + 20 * 5;
    eventually("at most five for each session", seconds(20), || fds(pontoon.pid()) <= most);
}
