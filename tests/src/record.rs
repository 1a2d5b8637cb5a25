//! The input of the children, byte for byte: `test-server --record` writes it to files, a simulated
//! one keeps it in memory.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use rustix::fs::OFlags;
use serde_json::Value;
use tempfile::TempDir;

use crate::sim::lock;

/// The records of every child of one program under test.
#[derive(Debug)]
pub struct Record {
    place: Place,
}

#[derive(Debug)]
enum Place {
    Dir(TempDir),
    Memory(Arc<Mutex<Memory>>),
}

/// The record of simulated children.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    flags: BTreeSet<String>,
    children: BTreeMap<u32, ChildRecord>,
}

/// The records of one child.
#[derive(Debug, Default)]
struct ChildRecord {
    bytes: Vec<u8>,
    facts: BTreeMap<String, String>,
    script: VecDeque<String>,
    waiting: Option<Waker>,
}

impl Memory {
    pub(crate) fn start(&mut self, child: u32) {
        self.children.entry(child).or_default();
    }

    pub(crate) fn keep(&mut self, child: u32, line: &[u8]) {
        self.children.entry(child).or_default().bytes.extend_from_slice(line);
    }

    pub(crate) fn note(&mut self, child: u32, fact: &str, value: &str) {
        let kept = self.children.entry(child).or_default();
        kept.facts.insert(fact.to_owned(), value.to_owned());
    }

    /// Returns the next instruction of a transcript for a child.
    pub(crate) fn poll_instruction(&mut self, child: u32, cx: &Context<'_>) -> Poll<String> {
        let kept = self.children.entry(child).or_default();
        if let Some(instruction) = kept.script.pop_front() {
            return Poll::Ready(instruction);
        }
        kept.waiting = Some(cx.waker().clone());
        Poll::Pending
    }

    fn instruct(&mut self, child: u32, instruction: &str) {
        let kept = self.children.entry(child).or_default();
        kept.script.push_back(instruction.to_owned());
        if let Some(waker) = kept.waiting.take() {
            waker.wake();
        }
    }

    pub(crate) fn fact(&self, child: u32, fact: &str) -> Option<String> {
        self.children.get(&child)?.facts.get(fact).cloned()
    }

    pub(crate) fn is_flag_set(&self, word: &str) -> bool {
        self.flags.contains(word)
    }
}

impl Record {
    pub(crate) fn on_disk() -> Record {
        let dir = TempDir::with_prefix("pontoon-suite-").expect("a temporary directory");
        Record { place: Place::Dir(dir) }
    }

    pub(crate) fn in_memory() -> (Record, Arc<Mutex<Memory>>) {
        let memory = Arc::default();
        (Record { place: Place::Memory(Arc::clone(&memory)) }, memory)
    }

    /// Returns the directory for `--record`, or `None` for simulated children.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Dir(dir) => Some(dir.path()),
            Place::Memory(_) => None,
        }
    }

    /// Sets a word for children that start later: see the flags of `test-server`.
    pub fn set_flag(&self, word: &str) {
        match &self.place {
            Place::Dir(dir) => fs::write(dir.path().join(word), "").expect("the record"),
            Place::Memory(memory) => drop(lock(memory).flags.insert(word.to_owned())),
        }
    }

    /// Gives an instruction to a child with the flag `--script`; false if it has ended.
    pub(crate) fn instruct(&self, child: u32, instruction: &str) -> bool {
        match &self.place {
            Place::Dir(dir) => {
                let path = dir.path().join(format!("{child}.script"));
                // Without this flag, opening the pipe of a child that has ended would wait for ever.
                let flags = OFlags::NONBLOCK.bits() as i32;
                let script = OpenOptions::new().write(true).custom_flags(flags).open(path);
                script.is_ok_and(|mut script| writeln!(script, "{instruction}").is_ok())
            }
            Place::Memory(memory) => {
                lock(memory).instruct(child, instruction);
                true
            }
        }
    }

    /// Returns the process ids of all children so far, in rising order.
    pub fn children(&self) -> Vec<u32> {
        match &self.place {
            Place::Dir(dir) => children_in(dir.path()),
            Place::Memory(memory) => lock(memory).children.keys().copied().collect(),
        }
    }

    /// Returns a fact that a child recorded: `eof`, `garbage` or `grandchild`.
    pub fn note(&self, child: u32, fact: &str) -> Option<String> {
        match &self.place {
            Place::Dir(dir) => fs::read_to_string(dir.path().join(format!("{child}.{fact}"))).ok(),
            Place::Memory(memory) => lock(memory).fact(child, fact),
        }
    }

    /// Returns the process ids of all grandchildren.
    pub fn grandchildren(&self) -> Vec<u32> {
        let note = |child| self.note(child, "grandchild")?.parse().ok();
        self.children().into_iter().filter_map(note).collect()
    }

    /// Returns the input of a child.
    pub fn bytes(&self, child: u32) -> Vec<u8> {
        let bytes = match &self.place {
            Place::Dir(dir) => fs::read(dir.path().join(format!("{child}.in"))).ok(),
            Place::Memory(memory) => lock(memory).children.get(&child).map(|it| it.bytes.clone()),
        };
        bytes.expect("the record of a child")
    }

    /// Returns the lines of input of all children, without their ends.
    pub fn lines(&self) -> Vec<String> {
        let text = |child| {
            let mut bytes = self.bytes(child);
            // The text after the last line end is still being written.
            bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
            String::from_utf8(bytes).expect("lines in UTF-8")
        };
        let lines = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
        self.children().into_iter().map(text).flat_map(lines).collect()
    }

    /// Returns the messages to all children that have this method.
    pub fn messages(&self, method: &str) -> Vec<Value> {
        self.lines()
            .iter()
            .map(|line| line.parse().unwrap_or_else(|error| panic!("{error} in {line}")))
            .filter(|message: &Value| message["method"] == method)
            .collect()
    }

    /// Returns the lines that contain a text.
    pub fn lines_with(&self, text: &str) -> Vec<String> {
        let mut lines = self.lines();
        lines.retain(|line| line.contains(text));
        lines
    }
}

fn children_in(dir: &Path) -> Vec<u32> {
    let mut pids: Vec<u32> = fs::read_dir(dir)
        .expect("the record")
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            name.strip_suffix(".in")?.parse().ok()
        })
        .collect();
    pids.sort_unstable();
    pids
}
