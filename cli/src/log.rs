//! The log: entries are written in the background, and never block the threads that create them.
//!
//! ```text
//! caller ──► entry ──┬─► queue ─► thread ─► standard error
//!                    └─► queue ─► thread ─► file
//! ```
//!
//! Queues are bounded: if a sink cannot keep up, entries are dropped and counted, and the count is
//! logged as soon as possible. A sink that fails loses entries; it stops nothing.

mod entry;
mod text;

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

use pontoon_core::Level;
use time::UtcOffset;

pub(crate) use self::entry::{Entry, Notice};
use crate::args::{LogArgs, LogFormat};
use crate::errors::Failure;
use text::Terminal;

/// The destinations of entries. Clones share them.
#[derive(Clone)]
pub(crate) struct Log {
    sinks: Arc<[Sink]>,
}

struct Sink {
    level: Level,
    /// Whether it shows the URL whatever its level: for people, who need it.
    shows_url: bool,
    queue: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
    /// Tells a file to reopen its path.
    is_stale: Arc<AtomicBool>,
}

/// A log file.
struct LogFile {
    path: PathBuf,
    file: File,
    /// Whether the path has to be reopened, because the file was renamed.
    is_stale: Arc<AtomicBool>,
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_stale.swap(false, Ordering::Relaxed)
            && let Ok(file) = open_file(&self.path)
        {
            self.file = file;
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

enum Message {
    Entry(Box<Entry>),
    /// All earlier messages have to be written; then the sender is dropped.
    Flush(#[allow(dead_code, reason = "its end is what is waited for")] Sender<()>),
}

impl Log {
    /// Opens the log with these settings; `command` is the name of the command in it. Must be
    /// called before other threads start, which would hide the local time.
    pub(crate) fn open(args: &LogArgs, command: &str) -> Result<Log, Failure> {
        let level = if args.quiet { args.log_level.max(Level::Warning) } else { args.log_level };
        let terminal = io::stderr().is_terminal().then(|| Terminal {
            colour: wants_colour(),
            offset: UtcOffset::current_local_offset().unwrap_or(UtcOffset::UTC),
            command: command.into(),
        });
        let style = Style { format: args.log_format, for_people: true, terminal };
        let shows_url = !args.quiet && args.log_format == LogFormat::Pretty;
        let mut sinks = vec![Sink { shows_url, ..Sink::start(level, style, io::stderr())? }];
        if let Some(path) = &args.log_file {
            let file = open_file(path).map_err(|error| Failure {
                what: format!("cannot log to {}", path.display()),
                why: error.to_string(),
                fix: "give --log-file (or LOG_FILE) a file that can be written".into(),
                code: 1,
            })?;
            let style = Style { format: args.log_format, for_people: false, terminal: None };
            let file = LogFile { path: path.clone(), file, is_stale: Arc::default() };
            let is_stale = file.is_stale.clone();
            sinks.push(Sink { is_stale, ..Sink::start(args.log_level, style, file)? });
        }
        Ok(Log { sinks: sinks.into() })
    }

    /// Logs an entry. Never blocks.
    pub(crate) fn write(&self, entry: Entry) {
        for sink in self.sinks.iter().filter(|sink| sink.takes(&entry)) {
            let message = Message::Entry(Box::new(entry.clone()));
            if let Err(TrySendError::Full(_)) = sink.queue.try_send(message) {
                sink.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Reopens the log file after a rename, and logs that.
    pub(crate) fn reopen(&self) {
        for sink in self.sinks.iter() {
            sink.is_stale.store(true, Ordering::Relaxed);
        }
        self.write(Entry::notice(Notice::reopened()));
    }

    /// Waits until all earlier entries are written, but not for long.
    pub(crate) fn flush(&self) {
        let deadline = Instant::now() + FLUSH_TIME_MAX;
        for sink in self.sinks.iter() {
            let (done, written) = mpsc::channel();
            let mut message = Message::Flush(done);
            while let Err(TrySendError::Full(refused)) = sink.queue.try_send(message) {
                if Instant::now() >= deadline {
                    return;
                }
                message = refused;
                thread::sleep(Duration::from_millis(5));
            }
            let _ = written.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        }
    }
}

impl Sink {
    fn start(
        level: Level,
        style: Style,
        out: impl Write + Send + 'static,
    ) -> Result<Self, Failure> {
        let (queue, messages) = mpsc::sync_channel(QUEUE_LEN_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let lost = dropped.clone();
        thread::Builder::new()
            .name("log".into())
            .spawn(move || drain(&messages, &lost, style, out))
            .map_err(|error| Failure {
                what: "cannot start the log".into(),
                why: error.to_string(),
                fix: "let this program have more threads".into(),
                code: 1,
            })?;
        let is_stale = Arc::default();
        Ok(Sink { level, shows_url: false, queue, dropped, is_stale })
    }

    fn takes(&self, entry: &Entry) -> bool {
        entry.level() >= self.level || self.shows_url && entry.name() == LISTENING
    }
}

/// The format of entries in a sink.
#[derive(Clone)]
struct Style {
    format: LogFormat,
    /// Whether a person may be reading: notices with words for people use them.
    for_people: bool,
    /// The format of lines, if the sink is a terminal.
    terminal: Option<Terminal>,
}

/// Returns whether a terminal gets colours (no-color.org).
fn wants_colour() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !is_set("NO_COLOR") && std::env::var_os("TERM").is_some_and(|term| term != "dumb")
}

/// Writes entries as they arrive, those that wait in one write.
fn drain(messages: &Receiver<Message>, lost: &AtomicU64, style: Style, mut out: impl Write) {
    let mut text = String::new();
    while let Ok(first) = messages.recv() {
        let mut flushed = Vec::new();
        let more = messages.try_iter().take(QUEUE_LEN_MAX - 1);
        for message in std::iter::once(first).chain(more) {
            match message {
                Message::Entry(entry) => style.render(&entry, &mut text),
                Message::Flush(done) => flushed.push(done),
            }
        }
        match lost.swap(0, Ordering::Relaxed) {
            0 => {}
            count => style.render(&Entry::notice(Notice::dropped(count)), &mut text),
        }
        // A failure of the log cannot be reported anywhere.
        let _ = out.write_all(text.as_bytes());
        text.clear();
        text.shrink_to(TEXT_BYTES_KEPT);
    }
}

impl Style {
    fn render(&self, entry: &Entry, out: &mut String) {
        match self.format {
            LogFormat::Json => text::json(entry, out),
            LogFormat::Pretty => match entry.words() {
                Some(words) if self.for_people => {
                    out.push_str(words);
                    out.push('\n');
                }
                _ => match &self.terminal {
                    Some(terminal) => terminal.line(entry, out),
                    None => text::pretty(entry, out),
                },
            },
        }
    }
}

/// Opens a file for appending, and creates its directories.
fn open_file(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().create(true).append(true).open(path)
}

/// The name of the notice that has the URL.
pub(crate) const LISTENING: &str = "listening";

/// The maximum number of entries that wait for a sink, and of entries in one write.
const QUEUE_LEN_MAX: usize = 4096;

/// The capacity of the buffer that a sink keeps between two writes.
const TEXT_BYTES_KEPT: usize = 64 * 1024;

/// The maximum time that the end of the program waits for the log.
const FLUSH_TIME_MAX: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
