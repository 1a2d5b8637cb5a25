use super::*;
use crate::sim::Faults;

/// Starts a child with these flags; returns its id and the parent's ends of its streams.
fn child(world: &Arc<World>, flags: &[&str]) -> (Pid, Pipes, Arc<Mutex<Memory>>) {
    let (program, descriptors) = world.start_program();
    let record = Arc::<Mutex<Memory>>::default();
    let args = flags.iter().map(Into::into).collect();
    let spec = ChildSpec { program: "test-server".into(), args, env: None, cwd: None };
    let (pid, pipes) = Child::start(world, (program, &descriptors), spec, record.clone());
    (pid, pipes, record)
}

/// Reads all available output.
fn read(from: &mut Counted<Reader>) -> String {
    let mut buf = [0; 1000];
    match from.0.poll_read(&mut Context::from_waker(Waker::noop()), &mut buf) {
        Poll::Ready(read) => String::from_utf8_lossy(&buf[..read.unwrap()]).into_owned(),
        Poll::Pending => "nothing yet".into(),
    }
}

fn say(pipes: &Pipes, line: &str) {
    let taken = pipes.stdin.0.0.poll_write(
        &mut Context::from_waker(Waker::noop()),
        &[IoSlice::new(format!("{line}\n").as_bytes())],
    );
    assert!(taken.is_ready());
}

const ECHO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"late","ms":5000}}}"#;

#[test]
fn a_child_answers_in_its_own_time() {
    let world = World::enter(1, Faults::None);
    let (pid, mut pipes, record) = child(&world, &[]);
    say(&pipes, ECHO);
    world.sleep(Duration::from_millis(4999));
    assert_eq!(read(&mut pipes.stdout), "nothing yet");
    world.sleep(Duration::from_millis(2));
    assert!(read(&mut pipes.stdout).contains("late"));
    drop(pipes.stdin);
    world.sleep(Duration::from_millis(1));
    assert_eq!(world.ended(pid).and_then(|status| status.code()), Some(0), "its input has ended");
    assert_eq!(read(&mut pipes.stdout), "", "the end");
    assert_eq!(lock(&record).fact(pid, "eof").as_deref(), Some("standard input ended"));
}

#[test]
fn signals_end_what_does_not_ignore_them() {
    let world = World::enter(1, Faults::None);
    for (flags, by_term) in [(&[][..], Some(15)), (&["--ignore-term"], None)] {
        let (pid, _pipes, _) = child(&world, flags);
        let signalled = |signal| {
            world.signal_group(pid, signal);
            world.ended(pid).and_then(|status| status.signal())
        };
        assert_eq!(signalled(Signal::TERM), by_term);
        assert_eq!(signalled(Signal::KILL), by_term.or(Some(9)));
    }
}

#[test]
fn a_grandchild_holds_the_pipes_open() {
    let world = World::enter(1, Faults::None);
    let (pid, mut pipes, record) = child(&world, &["--fork-grandchild", "--setsid"]);
    world.sleep(Duration::from_millis(1));
    let grandchild: Pid = lock(&record).fact(pid, "grandchild").unwrap().parse().unwrap();
    world.signal_group(pid, Signal::KILL);
    assert!(world.ended(pid).is_some() && world.ended(grandchild).is_none());
    assert_eq!(read(&mut pipes.stdout), "nothing yet");
    world.sleep(LIFETIME);
    assert_eq!(read(&mut pipes.stdout), "", "the end");
}
