//! Reads each request to its end and answers it: the remainder of a server without all of pontoon's
//! work. Pontoon's speed on each runtime is compared with it, in the same run on the same machine.
//!
//! `pontoon-bare RUNTIME THREADS ANSWER` listens on a free port of 127.0.0.1, reports it on
//! standard error like pontoon with `--log-format json`, and answers every request with a JSON-RPC
//! result. ANSWER is the length of the result, which is always the same, or `echo`: then the
//! request is a call of the tool `echo`, which is parsed with serde_json. It uses published crates
//! only:
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
