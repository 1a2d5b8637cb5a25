//! Reads each request to its end and answers it: what is left of a server once everything that
//! pontoon does has been taken away. It is what pontoon's speed on each runtime is compared with, in
//! the same run on the same machine.
//!
//! `pontoon-bare RUNTIME THREADS ANSWER` listens on a free port of 127.0.0.1, says so on standard
//! error as pontoon does with `--log-format json`, and answers every request with a JSON-RPC result.
//! ANSWER is how many bytes that has, the same ones each time, or `echo`: then the request is a call
//! of the tool `echo`, which is read with serde_json and answered. What it is built of, each as it is
//! published:
//!
//! | RUNTIME | |
//! |---|---|
//! | `tokio` | hyper on tokio, by `hyper-util` |
//! | `smol` | hyper on smol, by `smol-hyper` |
//! | `blocking` | tiny_http |

use std::env;
use std::error::Error;
use std::net::TcpListener;

mod answer;
mod hyper_service;
mod on_smol;
mod on_threads;
mod on_tokio;

use answer::Answer;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [runtime, threads, answer] = &arguments[..] else {
        return Err("usage: pontoon-bare RUNTIME THREADS BYTES|echo".into());
    };
    let threads = threads.parse()?;
    let answer = match &**answer {
        "echo" => Answer::Echo,
        bytes => Answer::of_bytes(bytes.parse()?),
    };
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    eprintln!(r#"{{"event":"listening","url":"http://{address}/mcp"}}"#);
    match &**runtime {
        "tokio" => on_tokio::serve(listener, threads, answer),
        "smol" => on_smol::serve(listener, threads, answer),
        "blocking" => on_threads::serve(listener, threads, answer),
        _ => return Err("the runtimes are tokio, smol and blocking".into()),
    }?;
    Ok(())
}
