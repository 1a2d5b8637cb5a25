//! Files of environment variables: reading them, and their syntax.
//!
//! Owns: when `.env` is read, and which lines are assignments.
//! Never: expands `$NAME` or changes the environment of this process.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::errors::Failure;

/// A file of variables that was read.
#[derive(Debug)]
pub(super) struct EnvFile {
    pub(super) path: PathBuf,
    /// The variables, in the order of the file.
    pub(super) assignments: Vec<(OsString, OsString)>,
    /// Numbers of the lines that are neither an assignment, nor a comment, nor blank.
    pub(super) malformed: Vec<usize>,
}

impl EnvFile {
    /// Parses the text of a file.
    pub(super) fn parse(path: &Path, text: &str) -> Self {
        let (mut assignments, mut malformed) = (Vec::new(), Vec::new());
        let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut number = 1;
        while !rest.is_empty() {
            let mut read_to = line_end(rest, 0);
            match assignment(rest) {
                Line::Assignment { name, value, end } => {
                    read_to = end;
                    assignments.push((name.into(), value.into()));
                }
                Line::Blank => {}
                Line::Malformed => malformed.push(number),
            }
            let (read, unread) = rest.split_at(read_to);
            number += read.matches('\n').count();
            rest = unread;
        }
        EnvFile { path: path.to_owned(), assignments, malformed }
    }

    /// Reads a file that the command line names, of any type: a pipe is read to its end.
    pub(super) fn named(path: &Path) -> Result<Self, Failure> {
        let read = || {
            if !fs::metadata(path)?.is_file() {
                // The writer of a pipe may take long, and without this line the program would seem
                // to hang.
                eprintln!("pontoon: reading {}", path.display());
            }
            text(File::open(path)?)
        };
        let text = read().map_err(|error| Failure {
            what: format!("cannot read {}", path.display()),
            why: error.to_string(),
            fix: "give --env-file a file that can be read".into(),
            code: 2,
        })?;
        Ok(EnvFile::parse(path, &text))
    }

    /// Reads the `.env` of the working directory if it is a regular file. Returns the reason if it
    /// is something else, except for a directory, which is not meant as settings.
    pub(super) fn of_directory() -> Result<Option<Self>, String> {
        let path = Path::new(FILE);
        let metadata = match fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            metadata => metadata.map_err(|error| error.to_string())?,
        };
        if metadata.is_dir() {
            return Ok(None);
        }
        // Opening a pipe would wait for its writer.
        if !metadata.is_file() {
            return Err("it is not a regular file".into());
        }
        let file = File::open(path).map_err(|error| error.to_string())?;
        let text = text(file).map_err(|error| error.to_string())?;
        Ok(Some(EnvFile::parse(path, &text)))
    }
}

/// Returns the text of a file, if it is not too long.
fn text(file: File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

enum Line {
    Assignment {
        name: String,
        value: String,
        /// The start of the next line.
        end: usize,
    },
    Blank,
    Malformed,
}

/// Parses the assignment at the start of a text: `NAME=value`, with or without `export` and quotes.
/// A value in quotes may span several lines; `#` starts a comment.
fn assignment(text: &str) -> Line {
    let line = text[..line_end(text, 0)].trim();
    if line.is_empty() || line.starts_with('#') {
        return Line::Blank;
    }
    let exported = line.strip_prefix("export ").unwrap_or(line);
    let Some((name, value)) = exported.split_once('=') else { return Line::Malformed };
    let (name, value) = (name.trim(), value.trim_start());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || !name.bytes().all(plain) {
        return Line::Malformed;
    }
    let Some(quote) = value.chars().next().filter(|char| ['\'', '"'].contains(char)) else {
        let comment = value.find(" #").unwrap_or(value.len());
        let value = value[..comment].trim_end().to_owned();
        return Line::Assignment { name: name.to_owned(), value, end: line_end(text, 0) };
    };
    // Searched in the whole text, because the value may end on another line.
    let start = text.find('=').and_then(|at| Some(at + text[at..].find(quote)? + 1));
    let start = start.expect("the value starts with a quote");
    let Some((value, length)) = quoted(&text[start..], quote) else { return Line::Malformed };
    let end = line_end(text, start + length);
    let behind = text[start + length..end].trim();
    match behind.is_empty() || behind.starts_with('#') {
        true => Line::Assignment { name: name.to_owned(), value, end },
        false => Line::Malformed,
    }
}

/// Parses a value up to its closing quote; also returns its length with the quote. Between single
/// quotes every character is literal, between double quotes a backslash escapes.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            _ if char == quote => return Some((value, at + 1)),
            '\\' if quote == '"' => match chars.next()?.1 {
                'n' => value.push('\n'),
                char => value.push(char),
            },
            _ => value.push(char),
        }
    }
    None
}

/// Returns the end of the line with this byte, including its line feed.
fn line_end(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |at| from + at + 1)
}

/// The file that is read if the command line names none.
pub(super) const FILE: &str = ".env";

const BYTES_MAX: u64 = 1024 * 1024;
