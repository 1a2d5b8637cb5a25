use std::sync::Mutex;

use pontoon_core::{Answered, ChildId, Event};

use super::*;

/// The output of a sink: collects bytes while it is allowed to.
#[derive(Clone, Default)]
struct Paper {
    text: Arc<Mutex<Vec<u8>>>,
    closed: Arc<Mutex<()>>,
    broken: bool,
}

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.text.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _open = self.closed.lock().unwrap();
        if self.broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.text.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn log(level: Level, format: LogFormat, paper: &Paper) -> Log {
    let style = Style { format, for_people: true, terminal: None };
    Log { sinks: [Sink::start(level, style, paper.clone()).unwrap()].into() }
}

fn said(line: &'static [u8]) -> Entry {
    Entry::event(Event::ChildStderr { child: ChildId(1), line: line.into() })
}

/// Removes the time from a line.
fn untimed(line: &str) -> &str {
    let (time, rest) = line.split_once(' ').unwrap();
    assert_eq!((time.len(), time.ends_with('Z')), (24, true), "{time}");
    rest
}

#[test]
fn an_entry_is_a_line_of_text() {
    let paper = Paper::default();
    let log = log(Level::Info, LogFormat::Pretty, &paper);
    log.write(Entry::event(Event::ChildStarted { child: ChildId(1), pid: 42 }));
    log.flush();
    let text = paper.text();
    assert_eq!(untimed(&text), "INFO child started child=1 pid=42\n");
}

#[test]
fn an_entry_is_a_line_of_json() {
    let paper = Paper::default();
    let log = log(Level::Info, LogFormat::Json, &paper);
    log.write(said(b"a \"quote\"\x1b[0m\xff"));
    log.write(Entry::notice(Notice {
        level: Level::Info,
        name: "listening",
        message: "listening",
        fields: vec![("url", "http://h/mcp".into())],
        words: Some("for people".into()),
    }));
    log.flush();
    let text = paper.text();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["event"], "child_stderr");
    assert_eq!(lines[0]["level"], "info");
    assert_eq!(lines[0]["child"], 1);
    assert_eq!(lines[0]["line"], "a \"quote\"\u{1b}[0m\u{fffd}");
    assert_eq!(
        (&lines[1]["event"], &lines[1]["url"]),
        (&"listening".into(), &"http://h/mcp".into())
    );
}

