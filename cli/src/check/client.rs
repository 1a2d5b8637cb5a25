//! A client of the endpoint on loopback: one connection for each request, answers as JSON.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use pontoon_core::escape_untrusted;
use serde_json::{Value, json};

/// The endpoint.
pub(super) struct Client {
    addr: SocketAddr,
    patience: Duration,
}

/// The result of a request, and the session that it opened.
pub(super) struct Answer {
    pub(super) result: Value,
    pub(super) session: Option<String>,
}

impl Client {
    pub(super) fn new(addr: SocketAddr, patience: Duration) -> Self {
        Client { addr, patience }
    }

    /// Sends a request of the legacy era.
    pub(super) fn legacy(
        &self,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> Result<Answer, String> {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        self.request(&session_header(session), &message)
    }

    /// Sends a request of 2026-07-28.
    pub(super) fn modern(&self, method: &str) -> Result<Answer, String> {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let params = json!({"_meta": meta});
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let headers = format!("MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: {method}\r\n");
        self.request(&headers, &message)
    }

    /// Sends a notification of the legacy era.
    pub(super) fn notify(&self, session: Option<&str>, method: &str) {
        let message = json!({"jsonrpc": "2.0", "method": method});
        let _ = self.send("POST", &session_header(session), &message.to_string());
    }

    /// Ends a session.
    pub(super) fn delete(&self, session: Option<&str>) {
        let _ = self.send("DELETE", &session_header(session), "");
    }

    fn request(&self, headers: &str, message: &Value) -> Result<Answer, String> {
        let (head, body) = self
            .send("POST", headers, &message.to_string())
            .map_err(|error| format!("no answer: {error}"))?;
        let answer: Value = serde_json::from_str(&body).unwrap_or_default();
        if let Some(text) = answer["error"]["message"].as_str() {
            return Err(escape_untrusted(text.as_bytes()));
        }
        let result = answer["result"].clone();
        if result.is_null() {
            let status = head.lines().next().unwrap_or_default();
            return Err(format!("the answer is not a result ({status})"));
        }
        let field = |line: &str| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("mcp-session-id").then(|| value.trim().to_owned())
        };
        Ok(Answer { result, session: head.lines().find_map(field) })
    }

    /// Sends a request; returns the head and the body of the answer.
    fn send(&self, method: &str, headers: &str, body: &str) -> io::Result<(String, String)> {
        let mut stream = TcpStream::connect_timeout(&self.addr, self.patience)?;
        stream.set_read_timeout(Some(self.patience))?;
        let head = format!(
            "{method} /mcp HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Accept: application/json\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n",
            self.addr,
            body.len()
        );
        stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice())?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
        let is_chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        let body = if is_chunked { unchunked(body) } else { body.to_owned() };
        Ok((head.to_owned(), body))
    }
}

fn session_header(session: Option<&str>) -> String {
    session.map_or(String::new(), |id| format!("Mcp-Session-Id: {id}\r\n"))
}

/// Removes the chunk framing of a body (RFC 9112, section 7.1).
fn unchunked(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, tail)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let Some(chunk) = tail.get(..size).filter(|chunk| !chunk.is_empty()) else { break };
        body += chunk;
        rest = tail.get(size + 2..).unwrap_or_default();
    }
    body
}

/// More than the longest list that is useful to count.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;
