//! A small MCP server for stdio: something to wrap, to test against and to measure with.
//!
//! Owns: [`Server`], the whole conversation of one stdio peer of the legacy era: `initialize`,
//! `ping`, `logging/setLevel`, `tools/list` and `tools/call`.
//! Never: reads or writes; the caller hands in lines and the time, and sends what is appended to
//! its buffer.
//!
//! | tool | shows |
//! |---|---|
//! | `echo` | the shortest way through: the message goes back as the bytes it came in |
//! | `add` | structured content, and arguments that can be wrong |
//! | `slow` | progress, log messages, cancellation, several calls at once |
//! | `ask` | requests of the server: sampling and elicitation |
//! | `announce` | a notification that belongs to no request |
//!
//! Source: MCP 2025-11-25, basic/lifecycle, server/tools, server/utilities/logging,
//! basic/utilities/{cancellation,ping,progress}.

mod add;
mod arguments;
mod ask;
mod catalog;
mod fault;
mod incoming;
mod reply;
mod slow;

use std::mem;

use serde_json::value::RawValue;

use self::arguments::{Arguments, Params, number_json, string, string_json};
use self::ask::{Ask, Turn};
use self::fault::Fault;
use self::incoming::{Incoming, Outcome};
use self::reply::LogLevel;
use self::slow::Slow;
use crate::protocol::Revision;
use crate::time::Instant;

/// The server's side of one conversation.
///
/// Every verb appends whole lines to `out`, each ending in a newline, in the order in which they
/// are to be sent.
#[derive(Debug)]
pub struct Server {
    revision: Revision,
    client: ask::Abilities,
    log_level: LogLevel,
    running: Vec<Slow>,
    asking: Vec<Ask>,
    asked: u64,
}

impl Default for Server {
    fn default() -> Self {
        Server::new()
    }
}

impl Server {
    /// A server nobody has spoken to.
    pub fn new() -> Self {
        Server {
            revision: Revision::NEWEST,
            client: ask::Abilities::default(),
            log_level: LogLevel::Debug,
            running: Vec::new(),
            asking: Vec::new(),
            asked: 0,
        }
    }

    /// Takes one line, with or without its end; an empty one says nothing.
    pub fn handle_line(&mut self, line: &[u8], now: Instant, out: &mut Vec<u8>) {
        let line = line.trim_ascii();
        match line.first() {
            None => {}
            Some(b'[') if self.revision.has_batches() => self.on_batch(line, now, out),
            Some(_) => self.on_message(line, now, out),
        }
    }