#[test]
fn a_request_is_logged_with_its_id_in_its_context() {
    let event = Event::RequestDone(Box::new(Answered {
        id: Some(pontoon_core::server::request_id(1)),
        peer: None,
        client: None,
        session: None,
        method: "tools/call",
        tool: Some("calculate".into()),
        status: 200,
        took: Duration::from_millis(2),
        error: None,
    }));
    for format in [LogFormat::Json, LogFormat::Pretty] {
        let paper = Paper::default();
        let log = log(Level::Info, format, &paper);
        log.write(Entry::event(event.clone()));
        log.flush();
        let id = pontoon_core::server::request_id(1);
        let expected = match format {
            LogFormat::Json => format!(r#""context":{{"requestId":"{id}"}},"method":"tools/call""#),
            LogFormat::Pretty => {
                format!("INFO request answered request_id={id} method=tools/call ")
            }
        };
        assert!(paper.text().contains(&expected), "{}", paper.text());
    }
}

/// Returns a line for a terminal, without its time.
fn at_terminal(entry: &Entry, colour: bool) -> String {
    let mut text = String::new();
    Terminal { colour, offset: UtcOffset::UTC, command: "time".into() }.line(entry, &mut text);
    text
}

#[test]
fn a_person_reads_aligned_lines_with_the_time_of_day() {
    let started = Entry::event(Event::ChildStarted { child: ChildId(1), pid: 42 });
    let line = at_terminal(&started, false);
    let (clock, rest) = line.split_once(' ').unwrap();
    assert_eq!((clock.len(), clock.matches(':').count()), (8, 2), "{line}");
    assert_eq!(rest, "INFO  child started    child=1 pid=42\n");
    let coloured = at_terminal(&started, true);
    assert!(coloured.contains("\u{1b}[32mINFO \u{1b}[0m"), "{coloured:?}");
    let lived = Duration::from_micros(84_792_094);
    let mut text = String::new();
    let value = pontoon_core::FieldValue::Time(lived);
    text::push_value(&mut text, &value);
    assert_eq!(text, "84.8s");
}

#[test]
fn a_person_reads_what_a_child_says_behind_its_name() {
    let line = at_terminal(&said(b"  File \"x.py\", line 1\x1b[2J\nERROR forged\t."), false);
    let (_, rest) = line.split_once(' ').unwrap();
    assert_eq!(rest, "time[1] |   File \"x.py\", line 1\\u{1b}[2J\\nERROR forged\t.\n");
}

#[test]
fn a_child_cannot_write_lines_of_its_own() {
    let paper = Paper::default();
    let log = log(Level::Info, LogFormat::Pretty, &paper);
    log.write(said(b"x\n2026-01-01T00:00:00.000Z ERROR forged \x1b[2J"));
    log.flush();
    let text = paper.text();
    assert_eq!(text.lines().count(), 1);
    assert!(!text.contains('\u{1b}'));
    assert!(
        text.contains(r#"line="x\n2026-01-01T00:00:00.000Z ERROR forged \u{1b}[2J""#),
        "{text}"
    );
}

#[test]
fn entries_below_the_level_are_left_out() {
    let paper = Paper::default();
    let log = log(Level::Warning, LogFormat::Pretty, &paper);
    log.write(said(b"hello"));
    log.write(Entry::event(Event::Stopped { forced: true }));
    log.flush();
    assert_eq!(untimed(&paper.text()), "WARNING stopped forced=true\n");
}

#[test]
fn people_read_words_where_a_notice_has_them() {
    let paper = Paper::default();
    let log = log(Level::Info, LogFormat::Pretty, &paper);
    log.write(Entry::notice(Notice { words: Some("hello".into()), ..Notice::dropped(1) }));
    log.flush();
    assert_eq!(paper.text(), "hello\n");
}

#[test]
fn a_stuck_sink_holds_up_no_thread_and_its_losses_are_counted() {
    let paper = Paper::default();
    let log = log(Level::Info, LogFormat::Pretty, &paper);
    let stuck = paper.closed.lock().unwrap();
    let sent = 3 * QUEUE_LEN_MAX;
    for _ in 0..sent {
        log.write(said(b"x"));
    }
    drop(stuck);
    log.flush();
    log.write(said(b"last"));
    log.flush();
    let text = paper.text();
    let written = text.lines().filter(|line| line.ends_with("line=x")).count();
    let lost: usize = text
        .lines()
        .filter_map(|line| line.split_once("the log could not keep up entries="))
        .map(|(_, count)| count.parse::<usize>().unwrap())
        .sum();
    assert!(lost >= QUEUE_LEN_MAX, "{lost} lost");
    assert_eq!(written + lost, sent);
    assert!(text.ends_with("line=last\n"));
}

#[test]
fn a_sink_that_fails_stops_nothing() {
    let paper = Paper { broken: true, ..Paper::default() };
    let log = log(Level::Info, LogFormat::Pretty, &paper);
    for _ in 0..10 {
        log.write(said(b"x"));
        log.flush();
    }
}

#[test]
fn a_file_is_appended_to_and_its_folder_made() {
    let folder = std::env::temp_dir().join(format!("pontoon-log-{}", std::process::id()));
    let path = folder.join("deep").join("log");
    for text in ["one\n", "two\n"] {
        open_file(&path).unwrap().write_all(text.as_bytes()).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    fs::remove_dir_all(folder).unwrap();
}
