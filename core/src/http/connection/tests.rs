use super::*;
use crate::child_spec::ChildSpec;
use crate::config::{Config, Serves};
use crate::http::ContentType;
use crate::reject::Reject;
use crate::time::Duration;

mod bodies;
mod endings;
mod heads;
mod properties;

const LIVEZ: &str = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
const PING: &str = r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#;

/// An adapter in miniature, with a client that takes all it is sent.
struct Harness {
    connection: Connection,
    config: Arc<ConnectionConfig>,
    now: Instant,
    /// The bytes that the client was sent.
    sent: Vec<u8>,
    /// The bytes of content in them, as the connection counted them.
    content: usize,
    requests: Vec<Request>,
    refused: Vec<Reject>,
    ended: Ended,
    /// Whether the engine answers at once.
    answers: bool,
    /// Whether verdicts wait for [`Harness::admit`].
    holds: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ended {
    shutdown: bool,
    closed: bool,
}

fn write_head(head: &ResponseHead<'_>, out: &mut Vec<u8>) {
    let version = if head.is_http_10() { "1.0" } else { "1.1" };
    out.extend(format!("HTTP/{version} {} \r\n", head.status()).bytes());
    head.headers(|name, value| out.extend(format!("{name}: {value}\r\n").bytes()));
    if let BodyLength::Known(bytes) = head.length() {
        out.extend(format!("content-length: {bytes}\r\n").bytes());
    }
    out.extend(b"\r\n");
}

impl Harness {
    fn new() -> Harness {
        Harness::with(Limits::default(), u64::MAX)
    }

    fn with(limits: Limits, requests_max: u64) -> Harness {
        let child = ChildSpec { program: "server".into(), args: Vec::new(), env: None, cwd: None };
        let config = Config {
            limits,
            origins: vec!["https://app.example".into()],
            ..Config::new(Serves::Command(child))
        };
        let config = Arc::new(ConnectionConfig {
            rules: Arc::new(Rules::new(&config)),
            limits: Arc::new(config.limits),
            requests_max,
            write_head,
        });
        Harness {
            connection: Connection::new(config.clone(), None, Instant::ZERO),
            config,
            now: Instant::ZERO,
            sent: Vec::new(),
            content: 0,
            requests: Vec::new(),
            refused: Vec::new(),
            ended: Ended::default(),
            answers: true,
            holds: false,
        }
    }

    /// A connection whose engine answers nothing by itself.
    fn silent() -> Harness {
        Harness { answers: false, ..Harness::new() }
    }

    /// Passes on the bytes as far as the connection reads, and drives it as far as it goes.
    fn receive(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let mut rest = bytes.as_ref();
        while !rest.is_empty() {
            let taken = self.connection.read_bytes_max().min(rest.len());
            if taken == 0 {
                break;
            }
            self.connection.handle_bytes(&rest[..taken], self.now);
            rest = &rest[taken..];
            self.drive();
        }
        self
    }

    fn end(&mut self) -> &mut Self {
        self.connection.handle_end();
        self.drive();
        self
    }

    fn wait(&mut self, time: Duration) -> &mut Self {
        self.now = self.now + time;
        self.connection.handle_timeout(self.now);
        self.drive();
        self
    }

    fn reply(&mut self, body: &'static str) -> &mut Self {
        let head = ReplyHead::with_body(200, ContentType::Json);
        self.connection.respond(head, Chunk::from(body), self.now);
        self.drive();
        self
    }

    fn drive(&mut self) {
        loop {
            self.transmit();
            let Some(event) = self.connection.poll_event(self.now) else { break };
            match event {
                ConnectionEvent::Head if self.holds => break,
                ConnectionEvent::Head => self.give_verdict(),
                ConnectionEvent::Request(request) => {
                    self.requests.push(request);
                    if self.answers {
                        let head = ReplyHead::with_body(200, ContentType::Json);
                        self.connection.respond(head, Chunk::from("{}"), self.now);
                    }
                }
                ConnectionEvent::Refused(refusal) => self.refused.push(refusal.reject),
                ConnectionEvent::Shutdown => {
                    assert!(!self.ended.shutdown, "it is closed once");
                    self.ended.shutdown = true;
                }
                ConnectionEvent::Closed => {
                    self.ended.closed = true;
                    break;
                }
            }
        }
    }

    fn give_verdict(&mut self) {
        let verdict = self.config.rules.admit(&self.connection.head().unwrap(), Duration::ZERO);
        self.connection.admit(verdict, self.now);
    }

    /// Gives the verdict that was held back.
    fn admit(&mut self) -> &mut Self {
        self.holds = false;
        self.give_verdict();
        self.drive();
        self
    }

    fn transmit(&mut self) {
        let bytes = self.connection.poll_transmit().collect::<Vec<_>>().concat();
        if !bytes.is_empty() {
            self.content += self.connection.handle_sent(bytes.len(), self.now);
            self.sent.extend(bytes);
        }
    }

    fn text(&self) -> &str {
        str::from_utf8(&self.sent).unwrap()
    }

    /// The statuses of all answers.
    fn statuses(&self) -> Vec<&str> {
        statuses(self.text())
    }

    fn is_open(&self) -> bool {
        self.ended == Ended::default()
    }
}

fn statuses(sent: &str) -> Vec<&str> {
    let lines = sent.match_indices("HTTP/1.").filter_map(|(at, _)| sent.get(at + 9..at + 12));
    lines.filter(|status| status.bytes().all(|byte| byte.is_ascii_digit())).collect()
}

fn post(headers: &str, body: &str) -> String {
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\n{headers}\r\n{body}"
    )
}

fn ping() -> String {
    post(&format!("Content-Length: {}\r\n", PING.len()), PING)
}
