//! Child processes for pontoon's runtimes: how one is started, signalled and reported.
//!
//! Owns: the [`std::process::Command`] of a [`ChildSpec`], signals to a child's process group, and
//! the translation of the operating system's answers into the core's words.
//! Never: waits, reads or writes; that is what the runtimes differ in.
//!
//! Beside that, [`Sampler`] tells what the operating system knows about this process and its
//! machine.
//!
//! Every child leads a process group of its own, so that whatever it started can be signalled with
//! it, and a signal from the terminal does not reach it past the stop order of the core. It inherits
//! no file descriptor that this program has opened: the standard library opens all of them with
//! `O_CLOEXEC`.
//!
//! On Linux a child is killed when the thread that spawned it ends, even by SIGKILL of the whole
//! program. **Spawn from a thread that lives as long as the children.** A process that the child
//! itself started has no such bond; it sees its standard streams close.

#![warn(missing_docs)]

mod facts;

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};

use pontoon_core::bridge::ChildSpec;
use pontoon_core::machine::Signal;
use pontoon_core::reject::{ExitStatus, SpawnError};
use rustix::io::Errno;
use rustix::process::Pid;

pub use facts::Sampler;

/// The command of `spec`: no shell, three pipes, its own process group.
pub fn command(spec: &ChildSpec) -> Command {
    let mut command = Command::new(&spec.program);
    command.args(&spec.args);
    if let Some(env) = &spec.env {
        command.env_clear().envs(env.iter().map(|(name, value)| (name, value)));
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0);
    #[cfg(target_os = "linux")]
    die_with_parent(&mut command);
    command
}

/// Binds the child's life to that of the spawning thread.
///
/// The signal is SIGKILL: a child that catches SIGTERM would outlive everybody who could still send
/// it the second signal.
#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command) {
    let parent = rustix::process::getpid();
    let bind = move || {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        // The parent may have died before the kernel knew what to do about it.
        match rustix::process::getppid() {
            Some(pid) if pid == parent => Ok(()),
            _ => Err(Errno::SRCH.into()),
        }
    };
    // SAFETY: the closure runs between fork and exec, where only async-signal-safe work is allowed.
    // It makes two bare system calls, and touches neither the heap nor a lock nor the environment.
    #[expect(unsafe_code)]
    unsafe {
        command.pre_exec(bind);
    }
}

/// Signals the process group that `pid` leads. A group that is gone is left alone.
pub fn signal_group(pid: u32, signal: Signal) {
    let signal = match signal {
        Signal::Terminate => rustix::process::Signal::TERM,
        Signal::Kill => rustix::process::Signal::KILL,
    };
    if let Some(group) = pid_of(pid) {
        // It fails only for a group that ended, or that has become somebody else's.
        let _ = rustix::process::kill_process_group(group, signal);
    }
}

fn pid_of(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// How a process ended, in the core's words.
pub fn exit_status(status: std::process::ExitStatus) -> ExitStatus {
    match (status.code(), status.signal()) {
        (Some(code), _) => ExitStatus::Code(code),
        (None, Some(signal)) => ExitStatus::Signal(signal),
        (None, None) => ExitStatus::Unknown,
    }
}

/// Why a process could not be started, in the core's words.
pub fn spawn_error(error: &io::Error) -> SpawnError {
    match Errno::from_io_error(error) {
        Some(Errno::NOENT | Errno::NOTDIR) => SpawnError::NotFound,
        Some(Errno::ACCESS | Errno::PERM | Errno::NOEXEC | Errno::ISDIR) => {
            SpawnError::NotExecutable
        }
        Some(Errno::AGAIN | Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOSPC) => {
            SpawnError::NoResources
        }
        _ => SpawnError::Other,
    }
}

#[cfg(test)]
mod tests;
