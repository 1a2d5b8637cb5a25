//! Reads each request to its end and answers it: the remainder of a server without all of pontoon's
//! work. Pontoon's speed on each runtime is compared with it, in the same run on the same machine.
//!
//! `pontoon-bare RUNTIME THREADS ANSWER [CERT KEY]` listens on a free port of 127.0.0.1, reports it on
//! standard error like pontoon with `--log-format json`, and answers every request with a JSON-RPC
//! result. ANSWER is the length of the result, which is always the same, or `echo`: then the
//! request is a call of the tool `echo`, which is parsed with serde_json. With the PEM files CERT and
//! KEY, `tokio` serves TLS, by `tokio-rustls`. It uses published crates only:
//!
//! | RUNTIME | |
//! |---|---|
//! | `tokio` | hyper on tokio, by `hyper-util` |
//! | `smol` | hyper on smol, by `smol-hyper` |
//! | `blocking` | tiny_http |

use std::env;
use std::error::Error;
use std::net::TcpListener;
use std::sync::Arc;

mod answer;
mod hyper_service;
mod on_smol;
mod on_threads;
mod on_tokio;

use answer::Answer;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [runtime, threads, answer, files @ ..] = &arguments[..] else {
        return Err("usage: pontoon-bare RUNTIME THREADS BYTES|echo [CERT KEY]".into());
    };
    let tls = match files {
        [] => None,
        [cert, key] if runtime == "tokio" => Some(tls(cert, key)?),
        _ => return Err("only tokio has TLS, with a certificate and a key".into()),
    };
    let threads = threads.parse()?;
    let answer = match &**answer {
        "echo" => Answer::Echo,
        bytes => Answer::of_bytes(bytes.parse()?),
    };
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    eprintln!(r#"{{"event":"listening","url":"{scheme}://{address}/mcp"}}"#);
    match &**runtime {
        "tokio" => on_tokio::serve(listener, threads, answer, tls),
        "smol" => on_smol::serve(listener, threads, answer),
        "blocking" => on_threads::serve(listener, threads, answer),
        _ => return Err("the runtimes are tokio, smol and blocking".into()),
    }?;
    Ok(())
}

fn tls(cert: &str, key: &str) -> Result<ServerConfig, Box<dyn Error>> {
    let chain = CertificateDer::pem_file_iter(cert)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = config.with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
