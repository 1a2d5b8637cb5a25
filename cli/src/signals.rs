//! Signals: those that ask the program to stop, SIGHUP, and SIGCHLD.

use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Calls `asked` for each SIGTERM and SIGINT, and for each SIGHUP unless the program was started
/// with that ignored, as `nohup` does. Signals in quick succession count as one: `timeout` sends
/// its own to the program and then to its group. If `reopen` is given, each SIGHUP calls it in
/// place of `asked`. Calls `child_ended` for each SIGCHLD.
pub(crate) fn watch(
    asked: impl Fn() + Send + 'static,
    reopen: Option<impl Fn() + Send + 'static>,
    child_ended: impl Fn() + Send + 'static,
) -> io::Result<()> {
    let mut signals = Signals::new([SIGCHLD, SIGINT, SIGTERM])?;
    if reopen.is_some() || !is_ignored(SIGHUP) {
        signals.add_signal(SIGHUP)?;
    }
    thread::Builder::new().name("signals".into()).spawn(move || {
        let mut last: Option<Instant> = None;
        for signal in signals.forever() {
            if signal == SIGCHLD {
                child_ended();
            } else if let (SIGHUP, Some(reopen)) = (signal, &reopen) {
                reopen();
            } else if last.is_none_or(|last| last.elapsed() >= WISH_TIME) {
                last = Some(Instant::now());
                asked();
            }
        }
    })?;
    Ok(())
}

/// Returns whether a signal is ignored; false if the system cannot tell.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// The time for which a further signal counts as the same one.
const WISH_TIME: Duration = Duration::from_millis(100);
