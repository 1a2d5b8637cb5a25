//! The operating system as a trait, so that `test-server` can be simulated.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::time::Duration;

/// The two streams a process writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Standard error.
    Stderr,
    /// Standard output.
    Stdout,
}

/// The operating system around a process.
pub trait System: Send + Sync + 'static {
    /// Runs a task in parallel, until it or the process ends.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);

    /// Waits for this time.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;

    /// Appends the next line of standard input, with its end; nothing after the end of input.
    fn read_line(&self, line: &mut Vec<u8>) -> impl Future<Output = ()> + Send;

    /// Writes bytes in one piece.
    ///
    /// # Errors
    ///
    /// The pipe is closed.
    fn write(&self, output: Output, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;

    /// Closes standard input; the process keeps running.
    fn close_stdin(&self);

    /// Closes standard output; the process keeps running.
    fn close_stdout(&self);

    /// Ends the process with this status.
    fn exit(&self, code: i32) -> impl Future<Output = Infallible> + Send;

    /// Ends the process by this signal.
    fn raise(&self, signal: i32) -> impl Future<Output = Infallible> + Send;

    /// Starts a process that keeps this one's streams open for [`crate::LIFETIME`]; returns its id.
    /// With `setsid` it leaves the process group.
    fn fork(&self, setsid: bool) -> u32;

    /// Records a line of input, with its end.
    fn keep(&self, line: &[u8]);

    /// Records a fact.
    fn note(&self, fact: &str, value: &str);

    /// Returns whether a case has set this word.
    fn told(&self, word: &str) -> bool;

    /// Waits for the next instruction of a transcript.
    fn instruction(&self) -> impl Future<Output = String> + Send;

    /// The process id.
    fn pid(&self) -> u32;

    /// The command line, without the program.
    fn arguments(&self) -> Vec<OsString>;

    /// The environment.
    fn environment(&self) -> Vec<(OsString, OsString)>;

    /// The open file descriptors, and what they lead to.
    fn descriptors(&self) -> Vec<(i32, String)>;
}
