//! JSON Web Tokens: those that are accepted, and attacks with others.
//!
//! RFC 7519; RFC 8725 section 3; 2025-11-25 and 2026-07-28, basic/authorization, Token Handling.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use ring::{hmac, rsa};
use serde_json::{Value, json};

use super::auth::{TestFile, bearer, expect_refused, post, scope_of, tokens};
use crate::Target;
use crate::client::{Client, NEWEST, initialize, tool_call};
use crate::entry::Entry;
use crate::issuer::unix_time;
use crate::modern::Modern;
use crate::pontoon::{CommandLine, Pontoon};
use crate::wire::{Request, Response};

cases! { $ auth_tokens:
    tokens_of_every_algorithm
    tokens_with_bad_claims
    forged_tokens
    keys_that_a_token_brings
    malformed_tokens
    scopes_in_either_claim
    a_refreshed_token_keeps_its_session
    ; on sockets only:
    expired_tokens: "the simulated clock begins in 1970"
    streams_end_with_their_tokens: "the simulated clock begins in 1970"
    a_stream_that_waits_ends_with_its_token: "the simulated clock begins in 1970"
    a_reload_replaces_the_keys: "a simulated program has no file"
}

const ISSUER: &str = "https://id.example.com";
const RESOURCE: &str = "https://mcp.example.com/mcp";

/// A key that the issuer shares with the program.
const SHARED: &[u8] = b"a symmetric key of 32 bytes, or more";

/// 2100-01-01, after every clock of a test.
const LATER: u64 = 4_102_444_800;

/// The keys of an issuer.
struct Issuer {
    rng: SystemRandom,
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
}

impl Issuer {
    fn new() -> Issuer {
        let rng = SystemRandom::new();
        let rsa = RsaKeyPair::from_pkcs8(include_bytes!("../../keys/rsa-for-tests.p8"));
        let curve = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        let ec = EcdsaKeyPair::generate_pkcs8(curve, &rng).expect("a key");
        let ec = EcdsaKeyPair::from_pkcs8(curve, ec.as_ref(), &rng).expect("a key");
        let ed = Ed25519KeyPair::generate_pkcs8(&rng).expect("a key");
        let ed = Ed25519KeyPair::from_pkcs8(ed.as_ref()).expect("a key");
        Issuer { rsa: rsa.expect("a key"), ec, ed, rng }
    }

    /// Returns the public keys, and the shared one if it is wanted.
    fn jwks(&self, with_shared: bool) -> Value {
        let public = rsa::PublicKeyComponents::<Vec<u8>>::from(self.rsa.public());
        let (_, point) = self.ec.public_key().as_ref().split_at(1);
        let mut keys = vec![
            json!({"kty": "RSA", "kid": "rsa", "use": "sig", "n": encode(&public.n),
                   "e": encode(&public.e)}),
            json!({"kty": "EC", "kid": "ec", "crv": "P-256", "x": encode(&point[..32]),
                   "y": encode(&point[32..])}),
            json!({"kty": "OKP", "kid": "ed", "crv": "Ed25519",
                   "x": encode(self.ed.public_key().as_ref())}),
            json!({"kty": "unknown", "kid": "ignored"}),
        ];
        if with_shared {
            keys.push(json!({"kty": "oct", "kid": "shared", "k": encode(SHARED)}));
        }
        json!({"keys": keys})
    }

    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let rsa = |padding| {
            let mut signed = vec![0; self.rsa.public().modulus_len()];
            self.rsa.sign(padding, &self.rng, message, &mut signed).expect("a signature");
            signed
        };
        match algorithm {
            "RS256" => rsa(&signature::RSA_PKCS1_SHA256),
            "PS256" => rsa(&signature::RSA_PSS_SHA256),
            "ES256" => self.ec.sign(&self.rng, message).expect("a signature").as_ref().to_vec(),
            "EdDSA" => self.ed.sign(message).as_ref().to_vec(),
            _ => hmac_of(SHARED, message),
        }
    }

    /// Returns a token with this header and these claims, signed by the key of its algorithm.
    fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode_json(header), encode_json(claims));
        let algorithm = header["alg"].as_str().unwrap_or_default();
        let signature = self.sign(algorithm, signed.as_bytes());
        format!("{signed}.{}", encode(&signature))
    }

    /// Returns a token that is accepted, but for the claims that replace those of one.
    fn with(&self, changes: &Value) -> String {
        self.token(&json!({"alg": "ES256", "kid": "ec"}), &claims(changes))
    }
}

