//! Transcripts: the behaviour of pontoon as text, in `tests/transcripts`.
//!
//! A transcript is a list of lines that are sent, awaited or done in this order. It starts with a
//! comment that is its title. `NAME` is an exchange, so that several can be open; one may have no name.
//!
//! ```text
//! # A comment
//! simulated only: WHY         real runtimes do not run it, mostly because it moves the clock
//! include parts/session.txt   reads the lines of another file here
//! run proxy --child-era legacy
//! let $x = JSON               gives a value a name
//! forget $x                   lets its next use bind another value
//! a> POST /mcp                sends a request: its line, headers, and body
//! a< 200 application/json     awaits the head of the answer: status and media type
//! a< Retry-After: 1           a header of it
//! a< {"jsonrpc":"2.0",…}      the whole body; `a< ...` for any
//! a< event id=$e {…}          the next message of an event stream, and its id
//! a< event id=$e              an event that only has an id
//! a< event name=NAME data=…   an event with text
//! a< comment                  a comment
//! a< nothing                  awaits nothing: no more has come, and the stream is open
//! a< end                      the stream has ended
//! a closes                    the client closes the connection
//! child> {…}                  a process reads this line; `child2` is the second one that was started
//! child> end                  its standard input ends
//! child< {…}                  it writes this line
//! child stderr: TEXT
//! child exits 1               it ends with this status
//! clock +30s                  moves the clock
//! ```
//!
//! A line that begins with spaces goes on with the line before it. JSON is compared by value: the order
//! of keys is free, and a key `"..."` admits others. After `exact`, bytes are compared. `$name` stands
//! for the value that it had at its first use, `$_` for any value, `$$` for a dollar sign.
//!
//! A request has the headers that the specification demands: media types, with `$session` bound the
//! session and `$revision`, and in the modern era those that repeat the body. A header of the transcript
//! replaces one of them; without a value it removes it.
//!
//! Each process has to read exactly the lines of the transcript, and each exchange to end as it says. An
//! awaited line has to come within a second of simulated time.

mod pattern;
mod player;
mod steps;
mod variables;

use std::fs;
use std::path::{Path, PathBuf};

use crate::Target;

/// A transcript.
pub struct Transcript {
    /// Its file, without the ending, below `tests/transcripts`.
    pub name: String,
    /// The reason why real runtimes do not run it.
    pub simulated_only: Option<String>,
    steps: Vec<steps::Step>,
}

/// Returns all transcripts, by name; panics if one cannot be read.
pub fn all() -> Vec<Transcript> {
    let root = root();
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the transcripts") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "parts") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "txt") {
                files.push(path);
            }
        }
    }
    files.sort();
    files.iter().map(|path| Transcript::read(&root, path)).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts")
}

impl Transcript {
    fn read(root: &Path, path: &Path) -> Transcript {
        let name = path.strip_prefix(root).expect("a transcript").with_extension("");
        let text = fs::read_to_string(path).expect("UTF-8");
        assert!(text.starts_with("# "), "{}: the first line is its title", path.display());
        let include = |part: &str| fs::read_to_string(root.join(part)).ok();
        let parsed = steps::parse(&text, &include);
        let parsed = parsed.unwrap_or_else(|wrong| panic!("{}:{wrong}", path.display()));
        let (simulated_only, steps) = parsed;
        Transcript { name: name.display().to_string(), simulated_only, steps }
    }

    /// Plays it; panics where the target behaves in another way.
    pub fn play(&self, target: &Target) {
        player::play(target, &self.steps);
    }
}
