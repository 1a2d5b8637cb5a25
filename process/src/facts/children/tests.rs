use super::*;

const OWN: &str = "7 (pontoon) S 1 7 7 0 -1 4194560 1 2 3 4 100 50 20 10 20 0 6 0 999 1000 300 18446744073709551615";

fn of(pid: u32, parent: u32, session: u32) -> Process {
    Process { pid, parent, session, ticks: 3, ended_ticks: 1, pages: 2 }
}

#[test]
fn a_process_is_read_by_its_fields() {
    let own = Process { pid: 7, parent: 1, session: 7, ticks: 150, ended_ticks: 30, pages: 300 };
    assert_eq!(Process::parse(OWN), Some(own));
    let odd = OWN.replace("(pontoon)", "(a) b (c d) 1)");
    assert_eq!(Process::parse(&odd), Some(own));
    assert_eq!(Process::parse("7 (pontoon) S 1"), None);
}

#[test]
fn descendants_are_known_by_the_session_of_a_child() {
    let own = Process::parse(OWN).unwrap();
    // A child, its child, an orphan of that, and two unrelated processes.
    let all = vec![own, of(20, 7, 20), of(21, 20, 20), of(22, 1, 20), of(30, 1, 30), of(31, 30, 7)];
    let found = Processes(all).children_of(7).unwrap();
    assert_eq!(found.memory, 3 * 2 * page_size() as u64);
    let ticks = 30 + 3 * 4;
    assert_eq!(found.cpu, Duration::from_millis(ticks * 1000 / clock_ticks_per_second()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_that_works_is_seen_to_work() {
    use std::io::Read;
    use std::process::{Command, Stdio};

    // It waits for a process of its own that has used processor time, and continues.
    let script = "sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done' & wait; echo; read end";
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let found = Processes::read().unwrap().children_of(std::process::id()).unwrap();
    assert!(found.memory > 100_000 && found.cpu > Duration::ZERO, "{found:?}");
    drop(child.stdin.take());
    child.wait().unwrap();
}