/// Returns the claims of a token that is accepted, with changes; null removes a claim.
fn claims(changes: &Value) -> Value {
    let mut claims = json!({"iss": ISSUER, "sub": "ann", "aud": RESOURCE, "exp": LATER,
                            "scope": "mcp"});
    let all = claims.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        match value {
            Value::Null => _ = all.remove(name),
            value => _ = all.insert(name.clone(), value.clone()),
        }
    }
    claims
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn encode_json(value: &Value) -> String {
    encode(value.to_string().as_bytes())
}

fn hmac_of(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

/// Starts the program with the keys of an issuer, and a token for figures.
fn start(target: &Target, issuer: &Issuer, more: &[&str]) -> Pontoon {
    start_in_front_of(target.proxy(), issuer, more)
}

fn start_in_front_of(command: CommandLine, issuer: &Issuer, more: &[&str]) -> Pontoon {
    let is_shared = more.iter().any(|option| option.contains("HS256"));
    let keys = TestFile::new(&issuer.jwks(is_shared).to_string());
    let figures = tokens(&[("figures", "")]);
    let options = ["--auth-issuer", ISSUER, "--auth-resource", RESOURCE, "--auth-jwks-file"];
    let options = [&options[..], &[keys.path(), "--auth-token-file", figures.path()], more];
    command.options(&options.concat()).start()
}

fn open(pontoon: &Pontoon, token: &str) -> Response {
    post(pontoon, Some(token), &initialize(NEWEST))
}

/// Asserts that a token is refused, for a reason that the client and the log name.
#[track_caller]
fn expect_flaw(pontoon: &Pontoon, token: &str, flaw: &str, case: &str) {
    let response = open(pontoon, token);
    let text = response.expect_error(401, -32600, case);
    assert!(text.contains(flaw), "{case}: {text}");
    let challenge = response.header("www-authenticate").expect("a challenge");
    assert!(challenge.contains("error=\"invalid_token\""), "{case}: {challenge}");
}

pub fn tokens_of_every_algorithm(target: &Target) {
    let issuer = Issuer::new();
    let pontoon = start(target, &issuer, &[]);
    for (algorithm, kid) in [("RS256", "rsa"), ("PS256", "rsa"), ("ES256", "ec"), ("EdDSA", "ed")] {
        for header in [json!({"alg": algorithm, "kid": kid}), json!({"alg": algorithm})] {
            let token = issuer.token(&header, &claims(&json!({})));
            for _ in 0..2 {
                open(&pontoon, &token).expect(200, algorithm);
            }
        }
    }
    let shared = issuer.token(&json!({"alg": "HS256", "kid": "shared"}), &claims(&json!({})));
    expect_flaw(&pontoon, &shared, "alg", "a symmetric algorithm that is not in the list");
    let pontoon = start(target, &issuer, &["--auth-algorithms", "HS256"]);
    open(&pontoon, &shared).expect(200, "a symmetric key that is configured");
    expect_flaw(&pontoon, &issuer.with(&json!({})), "alg", "an algorithm that is not in the list");
}

pub fn tokens_with_bad_claims(target: &Target) {
    let issuer = Issuer::new();
    let pontoon = start(target, &issuer, &["--auth-audiences", "api://mcp"]);
    for changes in [
        json!({}),
        json!({"aud": [RESOURCE, "https://other.example"]}),
        json!({"aud": "api://mcp"}),
        json!({"aud": "https://MCP.example.com/mcp/"}),
        json!({"nbf": 1, "iat": 1}),
        json!({"sub": null, "client_id": "a-program"}),
    ] {
        open(&pontoon, &issuer.with(&changes)).expect(200, &changes.to_string());
    }
    for (changes, flaw) in [
        (json!({"exp": null}), "does not say when it expires"),
        (json!({"exp": "4102444800"}), "malformed"),
        (json!({"nbf": LATER}), "not valid yet"),
        (json!({"aud": null}), "another resource"),
        (json!({"aud": "https://mcp.example.com"}), "another resource"),
        (json!({"aud": "https://mcp.example.com/mcp/other"}), "another resource"),
        (json!({"aud": ["https://other.example"]}), "another resource"),
        (json!({"iss": null}), "another issuer"),
        (json!({"iss": "https://id.example.com/"}), "another issuer"),
        (json!({"iss": "https://evil.example"}), "another issuer"),
        (json!({"sub": null}), "neither a subject nor a client"),
    ] {
        expect_flaw(&pontoon, &issuer.with(&changes), flaw, &changes.to_string());
    }
    expect_refused(&pontoon, "figures", "bad_token", 11);
}

/// A public key is no secret: a symmetric signature made with it proves nothing.
pub fn forged_tokens(target: &Target) {
    let issuer = Issuer::new();
    let public = rsa::PublicKeyComponents::<Vec<u8>>::from(issuer.rsa.public());
    let jwk = issuer.jwks(false)["keys"][0].to_string();
    let signed =
        |header: &Value| format!("{}.{}", encode_json(header), encode_json(&claims(&json!({}))));
    for more in [&[][..], &["--auth-algorithms", "RS256,HS256"]] {
        let pontoon = start(target, &issuer, more);
        for secret in [&public.n[..], jwk.as_bytes(), issuer.rsa.public().as_ref(), b""] {
            for kid in ["rsa", "shared"] {
                let text = signed(&json!({"alg": "HS256", "kid": kid}));
                let forged = format!("{text}.{}", encode(&hmac_of(secret, text.as_bytes())));
                open(&pontoon, &forged).expect(401, "a symmetric signature with a public key");
            }
        }
        for alg in ["none", "None", "NONE", "nOnE", ""] {
            for signature in ["", "AAAA"] {
                let unsigned = format!("{}.{signature}", signed(&json!({"alg": alg})));
                expect_flaw(&pontoon, &unsigned, "alg", "no algorithm");
            }
        }
    }
    let pontoon = start(target, &issuer, &[]);
    let good = issuer.with(&json!({}));
    let (head, signature) = good.rsplit_once('.').unwrap();
    let other = claims(&json!({"sub": "root"}));
    let header = head.split('.').next().unwrap();
    let changed = format!("{header}.{}.{signature}", encode_json(&other));
    expect_flaw(&pontoon, &changed, "signature", "other claims under a signature");
    for signature in ["", "AAAA", &encode(&[0; 64]), &encode(&[255; 64])] {
        expect_flaw(&pontoon, &format!("{head}.{signature}"), "signature", "another signature");
    }
    // A key of another kind does not fit, whatever the token claims.
    for (alg, kid) in [("ES256", "rsa"), ("RS256", "ec"), ("EdDSA", "ec"), ("ES256", "ed")] {
        let confused = issuer.token(&json!({"alg": alg, "kid": kid}), &claims(&json!({})));
        expect_flaw(&pontoon, &confused, "kid", &format!("{alg} with the key {kid}"));
    }
}

/// The keys are those of the file, and a token selects among them at most.
pub fn keys_that_a_token_brings(target: &Target) {
    let (issuer, attacker) = (Issuer::new(), Issuer::new());
    let pontoon = start(target, &issuer, &[]);
    let own = attacker.jwks(false)["keys"][1].clone();
    for header in [
        json!({"alg": "ES256", "kid": "ec"}),
        json!({"alg": "ES256"}),
        json!({"alg": "ES256", "jwk": own}),
        json!({"alg": "ES256", "kid": "ec", "jku": "https://evil.example/jwks"}),
        json!({"alg": "ES256", "kid": "ec", "x5u": "https://evil.example/cert"}),
    ] {
        let forged = attacker.token(&header, &claims(&json!({})));
        expect_flaw(&pontoon, &forged, "signature", &header.to_string());
    }
    for kid in ["../../../../dev/null", "' OR '1'='1", "ec\u{0}", "EC", "", "https://evil.example"]
    {
        let forged = attacker.token(&json!({"alg": "ES256", "kid": kid}), &claims(&json!({})));
        expect_flaw(&pontoon, &forged, "kid", kid);
    }
}

pub fn malformed_tokens(target: &Target) {
    let issuer = Issuer::new();
    let pontoon = start(target, &issuer, &[]);
    let good = issuer.with(&json!({}));
    let (head, signature) = good.rsplit_once('.').unwrap();
    for token in [
        "garbage",
        "...",
        "a.b.c",
        &format!("{good}."),
        &format!("{good}.{signature}"),
        head,
        &format!("{head}.{signature}="),
        &issuer.token(&json!({"alg": "ES256", "crit": ["b64"], "b64": false}), &claims(&json!({}))),
        &issuer.token(&json!(["ES256"]), &claims(&json!({}))),
        &issuer.token(&json!({"alg": "ES256"}), &json!([ISSUER])),
    ] {
        expect_flaw(&pontoon, token, "malformed", token);
    }
    // A claim that occurs twice could be read in two ways.
    let twice = r#"{"iss":"https://id.example.com","sub":"ann","sub":"root","exp":4102444800}"#;
    let text = format!("{}.{}", encode_json(&json!({"alg": "ES256"})), encode(twice.as_bytes()));
    let twice = format!("{text}.{}", encode(&issuer.sign("ES256", text.as_bytes())));
    expect_flaw(&pontoon, &twice, "malformed", "a claim that occurs twice");
    let huge = issuer.with(&json!({"padding": "x".repeat(16 * 1024)}));
    expect_flaw(&pontoon, &huge, "longer than 16 KiB", "a huge token");
}

pub fn scopes_in_either_claim(target: &Target) {
    let issuer = Issuer::new();
    let pontoon = start(target, &issuer, &[]);
    for scopes in [
        json!({"scope": "openid mcp:tools/call:echo"}),
        json!({"scope": null, "scp": ["openid", "mcp:tools/call:echo"]}),
        json!({"scope": null, "scp": "mcp:tools/call:echo"}),
        json!({"scope": ["mcp:tools/call:echo"]}),
    ] {
        let token = issuer.with(&scopes);
        let client = Client::open_with(&pontoon, NEWEST, Some(&bearer(&token)));
        client.expect_served();
        let refused = client.send(tool_call(9, "pid", json!({})));
        refused.expect_error(403, -32600, &scopes.to_string());
        assert_eq!(scope_of(&refused), Some("mcp:tools/call:pid"));
    }
    for scopes in [json!({"scope": null}), json!({"scope": "openid"}), json!({"scope": ""})] {
        open(&pontoon, &issuer.with(&scopes)).expect(403, "no scope of this server");
    }
    let pontoon = start(target, &issuer, &["--auth-scopes", "none"]);
    let any = issuer.with(&json!({"scope": null}));
    Client::open_with(&pontoon, NEWEST, Some(&bearer(&any))).expect_served();
}

pub fn a_refreshed_token_keeps_its_session(target: &Target) {
    let issuer = Issuer::new();
    let pontoon = start(target, &issuer, &[]);
    let client = Client::open_with(&pontoon, NEWEST, Some(&bearer(&issuer.with(&json!({})))));
    let call = tool_call(5, "echo", json!({"text": "hello"}));
    let of = |token: String| {
        let request = Request::post(call.to_string());
        let request = request.header("Mcp-Session-Id", &client.session);
        request.header("Authorization", bearer(&token)).send(pontoon.addr)
    };
    of(issuer.with(&json!({"exp": LATER + 1}))).expect(200, "a refreshed token");
    of(issuer.with(&json!({"sub": "ben"}))).expect(404, "another subject");
    of(issuer.with(&json!({"sub": null, "client_id": "ann"}))).expect(404, "a client of that name");
    of("figures".to_owned()).expect(404, "another way to authenticate");
    client.expect_served();
}

pub fn expired_tokens(target: &Target) {
    let issuer = Issuer::new();
    let pontoon = start(target, &issuer, &[]);
    let client = Client::open_with(&pontoon, NEWEST, Some(&bearer(&issuer.with(&json!({})))));
    for exp in [json!(1000), json!(0), json!(-5), json!(1.5)] {
        let token = issuer.with(&json!({"exp": exp}));
        expect_flaw(&pontoon, &token, "expired", &exp.to_string());
        let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
        let in_session = Request::post(ping)
            .header("Mcp-Session-Id", &client.session)
            .header("Authorization", bearer(&token));
        in_session.send(pontoon.addr).expect(401, "in the session of its subject");
    }
    client.expect_served();
}

/// A stream ends with the token that opened it, and its client comes back with a new one.
pub fn streams_end_with_their_tokens(target: &Target) {
    let issuer = Issuer::new();
    let pontoon = start(target, &issuer, &["--child-era", "legacy"]);
    // Of the 60 s that clocks may differ, eight are left.
    let token = |exp: u64| bearer(&issuer.with(&json!({ "exp": exp })));
    let (short, long) = (token(unix_time() - 52), token(LATER));
    let client = Client::open_with(&pontoon, NEWEST, Some(&short));
    let mut call = client.post(tool_call(7, "sleep", json!({"ms": 10_000}))).open(pontoon.addr);
    let [short, long] = [short, long].map(|token| Modern::new(&pontoon).authorized(&token));
    let listen = |client: &Modern| client.listen(json!({"toolsListChanged": true})).events;
    let mut kept = listen(&long);
    for mut stream in [client.listen(), listen(&short)] {
        while stream.next_event().is_some() {}
    }
    let refused = short.send(&short.body("tools/list", json!({})));
    refused.expect(401, "it has expired");
    // The session and the request that was admitted before go on.
    assert_eq!(call.response().answer()["id"], 7, "it was admitted before");
    let resumed = Request::listen().header("Mcp-Session-Id", &client.session);
    let mut resumed = resumed.header("Authorization", token(LATER)).open(pontoon.addr);
    assert_eq!(resumed.head().status, 200, "the session is that of the subject");
    long.text("list_changed", json!({"what": "tools", "ms": 0}));
    assert_eq!(kept.message()["method"], "notifications/tools/list_changed");
}

/// A stream that waits for its server's first message ends once its token has expired.
pub fn a_stream_that_waits_ends_with_its_token(target: &Target) {
    let issuer = Issuer::new();
    let silent = target.proxy().wrapping(&["sh", "-c", "exec sleep 100"]);
    let pontoon = start_in_front_of(silent, &issuer, &["--child-era", "probe"]);
    // Of the 60 s that clocks may differ, two are left; the search for the era takes four.
    let token = bearer(&issuer.with(&json!({"exp": unix_time() - 58})));
    let client = Modern::new(&pontoon).authorized(&token);
    let body = client.body("subscriptions/listen", json!({"notifications": {}}));
    let ended = client.send(&body).expect(200, "the token expires while it waits").answer();
    assert_eq!(ended["result"]["resultType"], "complete", "{ended}");
}

/// The settings of the file are those of the options, and each server has an audience of its own.
pub fn a_reload_replaces_the_keys(target: &Target) {
    let entries = [Entry::new("one", &[])];
    let pontoon = target.serve(&entries).start();
    let status = |token: &str| {
        let request = Request::post(initialize(NEWEST).to_string()).at("/one/mcp");
        request.header("Authorization", bearer(token)).send(pontoon.addr).status()
    };
    let of_one = json!({"aud": "https://mcp.example.com/one/mcp", "scope": "one"});
    let issuers = [Issuer::new(), Issuer::new()];
    let [old, new] = issuers.each_ref().map(|issuer| issuer.with(&of_one));
    assert_eq!(status("any"), 200, "without authentication");
    let with_keys = |issuer: &Issuer| {
        let keys = TestFile::new(&issuer.jwks(false).to_string());
        let mut file: Value = pontoon.text_of(&entries).parse().expect("JSON");
        file["pontoon"]["auth"] = json!({
            "issuer": ISSUER, "jwksFile": keys.path(), "resource": "https://mcp.example.com",
            "algorithms": ["ES256"],
        });
        pontoon.reload_text(&file.to_string(), "reloaded");
    };
    with_keys(&issuers[0]);
    assert_eq!([status(&old), status(&new), status("any")], [200, 401, 401]);
    let of_two = json!({"aud": "https://mcp.example.com/two/mcp", "scope": "one"});
    assert_eq!(status(&issuers[0].with(&of_two)), 401, "the audience of another server");
    let of_two = json!({"aud": "https://mcp.example.com/one/mcp", "scope": "two"});
    assert_eq!(status(&issuers[0].with(&of_two)), 403, "the scope of another server");
    with_keys(&issuers[1]);
    assert_eq!([status(&old), status(&new)], [401, 200], "no identity outlives its keys");
}
