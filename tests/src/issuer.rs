//! An authorization server that does what a case tells it: its keys, its metadata, its answers about
//! tokens, and its failures.
//!
//! It signs with ES256 and new keys in each run. `tests/real` has one with the whole flow.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{self, SHA256};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

/// The authorization server, until the value is dropped.
pub struct Issuer {
    addr: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The JWKS.
    keys: Vec<Value>,
    /// The status of every answer, if it is not 200.
    status: Option<u16>,
    /// The issuer in its metadata, if that is not its URL.
    named: Option<String>,
    /// The answers about tokens.
    tokens: BTreeMap<String, Value>,
    /// Whether answers wait until this is unset.
    is_held: bool,
    /// The requests so far.
    requests: Vec<Received>,
    is_over: bool,
}

/// A request.
#[derive(Clone, Debug, Default)]
struct Received {
    path: String,
    body: String,
    /// The value of `If-None-Match`.
    etag: Option<String>,
}

/// A key that tokens are signed with.
pub struct Key {
    kid: String,
    pair: EcdsaKeyPair,
}

impl Key {
    /// Creates a key with this id.
    pub fn new(kid: &str) -> Key {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("randomness");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).expect("a key");
        Key { kid: kid.to_owned(), pair }
    }

    /// Returns it as a member of a JWKS (RFC 7518, section 6.2).
    pub fn jwk(&self) -> Value {
        // 4, x, y (SEC 1, section 2.3.3).
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        let [x, y] = [x, y].map(|part| URL_SAFE_NO_PAD.encode(part));
        json!({"kty": "EC", "crv": "P-256", "kid": self.kid, "use": "sig", "alg": "ES256", "x": x, "y": y})
    }

    /// Returns a JWT with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(&json!({"alg": "ES256", "typ": "at+jwt", "kid": self.kid}), claims)
    }

    /// Returns a JWT with this header and these claims.
    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let [header, claims] = [header, claims].map(|it| URL_SAFE_NO_PAD.encode(it.to_string()));
        let text = format!("{header}.{claims}");
        let signature = self.pair.sign(&SystemRandom::new(), text.as_bytes()).expect("randomness");
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl Issuer {
    /// Starts an authorization server with these keys.
    pub fn start(keys: &[&Key]) -> Issuer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = listener.local_addr().expect("an address");
        let issuer = Issuer { addr, state: Arc::default() };
        issuer.serve_keys(keys);
        let state = issuer.state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = state.clone();
                if lock(&state).is_over {
                    return;
                }
                thread::spawn(move || answer(&stream, addr, &state));
            }
        });
        issuer
    }

    /// Returns its URL, which names it in tokens.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Replaces its keys.
    pub fn serve_keys(&self, keys: &[&Key]) {
        lock(&self.state).keys = keys.iter().map(|key| key.jwk()).collect();
    }

    /// Adds a key in any form to its keys.
    pub fn add_key(&self, key: Value) {
        lock(&self.state).keys.push(key);
    }

    /// Lets its metadata name another issuer.
    pub fn claims_to_be(&self, issuer: &str) {
        lock(&self.state).named = Some(issuer.to_owned());
    }

    /// Lets it answer everything with this status, or as usual again.
    pub fn fail(&self, status: Option<u16>) {
        lock(&self.state).status = status;
    }

    /// Holds back all answers, or sends them again.
    pub fn hold(&self, is_held: bool) {
        lock(&self.state).is_held = is_held;
    }

    /// Sets its answer about a token.
    pub fn introspects(&self, token: &str, answer: Value) {
        lock(&self.state).tokens.insert(token.to_owned(), answer);
    }

    /// Returns the bodies of the requests to a path so far.
    pub fn requests(&self, path: &str) -> Vec<String> {
        self.received(path).into_iter().map(|request| request.body).collect()
    }

    /// Returns the number of requests to a path so far, and that of those with the `ETag` of an
    /// earlier answer.
    pub fn counts(&self, path: &str) -> (usize, usize) {
        let received = self.received(path);
        (received.len(), received.iter().filter(|request| request.etag.is_some()).count())
    }

    fn received(&self, path: &str) -> Vec<Received> {
        let state = lock(&self.state);
        state.requests.iter().filter(|it| it.path == path).cloned().collect()
    }

    /// Returns the claims of a token for this resource that is valid for a day.
    pub fn claims(&self, resource: &str, scope: &str) -> Value {
        let exp = unix_time() + 24 * 3600;
        json!({"iss": self.url(), "sub": "ada", "aud": resource, "exp": exp, "scope": scope})
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        lock(&self.state).is_over = true;
        let _ = TcpStream::connect(self.addr);
    }
}

/// Returns the seconds since 1970-01-01 00:00 UTC.
pub fn unix_time() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().expect("a clock after 1970").as_secs()
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers the only request of a connection.
fn answer(mut stream: &TcpStream, addr: SocketAddr, state: &Mutex<State>) {
    let Some(request) = read(stream) else { return };
    let (status, etag, answer) = {
        let mut state = lock(state);
        let answer = state.answer(&request.path, &request.body, addr);
        let digest = digest::digest(&SHA256, answer.to_string().as_bytes());
        let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest));
        let status = match answer.is_null() {
            true => 404,
            false if request.etag.as_ref() == Some(&etag) => 304,
            false => 200,
        };
        state.requests.push(request);
        (state.status.unwrap_or(status), etag, answer)
    };
    while lock(state).is_held {
        thread::sleep(Duration::from_millis(2));
    }
    let content = if status == 304 { String::new() } else { answer.to_string() };
    let head =
        format!("HTTP/1.1 {status} \r\nETag: {etag}\r\nContent-Length: {}\r\n", content.len());
    let _ = stream.write_all(format!("{head}Connection: close\r\n\r\n{content}").as_bytes());
}

fn read(stream: &TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (mut length, mut etag) = (0, None);
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        match (name.to_ascii_lowercase().as_str(), value.trim()) {
            ("content-length", value) => length = value.parse().ok()?,
            ("if-none-match", value) => etag = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received { path, body: String::from_utf8(body).ok()?, etag })
}

impl State {
    fn answer(&self, path: &str, body: &str, addr: SocketAddr) -> Value {
        match path {
            "/.well-known/oauth-authorization-server" => json!({
                "issuer": self.named.clone().unwrap_or_else(|| format!("http://{addr}")),
                "jwks_uri": format!("http://{addr}/jwks"),
            }),
            "/jwks" => json!({ "keys": self.keys }),
            "/introspect" => {
                let token = body.strip_prefix("token=").and_then(|it| it.split('&').next());
                let known = token.and_then(|token| self.tokens.get(token));
                known.cloned().unwrap_or_else(|| json!({"active": false}))
            }
            _ => Value::Null,
        }
    }
}
