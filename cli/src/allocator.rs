//! Returns memory to the system that glibc keeps after it has been freed.
//!
//! glibc keeps the memory of large messages for the next ones, which is fast: with a fixed mmap
//! threshold, which returns each large allocation when it is freed, an echo of 1 MB took 2.3 times
//! the processor time. So its thresholds stay as they are, and a thread returns what glibc keeps.

use std::io;
use std::thread;
use std::time::Duration;

/// The time after which free memory is returned again.
const PERIOD: Duration = Duration::from_secs(2);

/// Has all threads allocate from one arena. To be called before the first thread starts.
///
/// `malloc_trim` does not return the end of any other arena, which can be 64 MiB long. Small
/// allocations take no lock of the arena; requests of 100 bytes to 1 MB took as much processor
/// time as with several arenas, or less.
pub(crate) fn use_one_arena() {
    // SAFETY: mallopt sets a parameter of the allocator, and no other thread runs yet.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
}

/// Starts a thread that returns free memory every two seconds.
///
/// It does so even if the resident memory has not changed: what has been freed since is still
/// resident.
///
/// # Errors
///
/// The operating system refuses a thread.
pub(crate) fn watch() -> io::Result<()> {
    let thread = thread::Builder::new().name("pontoon-memory".into());
    thread.spawn(|| {
        loop {
            thread::sleep(PERIOD);
            // SAFETY: malloc_trim touches free memory only, and any thread may call it.
            unsafe { libc::malloc_trim(0) };
        }
    })?;
    Ok(())
}