    /// Takes the steps that are due.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut Vec<u8>) {
        let level = self.log_level;
        self.running.retain_mut(|slow| !slow.advance(now, level, out));
    }

    /// When to call [`Server::handle_timeout`]; earlier is harmless.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.running.iter().map(Slow::due).min()
    }

    /// Each message of a batch is answered by a line of its own: a slow call keeps no other
    /// waiting.
    fn on_batch(&mut self, line: &[u8], now: Instant, out: &mut Vec<u8>) {
        match serde_json::from_slice::<Vec<&RawValue>>(line) {
            Ok(messages) if messages.is_empty() => {
                reply::error(out, None, &Fault::invalid_request("the batch is empty"));
            }
            Ok(messages) => {
                for message in messages {
                    self.on_message(message.get().as_bytes(), now, out);
                }
            }
            Err(_) => reply::error(out, None, &Fault::parse_error()),
        }
    }

    fn on_message(&mut self, message: &[u8], now: Instant, out: &mut Vec<u8>) {
        match Incoming::parse(message) {
            Ok(Incoming::Request { id, method, params }) => {
                if let Err(fault) = self.on_request(id, &method, params, now, out) {
                    reply::error(out, Some(id), &fault);
                }
            }
            Ok(Incoming::Notification { method, params }) => {
                if method == "notifications/cancelled" {
                    self.on_cancelled(params, out);
                }
            }
            Ok(Incoming::Answer { id, outcome }) => self.on_answer(id, outcome, out),
            Err(malformed) => reply::error(out, malformed.id, &malformed.fault),
        }
    }

    /// Answers, or starts what answers later, or says why not; then nothing has been written.
    fn on_request(
        &mut self,
        id: &str,
        method: &str,
        params: Option<&RawValue>,
        now: Instant,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        match method {
            "tools/call" => self.on_call(id, &Params::parse(params)?, now, out),
            "initialize" => self.on_initialize(id, &Params::parse(params)?, out),
            "logging/setLevel" => self.on_set_level(id, &Params::parse(params)?, out),
            "ping" => {
                reply::result(out, id, "{}");
                Ok(())
            }
            "tools/list" => on_list(id, &Params::parse(params)?, out),
            _ => Err(Fault::unknown_method(method)),
        }
    }

    fn on_initialize(
        &mut self,
        id: &str,
        params: &Params<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let wanted = match params.protocol_version {
            None => None,
            version => Revision::parse(string(version, "params.protocolVersion")?.as_bytes()),
        };
        self.client = ask::Abilities::parse(params.capabilities)?;
        self.revision = wanted.unwrap_or(Revision::NEWEST);
        reply::result(out, id, &catalog::introduction(self.revision).to_string());
        Ok(())
    }

    fn on_set_level(
        &mut self,
        id: &str,
        params: &Params<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        self.log_level = LogLevel::parse(&string(params.level, "params.level")?)?;
        reply::result(out, id, "{}");
        Ok(())
    }

    fn on_call(
        &mut self,
        id: &str,
        params: &Params<'_>,
        now: Instant,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let name = string(params.name, "params.name")?;
        let arguments = Arguments::parse(params)?;
        match &*name {
            "echo" => {
                let message = string_json(arguments.message, "params.arguments.message")?;
                reply::text_json(out, id, message);
            }
            "add" => {
                let a = number_json(arguments.a, "params.arguments.a")?;
                let b = number_json(arguments.b, "params.arguments.b")?;
                let sum = add::sum(a, b)?;
                reply::structured(out, id, &sum, &format!(r#"{{"sum":{sum}}}"#));
            }
            "slow" => {
                let slow = Slow::start(id, params.progress_token()?, &arguments, now)?;
                self.start_slow(slow, now, out);
            }
            "ask" => self.start_ask(Ask::new(id, self.client, &arguments)?, out),
            "announce" => {
                reply::notification(out, "notifications/tools/list_changed", "{}");
                reply::text(out, id, "announced");
            }
            _ => return Err(Fault::invalid_params(format!("unknown tool: {name}"))),
        }
        Ok(())
    }

    fn start_slow(&mut self, mut slow: Slow, now: Instant, out: &mut Vec<u8>) {
        if self.running.len() >= CALLS_MAX {
            reply::failure(out, slow.id(), "too many slow calls at once");
        } else if !slow.advance(now, self.log_level, out) {
            self.running.push(slow);
        }
    }

    fn start_ask(&mut self, ask: Ask, out: &mut Vec<u8>) {
        if self.asking.len() >= CALLS_MAX {
            reply::failure(out, ask.id(), "too many questions at once");
        } else {
            self.go_on_asking(ask, out);
        }
    }

    fn go_on_asking(&mut self, mut ask: Ask, out: &mut Vec<u8>) {
        self.asked += 1;
        match ask.next(self.asked, out) {
            Turn::Asked => self.asking.push(ask),
            Turn::Answered => {}
        }
    }

    fn on_answer(&mut self, id: &str, outcome: Outcome<'_>, out: &mut Vec<u8>) {
        // An answer nobody waits for has no one to be reported to.
        if let Some(at) = self.asking.iter().position(|ask| ask.waits_for(id)) {
            let mut ask = self.asking.remove(at);
            ask.heard(outcome);
            self.go_on_asking(ask, out);
        }
    }

    /// A cancelled call gets no answer; what it had asked the client is withdrawn.
    fn on_cancelled(&mut self, params: Option<&RawValue>, out: &mut Vec<u8>) {
        let Ok(Params { request_id: Some(id), .. }) = Params::parse(params) else { return };
        self.running.retain(|slow| slow.id() != id.get());
        for ask in mem::take(&mut self.asking) {
            if ask.id() == id.get() {
                ask.withdraw(out);
            } else {
                self.asking.push(ask);
            }
        }
    }
}

fn on_list(id: &str, params: &Params<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
    if params.cursor.is_some() {
        return Err(Fault::invalid_params("params.cursor is unknown: there is only one page"));
    }
    reply::result(out, id, &catalog::tools().to_string());
    Ok(())
}

/// Calls of `slow` that may run at once, and of `ask` that may wait for the client.
const CALLS_MAX: usize = 1000;

#[cfg(test)]
mod tests;
