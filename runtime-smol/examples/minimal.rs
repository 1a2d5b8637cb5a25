//! Serves a stdio MCP server over Streamable HTTP, on smol:
//!
//!     cargo run -p runtime-smol --example minimal -- COMMAND [ARGUMENT]...

use std::env;
use std::net::TcpListener;
use std::process::ExitCode;

use pontoon_core::bridge::ChildSpec;
use pontoon_core::config::{Config, Serves};
use pontoon_core::observe::Level;
use pontoon_smol::{Options, start};

fn main() -> std::io::Result<ExitCode> {
    let mut words = env::args_os().skip(1);
    let Some(program) = words.next() else {
        eprintln!("usage: minimal COMMAND [ARGUMENT]...");
        return Ok(ExitCode::from(2));
    };
    let config = Config {
        log_level: Level::Warning,
        ..Config::new(Serves::Command(ChildSpec { program, args: words.collect(), env: None }))
    };
    let running = start(TcpListener::bind("127.0.0.1:0")?, Options::new(config))?;
    println!("listening on http://{}/mcp", running.addr());
    // Another thread could end it: `running.stopper().stop()`.
    let ended = running.wait();
    Ok(ExitCode::from(u8::from(ended.forced)))
}
