//! The bridge as a library: serves a stdio MCP server over Streamable HTTP, on tokio.
//!
//!     cargo run -p pontoon-examples --bin proxy -- uvx mcp-server-time
//!
//! For another runtime, replace `pontoon_tokio` by `pontoon_smol` or `pontoon_blocking`.

use std::io::{self, BufRead};
use std::net::TcpListener;
use std::process::ExitCode;
use std::{env, thread};

use pontoon_tokio::pontoon_core::{ChildSpec, Config, Level, Serves};
use pontoon_tokio::{Options, start};

fn main() -> io::Result<ExitCode> {
    let mut words = env::args_os().skip(1);
    let Some(program) = words.next() else {
        eprintln!("usage: proxy COMMAND [ARGUMENT]...");
        return Ok(ExitCode::from(2));
    };
    let command = ChildSpec { program, args: words.collect(), env: None, cwd: None };
    let config = Config { log_level: Level::Warning, ..Config::new(Serves::Command(command)) };
    let running = start(vec![TcpListener::bind("127.0.0.1:0")?], Options::new(config))?;
    println!("http://{}/mcp serves it until the end of standard input", running.addr());

    let stopper = running.stopper();
    thread::spawn(move || {
        io::stdin().lock().lines().for_each(drop);
        stopper.stop();
    });
    let ended = running.wait();
    Ok(ExitCode::from(u8::from(ended.forced)))
}
