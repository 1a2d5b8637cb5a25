//! Reads each request to its end and answers with the same bytes: what is left of a server once
//! everything that pontoon does has been taken away. It is what pontoon's speed on each runtime is
//! compared with, in the same run on the same machine.
//!
//! `pontoon-bare RUNTIME THREADS BYTES` listens on a free port of 127.0.0.1, says so on standard
//! error as pontoon does with `--log-format json`, and answers every request with a JSON-RPC result
//! of BYTES bytes. What it is built of, each as it is published:
//!
//! | RUNTIME | |
//! |---|---|
//! | `tokio` | hyper on tokio, by `hyper-util` |
//! | `smol` | hyper on smol, by `smol-hyper` |
//! | `blocking` | tiny_http |

use std::env;
use std::error::Error;
use std::net::TcpListener;

mod hyper_service;
mod on_smol;
mod on_threads;
mod on_tokio;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [runtime, threads, bytes] = &arguments[..] else {
        return Err("usage: pontoon-bare RUNTIME THREADS BYTES".into());
    };
    let (threads, answer) = (threads.parse()?, answer(bytes.parse()?));
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    eprintln!(r#"{{"event":"listening","url":"http://{address}/mcp"}}"#);
    match &**runtime {
        "tokio" => on_tokio::serve(listener, threads, answer.into()),
        "smol" => on_smol::serve(listener, threads, answer.into()),
        "blocking" => on_threads::serve(listener, threads, answer),
        _ => return Err("the runtimes are tokio, smol and blocking".into()),
    }?;
    Ok(())
}

/// A JSON-RPC result of so many bytes, or of the least that is one.
fn answer(bytes: usize) -> Vec<u8> {
    let (start, end) = (r#"{"jsonrpc":"2.0","id":1000000000,"result":{"text":""#, r#""}}"#);
    let text = "x".repeat(bytes.saturating_sub(start.len() + end.len()));
    format!("{start}{text}{end}").into_bytes()
}
