//! Entries of an `mcpServers` file, for `pontoon serve`.

use std::ffi::OsString;
use std::path::Path;

use serde_json::{Map, Value, json};

/// An entry of the file.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(crate) name: String,
    /// The flags of `test-server`; `None` if the entry is broken.
    pub(crate) flags: Option<Vec<String>>,
    settings: Value,
}

impl Entry {
    /// Creates an entry for `test-server` with these flags.
    pub fn new(name: &str, flags: &[&str]) -> Entry {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        Entry { name: name.to_owned(), flags: Some(flags), settings: json!({}) }
    }

    /// Creates an entry whose command does not exist.
    pub fn broken(name: &str) -> Entry {
        Entry { name: name.to_owned(), flags: None, settings: json!({}) }
    }

    /// Adds settings, which a simulated program does not have.
    pub fn settings(mut self, settings: Value) -> Entry {
        self.settings = settings;
        self
    }

    /// Returns the flags for a simulated program.
    pub(crate) fn words(&self) -> Option<Vec<OsString>> {
        let flags = self.flags.as_ref()?;
        Some(flags.iter().map(OsString::from).collect())
    }

    fn to_json(&self, server: &Path, record: &Path) -> Value {
        let Some(flags) = &self.flags else { return json!({"command": "no-such-program"}) };
        let mut args = vec![json!("--record"), json!(record)];
        args.extend(flags.iter().map(|flag| json!(flag)));
        let mut settings = json!({"childEra": "legacy"});
        if let (Value::Object(all), Value::Object(more)) = (&mut settings, &self.settings) {
            all.extend(more.clone());
        }
        json!({"command": server, "args": args, "pontoon": settings})
    }
}

/// Returns the text of a file with these entries, for the `test-server` at this path.
pub(crate) fn file(entries: &[Entry], server: &Path, record: &Path) -> String {
    let servers = entries.iter().map(|entry| (entry.name.clone(), entry.to_json(server, record)));
    json!({"mcpServers": servers.collect::<Map<_, _>>()}).to_string()
}
