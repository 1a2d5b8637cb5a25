//! `pontoon stdio`: a server of the core on this process's standard input and output.
//!
//! One thread: where the server waits for nothing but its client, that is a read and a write for
//! each batch of lines, without a hand-over between threads in between.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::Instant as Clock;

use pontoon_core::small::Server;
use pontoon_core::time::{Duration, Instant};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Serves the echo server until the end of input.
pub(crate) fn echo() -> io::Result<()> {
    // Straight to the descriptors: the buffers of the standard library flush at every line.
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    match converse(input, output) {
        // A client that went away has ended the conversation.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

fn converse(mut input: File, mut output: File) -> io::Result<()> {
    let started = Clock::now();
    let now = || Instant::ZERO + started.elapsed();
    let mut server = Server::new();
    let mut lines = Lines::default();
    let mut chunk = vec![0; READ_BYTES];
    let mut out = Vec::new();
    loop {
        if wait(&input, server.poll_timeout(), now())? {
            let count = match input.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                count => count?,
            };
            let at = now();
            if count == 0 {
                server.handle_line(&lines.partial, at, &mut out);
                return output.write_all(&out);
            }
            lines.split(&chunk[..count], |line| server.handle_line(line, at, &mut out))?;
        }
        server.handle_timeout(now(), &mut out);
        output.write_all(&out)?;
        out.clear();
    }
}

/// Waits for input, until the deadline at most; whether a read would not wait.
fn wait(input: &File, deadline: Option<Instant>, now: Instant) -> io::Result<bool> {
    let Some(deadline) = deadline else { return Ok(true) };
    let timeout = Timespec::try_from(deadline.since(now).min(Duration::from_secs(3600)))
        .map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut watched = [PollFd::new(input, PollFlags::IN)];
    match poll(&mut watched, Some(&timeout)) {
        Err(rustix::io::Errno::INTR) => Ok(false),
        ready => Ok(ready? > 0),
    }
}

/// Cuts a stream into lines; keeps the piece of a line that has not ended.
#[derive(Default)]
struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    fn split(&mut self, mut bytes: &[u8], mut each: impl FnMut(&[u8])) -> io::Result<()> {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            if self.partial.is_empty() {
                each(&bytes[..end]);
            } else {
                self.partial.extend_from_slice(&bytes[..end]);
                each(&self.partial);
                self.partial.clear();
            }
            bytes = &bytes[end + 1..];
        }
        if self.partial.len() + bytes.len() > LINE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line exceeds 64 MiB"));
        }
        self.partial.extend_from_slice(bytes);
        Ok(())
    }
}

/// As much as a pipe holds.
const READ_BYTES: usize = 64 * 1024;

/// A line may be this long.
const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;
