//! A client's parser for event streams, after the HTML standard, section 9.2.6.

/// The result of a line of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// An event, with the last event id.
    Event { id: String, name: String, data: String },
    /// A new reconnection time, in milliseconds.
    Retry(u64),
}

#[derive(Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    after_cr: bool,
    id: String,
    name: String,
    data: String,
}

impl Parser {
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Seen> {
        let mut seen = Vec::new();
        for byte in bytes {
            let after_cr = std::mem::take(&mut self.after_cr);
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => {
                    self.after_cr = *byte == b'\r';
                    let line = String::from_utf8(std::mem::take(&mut self.line)).unwrap();
                    seen.extend(self.take_line(&line));
                }
                byte => self.line.push(*byte),
            }
        }
        seen
    }

    fn take_line(&mut self, line: &str) -> Option<Seen> {
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.name = value.into(),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "id" if !value.contains('\0') => self.id = value.into(),
            "retry" => return value.parse().ok().map(Seen::Retry),
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Seen> {
        let name = std::mem::take(&mut self.name);
        let data = std::mem::take(&mut self.data);
        let data = data.strip_suffix('\n')?.into();
        let name = if name.is_empty() { "message".into() } else { name };
        Some(Seen::Event { id: self.id.clone(), name, data })
    }
}
