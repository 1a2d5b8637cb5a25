use procfs::FromRead;

use super::*;

fn stat(pid: i32, parent: i32, session: i32) -> Stat {
    let text = format!(
        "{pid} (a) b (c d) 1) S {parent} 7 {session} 0 -1 4194560 1 2 3 4 2 1 1 0 20 0 6 0 999 1000 2 \
         18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0 1 1 1 1 1 1 1 0"
    );
    Stat::from_read(text.as_bytes()).unwrap()
}

#[test]
fn descendants_are_known_by_the_session_of_a_child() {
    // This process, a child, its child, an orphan of that, and two unrelated processes.
    let all = [(7, 1, 7), (20, 7, 20), (21, 20, 20), (22, 1, 20), (30, 1, 30), (31, 30, 7)];
    let found = of(7, &all.map(|(pid, parent, session)| stat(pid, parent, session))).unwrap();
    assert_eq!(found.memory, 3 * 2 * page_size());
    let ticks = 1 + 3 * 4;
    assert_eq!(found.cpu, Duration::from_millis(ticks * 1000 / ticks_per_second()));
}

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
    let found = of_this_process().unwrap();
    assert!(found.memory > 100_000 && found.cpu > Duration::ZERO, "{found:?}");
    drop(child.stdin.take());
    child.wait().unwrap();
}
