//! What a process has around it, as `badchild` needs it.

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

/// The surroundings of one process.
pub trait System: Send + Sync + 'static {
    /// Runs something beside everything else, until it or the process ends.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);

    /// Lets this time pass.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;

    /// Appends the next line of standard input, with its end; nothing where the input has ended.
    fn read_line(&self, line: &mut Vec<u8>) -> impl Future<Output = ()> + Send;

    /// Writes bytes, all of them, with nothing else in between.
    ///
    /// # Errors
    ///
    /// Nobody reads them.
    fn write(&self, output: Output, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;

    /// Closes standard input, though the process lives on.
    fn close_stdin(&self);

    /// Closes standard output, though the process lives on.
    fn close_stdout(&self);

    /// Ends the process with this status.
    fn exit(&self, code: i32) -> impl Future<Output = Infallible> + Send;

    /// Ends the process by this signal.
    fn raise(&self, signal: i32) -> impl Future<Output = Infallible> + Send;

    /// Starts a process that holds this one's streams open for [`crate::LIFETIME`]; returns its id.
    /// With `setsid` it leaves the process group.
    fn fork(&self, setsid: bool) -> u32;

    /// Keeps a line that was read, with its end, where a case can see it.
    fn keep(&self, line: &[u8]);

    /// Keeps a fact where a case can see it.
    fn note(&self, fact: &str, value: &str);

    /// Whether a case has told this word.
    fn told(&self, word: &str) -> bool;

    /// The process id.
    fn pid(&self) -> u32;

    /// The command line, without the program.
    fn arguments(&self) -> Vec<OsString>;

    /// The environment.
    fn environment(&self) -> Vec<(OsString, OsString)>;

    /// The open file descriptors, and what they lead to.
    fn descriptors(&self) -> Vec<(i32, String)>;
}
