//! The engine driven by hand: an adapter without sockets, processes or a clock.
//!
//!     cargo run -p pontoon-examples --bin engine
//!
//! A client initializes a session and lists tools; this file plays the client, the wrapped command
//! and the runtime, and prints each action that the engine wants carried out.

use std::collections::VecDeque;
use std::sync::Arc;

use pontoon_tokio::pontoon_core::http::{Headers, RequestHead, Rules};
use pontoon_tokio::pontoon_core::{
    Action, BridgeOptions, ChildEra, ChildId, ChildSpec, Config, Duration, Engine, ExchangeId,
    Input, Instant, Limits, Output, Serves,
};

/// Headers in the representation of an adapter.
struct HeaderList(Vec<(&'static str, String)>);

impl Headers for HeaderList {
    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let matching = self.0.iter().filter(move |(it, _)| it.eq_ignore_ascii_case(name));
        matching.map(|(_, value)| value.as_bytes())
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (*name, value.as_bytes()))
    }
}

struct Adapter {
    rules: Rules,
    engine: Engine,
    now: Instant,
    session: Option<String>,
    answer: String,
}

impl Adapter {
    /// Reports an input, carries out the actions that follow, and reports their results.
    fn report(&mut self, input: Input) {
        let mut facts = VecDeque::from([input]);
        while let Some(fact) = facts.pop_front() {
            let mut actions = Vec::new();
            self.engine.handle_input(fact, self.now, &mut actions);
            facts.extend(actions.into_iter().filter_map(|action| self.carry_out(action)));
        }
        if let Some(deadline) = self.engine.poll_timeout() {
            println!("  call handle_timeout at {deadline:?} unless a fact comes first");
        }
    }

    /// Carries out an action; returns the input that follows from it at once.
    fn carry_out(&mut self, action: Action) -> Option<Input> {
        match action {
            Action::Spawn { child, spec } => {
                println!("  start {:?} as {child:?}", spec.program);
                return Some(Input::ChildSpawned { child, pid: 1000 });
            }
            Action::WriteStdin { child, chunk } => {
                let bytes = chunk.to_vec();
                println!("  write to {child:?}: {}", String::from_utf8_lossy(&bytes).trim_end());
                return Some(Input::ChildStdinAcked { child, bytes: bytes.len() });
            }
            Action::Reply { exchange, head, body, .. } => {
                let body = String::from_utf8(body.to_vec()).expect("JSON is UTF-8");
                println!("  answer {exchange:?} with {}: {body}", head.status);
                self.session = head.session.map(|id| id.to_string()).or(self.session.take());
                self.answer = body;
            }
            other => println!("  {other:?}"),
        }
        None
    }

    /// Handles a request: its head is checked without the engine, then its body is read.
    fn post(&mut self, exchange: u64, body: &str) {
        let mut headers = vec![
            ("Host", "localhost".to_owned()),
            ("Content-Type", "application/json".to_owned()),
            ("Content-Length", body.len().to_string()),
        ];
        headers.extend(self.session.clone().map(|id| ("Mcp-Session-Id", id)));
        let headers = HeaderList(headers);
        let (method, target) = ("POST", "/mcp");
        let head = RequestHead { method, target, headers: &headers, peer: None, arrived: self.now };
        let mut admission =
            self.rules.admit(&head, Duration::ZERO).expect("the head keeps the rules");
        admission.open_account(self.engine.memory(), &head).expect("there is memory left");
        let mut buffer = admission.body(&head);
        buffer.push(body.as_bytes()).expect("there is memory left");
        let request = admission.request(buffer.finish(), &head).expect("the body is JSON-RPC");
        println!("client: {body}");
        let (exchange, request) = (ExchangeId(exchange), Box::new(request));
        self.report(Input::Requested { exchange, request });
    }

    /// Writes to the standard output of the command.
    fn child_writes(&mut self, child: ChildId, text: &str) {
        println!("command: {text}");
        let mut output = Output::new(&Limits::default(), self.engine.memory().child(child));
        let mut lines = Vec::new();
        output.feed(format!("{text}\n").as_bytes(), |line| lines.push(line));
        for line in lines {
            self.report(Input::ChildLine { child, line });
        }
    }
}

fn main() {
    let command = ChildSpec { program: "a-server".into(), args: Vec::new(), env: None, cwd: None };
    let bridge = BridgeOptions { child_era: ChildEra::Legacy, ..BridgeOptions::default() };
    let config = Arc::new(Config { bridge, ..Config::new(Serves::Command(command)) });
    let rules = Rules::new(&config);
    // The session ids are derived from the seed, which is random and secret in a program.
    let engine = Engine::new(config, [7; 32], Instant::ZERO);
    let mut adapter =
        Adapter { rules, engine, now: Instant::ZERO, session: None, answer: String::new() };

    adapter.report(Input::Started);
    adapter.post(
        1,
        r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"example","version":"1"}}}"#,
    );
    let child = ChildId(1);
    adapter.now = adapter.now + Duration::from_millis(20);
    adapter.child_writes(
        child,
        r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"a-server","version":"1"}}}"#,
    );
    adapter.post(2, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    adapter.post(3, r#"{"jsonrpc":"2.0","id":"mine","method":"tools/list"}"#);
    adapter.child_writes(child, r#"{"jsonrpc":"2.0","id":2,"result":{"tools":[]}}"#);
    // The command saw a number; the client gets its own id back.
    assert_eq!(adapter.answer, r#"{"jsonrpc":"2.0","id":"mine","result":{"tools":[]}}"#);
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_client_gets_its_own_id_back() {
        super::main();
    }
}
