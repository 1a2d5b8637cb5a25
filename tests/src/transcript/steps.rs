//! The parser of transcripts: from lines to steps.

use std::time::Duration;

/// One step, and its place.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) action: Action,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Starts pontoon with these words.
    Run(Vec<String>),
    /// Binds a name to JSON.
    Let(String, String),
    /// Forgets the value of a name.
    Forget(String),
    /// Moves the clock.
    Clock(Duration),
    Exchange(String, Exchange),
    Child(usize, Child),
}

/// A step of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exchange {
    Send { line: String, headers: Vec<(String, String)>, body: Option<String> },
    Head { status: u16, media_type: Option<String> },
    Header(String, String),
    Body(Text),
    AnyBody,
    Event(Event),
    Comment,
    Nothing,
    End,
    Closes,
}

/// An event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) retry: Option<u64>,
    pub(super) data: Option<Text>,
}

/// An expected text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Text {
    Json(String),
    Exact(String),
}

/// A step of a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Child {
    Reads(Text),
    ReadsEnd,
    Writes(String),
    Stderr(String),
    Exits(i32),
}

type Parsed = (Option<String>, Vec<Step>);

/// Parses a transcript; `include` reads a part. Returns why only a simulated target runs it, and its
/// steps.
pub(super) fn parse(
    text: &str,
    include: &dyn Fn(&str) -> Option<String>,
) -> Result<Parsed, String> {
    let (mut simulated_only, mut steps) = (None, Vec::new());
    for (number, line) in joined(text) {
        let line = line.as_str();
        if let Some(why) = line.strip_prefix("simulated only: ") {
            simulated_only = Some(why.to_owned());
        } else if let Some(part) = line.strip_prefix("include ") {
            let text = include(part).ok_or_else(|| format!("{number}: no file {part}"))?;
            let (_, included) = parse(&text, include).map_err(|wrong| format!("{part}:{wrong}"))?;
            steps.extend(included);
        } else if !add_to_request(&mut steps, line) {
            let action = action(line).ok_or_else(|| format!("{number}: {line}"))?;
            steps.push(Step { line: number, text: line.to_owned(), action });
        }
    }
    let moves_clock = steps.iter().any(|step| matches!(step.action, Action::Clock(_)));
    if moves_clock && simulated_only.is_none() {
        return Err(" it moves the clock, so it needs a line `simulated only: WHY`".to_owned());
    }
    Ok((simulated_only, steps))
}

/// Returns the lines without comments and empty ones, with their numbers. A line that begins with
/// spaces belongs to the one before.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let is_more = line.starts_with("  ");
        match lines.last_mut().filter(|_| is_more) {
            Some((_, last)) => last.push_str(line.trim_start()),
            None if line.trim().is_empty() || line.starts_with('#') => {}
            None => lines.push((at + 1, line.trim_end().to_owned())),
        }
    }
    lines
}

/// Adds a header or a body to the request before it; false if the line is none.
fn add_to_request(steps: &mut [Step], line: &str) -> bool {
    let Some((who, text)) = line.split_once("> ") else { return false };
    let last = steps.last_mut().map(|step| &mut step.action);
    let Some(Action::Exchange(name, Exchange::Send { headers, body, .. })) = last else {
        return false;
    };
    if name != who || body.is_some() {
        return false;
    }
    match header(text) {
        Some(header) => headers.push(header),
        None if METHODS.iter().any(|method| text.starts_with(method)) => return false,
        None => *body = Some(text.to_owned()),
    }
    true
}

const METHODS: [&str; 5] = ["DELETE ", "GET ", "OPTIONS ", "POST ", "PUT "];

/// Returns the name and the value of a header line.
fn header(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once(':')?;
    let is_name = |char: char| char.is_ascii_alphanumeric() || char == '-';
    let is_header = !name.is_empty() && name.chars().all(is_name);
    is_header.then(|| (name.to_owned(), value.trim().to_owned()))
}

