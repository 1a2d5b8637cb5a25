//! The record of this process, for the cases to read.

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Mutex;

/// `DIR/<pid>.in` holds all input, `DIR/<pid>.<fact>` one fact each.
#[derive(Debug)]
pub(crate) struct Record {
    place: Option<PathBuf>,
    lines: Option<Mutex<File>>,
}

impl Record {
    /// Opens the record of this process; without a directory nothing is recorded.
    pub(crate) fn open(dir: Option<&Path>) -> Record {
        let place = dir.map(|dir| dir.join(process::id().to_string()));
        let lines = place.as_ref().map(|place| {
            let path = place.with_extension("in");
            let file = OpenOptions::new().create(true).append(true).open(path);
            Mutex::new(file.expect("a record"))
        });
        Record { place, lines }
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

    /// Records a fact.
    pub(crate) fn note(&self, fact: &str, value: impl Display) {
        if let Some(place) = &self.place {
            std::fs::write(place.with_extension(fact), value.to_string()).expect("the record");
        }
    }
}
