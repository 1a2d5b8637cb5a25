//! The record of this process, for the cases to read.

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Mutex;

use rustix::fs::{CWD, FileType, Mode, mknodat};

/// `DIR/<pid>.in` holds all input, `DIR/<pid>.<fact>` one fact each. `DIR/<pid>.script` is a pipe with
/// the instructions of a transcript.
#[derive(Debug)]
pub(crate) struct Record {
    place: Option<PathBuf>,
    lines: Option<Mutex<File>>,
    script: Option<Mutex<BufReader<File>>>,
}

impl Record {
    /// Opens the record of this process; without a directory nothing is recorded.
    pub(crate) fn open(dir: Option<&Path>, is_scripted: bool) -> Record {
        let place = dir.map(|dir| dir.join(process::id().to_string()));
        // A case finds the process by its record of input, so the pipe comes first.
        let script =
            place.as_deref().filter(|_| is_scripted).map(|place| Mutex::new(script(place)));
        let lines = place.as_ref().map(|place| {
            let path = place.with_extension("in");
            let file = OpenOptions::new().create(true).append(true).open(path);
            Mutex::new(file.expect("a record"))
        });
        Record { place, lines, script }
    }

    /// Returns whether a case has created a file of this name beside the record.
    pub(crate) fn told(&self, word: &str) -> bool {
        self.place.as_ref().is_some_and(|place| place.with_file_name(word).exists())
    }

    /// Records a line with its line end, unchanged.
    pub(crate) fn line(&self, line: &[u8]) {
        if let Some(file) = &self.lines {
            file.lock().unwrap().write_all(line).expect("the record takes a line");
        }
    }

    /// Waits for the next instruction.
    pub(crate) fn instruction(&self) -> String {
        let mut line = String::new();
        let script = self.script.as_ref().expect("a script");
        script.lock().unwrap().read_line(&mut line).expect("an instruction");
        line.truncate(line.trim_end_matches('\n').len());
        line
    }

    /// Records a fact.
    pub(crate) fn note(&self, fact: &str, value: impl Display) {
        if let Some(place) = &self.place {
            std::fs::write(place.with_extension(fact), value.to_string()).expect("the record");
        }
    }
}

/// Makes the pipe for the instructions. It is open for writing too, so that it never ends.
fn script(place: &Path) -> BufReader<File> {
    let path = place.with_extension("script");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
    BufReader::new(OpenOptions::new().read(true).write(true).open(path).expect("a pipe"))
}
