//! Signals that ask the program to stop.

use std::fs;
use std::io;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Catches SIGTERM, and SIGINT and SIGHUP unless whoever started the program had them ignored
/// (`nohup`, a background job), and calls `asked` for each.
pub(crate) fn watch(asked: impl Fn() + Send + 'static) -> io::Result<()> {
    let ignored = ignored();
    let caught = [SIGTERM, SIGINT, SIGHUP].into_iter().filter(|signal| !ignored(*signal));
    let mut signals = Signals::new(caught)?;
    thread::Builder::new().name("signals".into()).spawn(move || {
        for _ in signals.forever() {
            asked();
        }
    })?;
    Ok(())
}

/// Which signals were ignored when the program started; where that cannot be known, none.
fn ignored() -> impl Fn(i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    move |signal| signal != SIGTERM && mask >> (signal - 1) & 1 == 1
}
