//! The operating system as the [`System`] of `test-server`: a thread for each task, and blocking
//! calls.

use std::cell::Cell;
use std::convert::Infallible;
use std::ffi::OsString;
use std::io::{self, BufRead, Write};
use std::os::fd::OwnedFd;
use std::pin::{Pin, pin};
use std::process::{self, Command};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};
use std::{env, fs};

use rustix::process::Signal;
use test_server::{Flags, Output, System};

use crate::record::Record;

/// This process.
pub(crate) struct Process {
    record: Record,
}

impl Process {
    /// Creates the system of this process, with the record of its flags.
    pub(crate) fn new(flags: &Flags) -> Process {
        Process { record: Record::open(flags.record.as_deref(), flags.script) }
    }
}

impl System for Process {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        thread::spawn(|| block_on(task));
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send {
        Sleep { until: Instant::now() + time }
    }

    async fn read_line(&self, line: &mut Vec<u8>) {
        // A read error counts as the end.
        let _ = io::stdin().lock().read_until(b'\n', line);
    }

    async fn write(&self, output: Output, bytes: &[u8]) -> io::Result<()> {
        match output {
            Output::Stderr => io::stderr().lock().write_all(bytes),
            Output::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(bytes)?;
                stdout.flush()
            }
        }
    }

    fn close_stdin(&self) {
        rustix::stdio::dup2_stdin(null()).expect("standard input closes");
    }

    fn close_stdout(&self) {
        rustix::stdio::dup2_stdout(null()).expect("standard output closes");
    }

    async fn exit(&self, code: i32) -> Infallible {
        process::exit(code)
    }

    async fn raise(&self, signal: i32) -> Infallible {
        let signal = Signal::from_named_raw(signal).expect("a signal");
        // The handler that Rust installs to report stack overflows swallows the first SIGSEGV.
        loop {
            rustix::process::kill_process(rustix::process::getpid(), signal).expect("a signal");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn fork(&self, setsid: bool) -> u32 {
        let mut command = Command::new(env::current_exe().expect("the path of this program"));
        command.arg("--grandchild");
        if setsid {
            command.arg("--setsid");
        }
        command.spawn().expect("a grandchild").id()
    }

    fn keep(&self, line: &[u8]) {
        self.record.line(line);
    }

    fn note(&self, fact: &str, value: &str) {
        self.record.note(fact, value);
    }

    fn told(&self, word: &str) -> bool {
        self.record.told(word)
    }

    async fn instruction(&self) -> String {
        self.record.instruction()
    }

    fn pid(&self) -> u32 {
        process::id()
    }

    fn arguments(&self) -> Vec<OsString> {
        env::args_os().skip(1).collect()
    }

    fn environment(&self) -> Vec<(OsString, OsString)> {
        env::vars_os().collect()
    }

    fn descriptors(&self) -> Vec<(i32, String)> {
        let own = fs::read_dir("/proc/self/fd").expect("/proc");
        let mut fds: Vec<_> = own
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let number = entry.file_name().to_str()?.parse().ok()?;
                // The directory that is being read has a descriptor too, which is closed by now.
                let target = fs::read_link(format!("/proc/self/fd/{number}")).ok()?;
                Some((number, target.to_string_lossy().into_owned()))
            })
            .filter(|(_, target)| !target.contains("/proc/"))
            .collect();
        fds.sort();
        fds
    }
}

/// Returns a replacement for a standard stream.
fn null() -> OwnedFd {
    let null = fs::OpenOptions::new().read(true).write(true).open("/dev/null");
    null.expect("/dev/null").into()
}

thread_local! {
    /// The time at which the task of this thread is polled again at the latest.
    static ALARM: Cell<Option<Instant>> = const { Cell::new(None) };
}

struct Sleep {
    until: Instant,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.until {
            return Poll::Ready(());
        }
        let first = ALARM.get().map_or(self.until, |at| at.min(self.until));
        ALARM.set(Some(first));
        Poll::Pending
    }
}

/// Runs a task to its end on this thread.
pub(crate) fn block_on<T>(task: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut task = pin!(task);
    loop {
        ALARM.set(None);
        if let Poll::Ready(value) = task.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        match ALARM.get() {
            Some(at) => thread::park_timeout(at.saturating_duration_since(Instant::now())),
            None => thread::park(),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
