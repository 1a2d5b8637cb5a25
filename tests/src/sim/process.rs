//! Processes: their table, their ends, and the system of a child.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::ffi::OsString;
use std::future::{self, poll_fn};
use std::io::{self, IoSlice};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pontoon_core::ChildSpec;
use pontoon_driver::io as driver;
use rustix::process::Signal;
use test_server::{Flags, LIFETIME, Output, System};

use super::pipe::{Reader, Writer, pipe};
use super::{World, lock};
use crate::record::Memory;

/// A process id.
pub type Pid = u32;

/// All processes, including ended ones.
pub(crate) struct Processes {
    last: Pid,
    all: BTreeMap<Pid, Process>,
}

/// One process.
pub(crate) struct Process {
    pub(crate) parent: Pid,
    pub(crate) group: Pid,
    /// Its status, once it has ended. Its parent learns that at once, so none stays unreaped.
    status: Option<ExitStatus>,
    ignores_term: bool,
    /// For a process that handles SIGTERM itself: the number of signals so far.
    sigterms: Option<u32>,
    descriptors: Descriptors,
    waiting: Option<Waker>,
}

impl Default for Processes {
    fn default() -> Self {
        Processes { last: SUITE, all: BTreeMap::new() }
    }
}

impl Processes {
    /// Returns the process with this id, unless it has ended.
    pub(crate) fn running(&self, pid: Pid) -> Option<&Process> {
        self.all.get(&pid).filter(|process| process.status.is_none())
    }

    /// Iterates over the running processes, by id.
    pub(crate) fn all_running(&self) -> impl Iterator<Item = (Pid, &Process)> {
        let all = self.all.iter().map(|(pid, process)| (*pid, process));
        all.filter(|(_, process)| process.status.is_none())
    }

    fn add(&mut self, parent: Pid) -> (Pid, &mut Process) {
        self.last += 1;
        let process = Process {
            parent,
            group: self.last,
            status: None,
            ignores_term: false,
            sigterms: None,
            descriptors: Descriptors::default(),
            waiting: None,
        };
        (self.last, self.all.entry(self.last).or_insert(process))
    }
}

/// The number of open file descriptors of a process.
#[derive(Clone, Default)]
pub(crate) struct Descriptors(Arc<AtomicUsize>);

/// An open descriptor, closed when dropped.
pub(crate) struct Descriptor(Descriptors);

