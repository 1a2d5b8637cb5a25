//! `pontoon stdio`: a server of the core on this process's standard input and output.
//!
//! It uses one thread: a server that waits only for its client takes a read and a write for each
//! batch of lines, without switching threads.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::{Instant as Clock, SystemTime};

use pontoon_core::server::{MessageContext, ServerConnection, StdioServer};
use pontoon_core::{Duration, Instant, Limits, Native, StateKey};
use pontoon_process::Sampler;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Serves until the end of input, by which a client ends its server (2025-11-25, basic/lifecycle,
/// Shutdown); waiting requests are dropped.
pub(crate) fn serve(native: &Native) -> io::Result<()> {
    // Directly on the descriptors, because the buffers of the standard library flush at every line.
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    match converse(native, input, output) {
        // A client that has closed the pipe has ended the connection.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

fn converse(native: &Native, mut input: File, mut output: File) -> io::Result<()> {
    let surroundings = Surroundings::new()?;
    let connection = ServerConnection::new(native.server.clone());
    let connection = connection.restricted_to(native.revisions.clone());
    let mut pipe = StdioServer::new(connection, Limits::default().line_bytes_max);
    let mut chunk = vec![0; READ_BYTES];
    let mut out = Vec::new();
    let mut ended = false;
    while !ended {
        if wait(&input, pipe.poll_timeout(), surroundings.now())? {
            match read(&mut input, &mut chunk)? {
                None => {}
                Some(0) => {
                    ended = true;
                    pipe.handle_end(&surroundings.at()?, &mut out);
                }
                Some(count) => {
                    pipe.handle_input(&chunk[..count], &surroundings.at()?, &mut out);
                }
            }
        }
        if pipe.wants_stats() {
            let facts = surroundings.sampler.sample(surroundings.started.elapsed());
            pipe.handle_stats(&facts, &surroundings.at()?, &mut out);
        }
        if pipe.poll_timeout().is_some_and(|due| due <= surroundings.now()) {
            pipe.handle_timeout(&surroundings.at()?, &mut out);
        }
        write(&mut output, &out)?;
        out.clear();
    }
    Ok(())
}

/// Reads the available bytes; `None` if there are none. Another process with the same descriptor
/// may have made it non-blocking.
fn read(input: &mut File, chunk: &mut [u8]) -> io::Result<Option<usize>> {
    match input.read(chunk) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            ready(input, PollFlags::IN, None)?;
            Ok(None)
        }
        count => count.map(Some),
    }
}

fn write(output: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match output.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                ready(output, PollFlags::OUT, None)?;
            }
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            count => bytes = &bytes[count?..],
        }
    }
    Ok(())
}

/// The system's time, randomness and facts.
struct Surroundings {
    started: Clock,
    sampler: Sampler,
    seal: StateKey,
}

impl Surroundings {
    fn new() -> io::Result<Self> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(io::Error::from)?;
        let (started, sampler) = (Clock::now(), Sampler::start(false));
        Ok(Surroundings { started, sampler, seal: StateKey::new(secret) })
    }

    fn now(&self) -> Instant {
        Instant::ZERO + self.started.elapsed()
    }

    fn at(&self) -> io::Result<MessageContext<'_>> {
        let wall = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let random = getrandom::u64().map_err(io::Error::from)?;
        Ok(MessageContext::without_http(self.now(), wall, random, &self.seal))
    }
}

/// Waits for input, until the deadline at most; returns whether there is any.
fn wait(input: &File, deadline: Option<Instant>, now: Instant) -> io::Result<bool> {
    let Some(deadline) = deadline else { return Ok(true) };
    ready(input, PollFlags::IN, Some(deadline.since(now)))
}

/// Waits until a file is ready, for this long at most; returns whether it is.
fn ready(file: &File, flags: PollFlags, timeout: Option<Duration>) -> io::Result<bool> {
    let timeout = timeout.map(|timeout| Timespec::try_from(timeout.min(WAIT_MAX)));
    let timeout = timeout.transpose().map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut watched = [PollFd::new(file, flags)];
    match poll(&mut watched, timeout.as_ref()) {
        Err(rustix::io::Errno::INTR) => Ok(false),
        ready => Ok(ready? > 0),
    }
}

const WAIT_MAX: Duration = Duration::from_secs(3600);

/// The size of a pipe's buffer.
const READ_BYTES: usize = 64 * 1024;
