//! Serves a stdio MCP server at `http://127.0.0.1:8080/mcp` until standard input ends:
//! `cargo run -p runtime-blocking --example minimal -- COMMAND [ARGUMENT]...`

use std::error::Error;
use std::net::TcpListener;
use std::{env, io};

use pontoon_blocking::Options;
use pontoon_core::bridge::ChildSpec;
use pontoon_core::config::Config;
use pontoon_core::limits::Limits;

fn main() -> Result<(), Box<dyn Error>> {
    let mut command = env::args_os().skip(1);
    let program = command.next().ok_or("usage: minimal COMMAND [ARGUMENT]...")?;
    let config = Config {
        path: "/mcp".into(),
        hosts: Vec::new(),
        origins: Vec::new(),
        limits: Limits::default(),
        child: ChildSpec { program, args: command.collect(), env: None },
        eager: false,
    };
    let listener = TcpListener::bind(("127.0.0.1", 8080))?;
    let running = pontoon_blocking::start(listener, Options::new(config))?;
    println!("serving at http://{}/mcp", running.addr());

    io::copy(&mut io::stdin(), &mut io::sink())?;
    running.stopper().stop();
    let ended = running.wait();
    println!("{}", if ended.forced { "stopped by force" } else { "stopped" });
    Ok(())
}