fn action(line: &str) -> Option<Action> {
    if let Some(words) = line.strip_prefix("run ") {
        return Some(Action::Run(words.split_whitespace().map(str::to_owned).collect()));
    }
    if let Some(binding) = line.strip_prefix("let $") {
        let (name, value) = binding.split_once(" = ")?;
        return Some(Action::Let(name.to_owned(), value.to_owned()));
    }
    if let Some(name) = line.strip_prefix("forget $") {
        return Some(Action::Forget(name.to_owned()));
    }
    if let Some(time) = line.strip_prefix("clock +") {
        return Some(Action::Clock(time_of(time)?));
    }
    let end = line.find(|char: char| !char.is_ascii_alphanumeric()).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    match name.strip_prefix("child") {
        Some(number) => {
            let number = if number.is_empty() { 1 } else { number.parse().ok()? };
            Some(Action::Child(number, child(rest)?))
        }
        None => Some(Action::Exchange(name.to_owned(), exchange(rest)?)),
    }
}

fn time_of(text: &str) -> Option<Duration> {
    match text.strip_suffix("ms") {
        Some(millis) => millis.parse().ok().map(Duration::from_millis),
        None => text.strip_suffix('s')?.parse().ok().map(Duration::from_secs),
    }
}

fn child(rest: &str) -> Option<Child> {
    Some(match rest {
        "> end" => Child::ReadsEnd,
        _ if rest.starts_with("> ") => Child::Reads(Text::of(&rest[2..])),
        _ if rest.starts_with("< ") => Child::Writes(rest[2..].to_owned()),
        _ => match rest.strip_prefix(" stderr: ") {
            Some(text) => Child::Stderr(text.to_owned()),
            None => Child::Exits(rest.strip_prefix(" exits ")?.parse().ok()?),
        },
    })
}

fn exchange(rest: &str) -> Option<Exchange> {
    if rest == " closes" {
        return Some(Exchange::Closes);
    }
    if let Some(line) = rest.strip_prefix("> ") {
        let line = if line.contains(' ') { line.to_owned() } else { format!("{line} /mcp") };
        return Some(Exchange::Send { line, headers: Vec::new(), body: None });
    }
    let text = rest.strip_prefix("< ")?;
    let mut words = text.splitn(2, ' ');
    let first = words.next()?;
    let others = words.next().unwrap_or_default();
    Some(match first {
        "..." => Exchange::AnyBody,
        "comment" => Exchange::Comment,
        "end" => Exchange::End,
        "event" => Exchange::Event(event(others)?),
        "nothing" => Exchange::Nothing,
        _ if first.starts_with(|char: char| char.is_ascii_digit()) => {
            let media_type = Some(others.to_owned()).filter(|text| !text.is_empty());
            Exchange::Head { status: first.parse().ok()?, media_type }
        }
        _ => match header(text) {
            Some((name, value)) => Exchange::Header(name, value),
            None => Exchange::Body(Text::of(text)),
        },
    })
}

fn event(mut text: &str) -> Option<Event> {
    let mut event = Event::default();
    while !text.is_empty() {
        if text.starts_with(['{', '[']) || text.starts_with("exact ") {
            event.data = Some(Text::of(text));
            break;
        }
        if let Some(data) = text.strip_prefix("data=") {
            event.data = Some(Text::Exact(data.to_owned()));
            break;
        }
        let (field, rest) = text.split_once(' ').unwrap_or((text, ""));
        let (name, value) = field.split_once('=')?;
        match name {
            "id" => event.id = Some(value.to_owned()),
            "name" => event.name = Some(value.to_owned()),
            "retry" => event.retry = Some(value.parse().ok()?),
            _ => return None,
        }
        text = rest;
    }
    Some(event)
}

impl Text {
    fn of(text: &str) -> Text {
        match text.strip_prefix("exact ") {
            Some(text) => Text::Exact(text.to_owned()),
            None => Text::Json(text.to_owned()),
        }
    }
}