impl Descriptors {
    pub(crate) fn open(&self) -> Descriptor {
        self.0.fetch_add(1, Ordering::Relaxed);
        Descriptor(self.clone())
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Process {
    /// Returns the number of its open file descriptors.
    pub(crate) fn descriptors(&self) -> usize {
        self.descriptors.0.load(Ordering::Relaxed)
    }
}

impl World {
    /// Starts a program that handles SIGTERM itself.
    pub(crate) fn start_program(&self) -> (Pid, Descriptors) {
        let mut processes = lock(&self.processes);
        let (pid, process) = processes.add(SUITE);
        process.sigterms = Some(0);
        (pid, process.descriptors.clone())
    }

    /// Ends a process and all its tasks, unless it has ended.
    pub(crate) fn end_process(&self, pid: Pid, status: ExitStatus) {
        let waiting = {
            let mut processes = lock(&self.processes);
            let Some(process) = processes.all.get_mut(&pid) else { return };
            if process.status.is_some() {
                return;
            }
            process.status = Some(status);
            process.waiting.take()
        };
        self.kill(pid);
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    /// Returns the status of an ended process, or `None` if it runs.
    pub(crate) fn ended(&self, pid: Pid) -> Option<ExitStatus> {
        lock(&self.processes).all.get(&pid)?.status
    }

    /// Waits for the end of a process.
    pub(crate) async fn end_of(&self, pid: Pid) -> ExitStatus {
        poll_fn(|cx| {
            let mut processes = lock(&self.processes);
            let process = processes.all.get_mut(&pid).expect("a process there was");
            process.waiting = Some(cx.waker().clone());
            process.status.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Sends a signal to a process.
    pub(crate) fn signal(&self, pid: Pid, signal: Signal) {
        {
            let mut processes = lock(&self.processes);
            let Some(process) = processes.all.get_mut(&pid) else { return };
            if signal == Signal::TERM && process.ignores_term {
                return;
            }
            if let Some(asked) = process.sigterms.as_mut().filter(|_| signal == Signal::TERM) {
                *asked += 1;
                if let Some(waker) = process.waiting.take() {
                    waker.wake();
                }
                return;
            }
        }
        self.end_process(pid, ExitStatus::from_raw(signal.as_raw()));
    }

    /// Sends a signal to every process of a group.
    pub(crate) fn signal_group(&self, group: Pid, signal: Signal) {
        let members: Vec<_> = {
            let processes = lock(&self.processes);
            let all = processes.all_running().filter(|(_, process)| process.group == group);
            all.map(|(pid, _)| pid).collect()
        };
        members.into_iter().for_each(|pid| self.signal(pid, signal));
    }

    /// Waits until a program has received more than this many SIGTERMs; returns their number.
    pub(crate) async fn asked_to_end(&self, pid: Pid, known: u32) -> u32 {
        poll_fn(|cx| {
            let mut processes = lock(&self.processes);
            let process = processes.all.get_mut(&pid).expect("a process there was");
            match process.sigterms.filter(|asked| *asked > known) {
                Some(asked) => Poll::Ready(asked),
                None => {
                    process.waiting = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

/// The parent's ends of a child's streams.
pub(crate) struct Pipes {
    pub(crate) stdin: Stdin,
    pub(crate) stdout: Counted<Reader>,
    pub(crate) stderr: Counted<Reader>,
}

/// An end of a pipe, counted as a descriptor of its process.
pub(crate) struct Counted<T>(T, #[expect(dead_code, reason = "it counts")] Descriptor);

impl driver::Source for Counted<Reader> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_read(cx, buf)
    }
}

/// The write end of a child's standard input.
pub(crate) struct Stdin(Counted<Writer>);

impl driver::Sink for Stdin {
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.0.poll_write(cx, bufs)
    }
}

impl driver::Stdin for Stdin {
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.0.poll_closed(cx)
    }

    fn unread(&self) -> usize {
        self.0.0.unread()
    }
}

/// A simulated `test-server`.
pub(crate) struct Child {
    world: Arc<World>,
    pid: Pid,
    spec: ChildSpec,
    record: Arc<Mutex<Memory>>,
    stdin: Input,
    stdout: Out,
    stderr: Out,
}

/// Standard input: the pipe, unless it was closed, and the bytes read and not used.
struct Input {
    pipe: Mutex<Option<Arc<Mutex<Reader>>>>,
    read: Mutex<Vec<u8>>,
}

/// An output stream that tasks write to in turn.
struct Out {
    /// `None` if it was closed; writes are then lost.
    pipe: Mutex<Option<Arc<Writer>>>,
    /// The writer whose turn it is, and those after it.
    queue: Mutex<WriteQueue>,
}

#[derive(Default)]
struct WriteQueue {
    last: u64,
    queue: VecDeque<u64>,
    waiting: Vec<Waker>,
}

impl Child {
    /// Starts a child of `parent`, which holds the other ends of its streams.
    pub(crate) fn start(
        world: &Arc<World>,
        parent: (Pid, &Descriptors),
        spec: ChildSpec,
        record: Arc<Mutex<Memory>>,
    ) -> (Pid, Pipes) {
        let flags = Flags::parse(spec.args.iter().cloned());
        let pid = {
            let mut processes = lock(&world.processes);
            let (pid, process) = processes.add(parent.0);
            process.ignores_term = flags.ignore_term;
            pid
        };
        let held = || parent.1.open();
        let [stdin, stdout, stderr] = [(); 3].map(|()| pipe(world, PIPE_BYTES));
        lock(&record).start(pid);
        let child = Arc::new(Child {
            world: world.clone(),
            pid,
            spec,
            record,
            stdin: Input {
                pipe: Mutex::new(Some(Arc::new(Mutex::new(stdin.1)))),
                read: Mutex::default(),
            },
            stdout: Out::new(stdout.0),
            stderr: Out::new(stderr.0),
        });
        let own = world.clone();
        world.spawn(pid, async move {
            test_server::run(child, flags).await;
            own.end_process(pid, exit_status(0));
        });
        let pipes = Pipes {
            stdin: Stdin(Counted(stdin.0, held())),
            stdout: Counted(stdout.1.ending_at_once(), held()),
            stderr: Counted(stderr.1.ending_at_once(), held()),
        };
        (pid, pipes)
    }
}

/// Returns the status of a process that exited with this code.
pub(crate) fn exit_status(code: i32) -> ExitStatus {
    ExitStatus::from_raw((code & 0xff) << 8)
}

impl Out {
    fn new(pipe: Writer) -> Out {
        Out { pipe: Mutex::new(Some(Arc::new(pipe))), queue: Mutex::default() }
    }

    async fn write(&self, world: &Arc<World>, mut bytes: &[u8]) -> io::Result<()> {
        let turn = lock(&self.queue).join();
        poll_fn(|cx| lock(&self.queue).poll(cx, turn)).await;
        let mut written = Ok(());
        while !bytes.is_empty() && written.is_ok() {
            let Some(pipe) = lock(&self.pipe).clone() else {
                // An endless writer to a closed stream must let time pass.
                world.sleep_in_task(Duration::from_millis(1)).await;
                break;
            };
            match poll_fn(|cx| pipe.poll_write(cx, &[IoSlice::new(bytes)])).await {
                Ok(taken) => bytes = &bytes[taken..],
                Err(error) => written = Err(error),
            }
        }
        lock(&self.queue).leave();
        written
    }
}

impl WriteQueue {
    fn join(&mut self) -> u64 {
        self.last += 1;
        self.queue.push_back(self.last);
        self.last
    }

    fn poll(&mut self, cx: &Context<'_>, turn: u64) -> Poll<()> {
        if self.queue.front() == Some(&turn) {
            return Poll::Ready(());
        }
        self.waiting.push(cx.waker().clone());
        Poll::Pending
    }

    fn leave(&mut self) {
        self.queue.pop_front();
        self.waiting.drain(..).for_each(Waker::wake);
    }
}

impl System for Child {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.world.spawn(self.pid, task);
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send {
        self.world.sleep_in_task(time)
    }

    async fn read_line(&self, line: &mut Vec<u8>) {
        let mut buf = [0; READ_BYTES];
        loop {
            {
                let mut read = lock(&self.stdin.read);
                let end = read.iter().position(|byte| *byte == b'\n');
                let len = end.map_or(read.len(), |end| end + 1);
                line.extend(read.drain(..len));
                if end.is_some() {
                    return;
                }
            }
            let Some(pipe) = lock(&self.stdin.pipe).clone() else { return };
            let bytes = poll_fn(|cx| lock(&pipe).poll_read(cx, &mut buf)).await.unwrap_or(0);
            if bytes == 0 {
                return;
            }
            lock(&self.stdin.read).extend_from_slice(&buf[..bytes]);
        }
    }

    async fn write(&self, output: Output, bytes: &[u8]) -> io::Result<()> {
        match output {
            Output::Stderr => self.stderr.write(&self.world, bytes).await,
            Output::Stdout => self.stdout.write(&self.world, bytes).await,
        }
    }

    fn close_stdin(&self) {
        *lock(&self.stdin.pipe) = None;
    }

    fn close_stdout(&self) {
        *lock(&self.stdout.pipe) = None;
    }

    async fn exit(&self, code: i32) -> Infallible {
        self.world.end_process(self.pid, exit_status(code));
        future::pending().await
    }

    async fn raise(&self, signal: i32) -> Infallible {
        self.world.end_process(self.pid, ExitStatus::from_raw(signal));
        future::pending().await
    }

    fn fork(&self, setsid: bool) -> Pid {
        let pid = {
            let mut processes = lock(&self.world.processes);
            let (group, ignores_term) = processes
                .running(self.pid)
                .map_or((self.pid, false), |this| (this.group, this.ignores_term));
            let (pid, process) = processes.add(self.pid);
            process.ignores_term = ignores_term;
            if !setsid {
                process.group = group;
            }
            pid
        };
        let stdin = lock(&self.stdin.pipe).clone();
        let outputs = [&self.stdout, &self.stderr].map(|out| lock(&out.pipe).clone());
        let (world, pause) = (self.world.clone(), self.world.sleep_in_task(LIFETIME));
        self.world.spawn(pid, async move {
            let _held_open = (stdin, outputs);
            pause.await;
            world.end_process(pid, exit_status(0));
        });
        pid
    }

    fn keep(&self, line: &[u8]) {
        lock(&self.record).keep(self.pid, line);
    }

    fn note(&self, fact: &str, value: &str) {
        lock(&self.record).note(self.pid, fact, value);
    }

    fn told(&self, word: &str) -> bool {
        lock(&self.record).is_flag_set(word)
    }

    fn instruction(&self) -> impl Future<Output = String> + Send {
        poll_fn(|cx| lock(&self.record).poll_instruction(self.pid, cx))
    }

    fn pid(&self) -> Pid {
        self.pid
    }

    fn arguments(&self) -> Vec<OsString> {
        self.spec.args.clone()
    }

    fn environment(&self) -> Vec<(OsString, OsString)> {
        self.spec.env.clone().unwrap_or_default()
    }

    fn descriptors(&self) -> Vec<(i32, String)> {
        (0..3).map(|number| (number, "pipe".to_owned())).collect()
    }
}

/// The buffer size of a pipe.
const PIPE_BYTES: usize = 64 * 1024;

/// The number of bytes that a child reads at once.
const READ_BYTES: usize = 8 * 1024;

/// The process that starts programs. Tasks of a case belong to it too.
pub(crate) const SUITE: Pid = 1;

#[cfg(test)]
mod tests;
