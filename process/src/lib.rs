//! Child processes for pontoon's runtimes: starting, signalling and reporting.
//!
//! Owns: the [`std::process::Command`] of a [`ChildSpec`], signals to a child's process group, and
//! the translation of the operating system's results into the core's types. Never: waits, reads or
//! writes; that is where the runtimes differ.
//!
//! Besides that, [`Sampler`] reports the operating system's facts about this process and its host.
//!
//! Every child leads a session of its own, and with it a process group: a signal to the group
//! reaches the child's descendants, and no signal from the terminal reaches the child. A session of
//! its own has no terminal, so a child that opens `/dev/tty` to ask for a password gets an error
//! (`ENXIO`) instead of being stopped by `SIGTTIN`. A child inherits no file descriptor that this
//! program has opened: the standard library opens all of them with `O_CLOEXEC`.
//!
//! On Linux a child is killed when the thread that started it ends, even if the whole program ends
//! by SIGKILL. **Start children on a thread that lives as long as they do.** The child's own
//! children are not killed; their standard streams close.

#![warn(missing_docs)]

mod facts;

use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};

pub use facts::Sampler;
use pontoon_core::{ChildSpec, ExitStatus, Signal, SpawnError};
use rustix::io::Errno;
use rustix::process::Pid;
#[cfg(target_os = "linux")]
use rustix::process::WaitOptions;

/// Returns the command of `spec`: no shell, three pipes, its own session.
pub fn command(spec: &ChildSpec) -> Command {
    let mut command = Command::new(&spec.program);
    command.args(&spec.args);
    if let Some(env) = &spec.env {
        command.env_clear().envs(env.iter().map(|(name, value)| (name, value)));
    }
    if let Some(cwd) = &spec.cwd {
        command.current_dir(cwd);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let parent = rustix::process::getpid();
    // SAFETY: the closure runs between fork and exec, where only async-signal-safe work is allowed.
    // It makes system calls only, and uses no heap, lock or environment.
    #[expect(unsafe_code)]
    unsafe {
        command.pre_exec(move || {
            rustix::process::setsid()?;
            die_with_parent(parent)
        });
    }
    command
}

/// Ties the life of the calling process to that of the thread that forked it.
///
/// The signal is SIGKILL, because a child that catches SIGTERM would outlive all processes that
/// could send it the second signal.
#[cfg(target_os = "linux")]
fn die_with_parent(parent: Pid) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // The parent may have died before the kernel was told.
    match rustix::process::getppid() {
        Some(pid) if pid == parent => Ok(()),
        _ => Err(Errno::SRCH.into()),
    }
}

/// Does nothing: only Linux has a parent-death signal.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: Pid) -> io::Result<()> {
    Ok(())
}

/// Returns the number of bytes that wait in a pipe, given either of its ends; 0 if the system
/// cannot tell.
pub fn unread(pipe: impl AsFd) -> usize {
    rustix::io::ioctl_fionread(pipe).ok().and_then(|bytes| bytes.try_into().ok()).unwrap_or(0)
}

/// Signals the process group that `pid` leads. Has no effect if the group has ended.
pub fn signal_group(pid: u32, signal: Signal) {
    let signal = match signal {
        Signal::Terminate => rustix::process::Signal::TERM,
        Signal::Kill => rustix::process::Signal::KILL,
    };
    if let Some(group) = pid_of(pid) {
        // It fails only for a group that has ended, or whose id belongs to another user's process
        // now.
        let _ = rustix::process::kill_process_group(group, signal);
    }
}

/// Reaps every ended child of the calling thread, without blocking for running ones.
///
/// The main thread, which forks nothing, adopts processes that this program never started: as PID 1
/// the orphans of its children, and the children that a shell had started before it called `exec`.
/// Their zombies would stay as long as the program runs. The children of other threads, those of
/// the runtimes, are not affected: each of them is waited for where it was started.
#[cfg(target_os = "linux")]
pub fn reap_adopted() {
    // wait4(2): `__WNOTHREAD`, "do not wait for children of other threads in the same thread group".
    const NO_THREAD: u32 = 0x2000_0000;
    let options = WaitOptions::NOHANG | WaitOptions::from_bits_retain(NO_THREAD);
    while let Ok(Some(_)) = rustix::process::wait(options) {}
}

/// Does nothing: only Linux tells the children of one thread from those of another.
#[cfg(not(target_os = "linux"))]
pub fn reap_adopted() {}

fn pid_of(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// Converts the exit status of a process to the core's type.
pub fn exit_status(status: std::process::ExitStatus) -> ExitStatus {
    match (status.code(), status.signal()) {
        (Some(code), _) => ExitStatus::Code(code),
        (None, Some(signal)) => ExitStatus::Signal(signal),
        (None, None) => ExitStatus::Unknown,
    }
}

/// Converts the error of a failed start to the core's type.
pub fn spawn_error(error: &io::Error) -> SpawnError {
    match Errno::from_io_error(error) {
        Some(Errno::NOENT | Errno::NOTDIR) => SpawnError::NotFound,
        Some(Errno::ACCESS | Errno::PERM | Errno::NOEXEC | Errno::ISDIR) => {
            SpawnError::NotExecutable
        }
        Some(Errno::AGAIN | Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOSPC) => {
            SpawnError::NoResources
        }
        Some(Errno::TOOBIG) => SpawnError::TooLong,
        _ => SpawnError::Other,
    }
}

#[cfg(test)]
mod tests;
