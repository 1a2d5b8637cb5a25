//! A server of your own: one tool, for clients of every revision, over Streamable HTTP on tokio.
//!
//!     cargo run -p pontoon-examples --bin server
//!
//! A tool must not block: it runs on a thread that serves other clients too.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use pontoon_tokio::pontoon_core::server::{
    Catalog, Field, Handler, Kind, Notifications, Outcome, Request, RequestContext, Schema, Server,
    Tool,
};
use pontoon_tokio::pontoon_core::{Config, Native, Serves};
use pontoon_tokio::{Options, start};

/// A server with one tool.
#[derive(Debug)]
struct Greeter(Catalog);

impl Server for Greeter {
    fn catalog(&self) -> &Catalog {
        &self.0
    }

    fn new_handler(&self) -> Box<dyn Handler> {
        Box::new(Session { greeted: 0 })
    }
}

/// The state of a session in the legacy era, or of one request in the modern one.
#[derive(Debug)]
struct Session {
    greeted: u32,
}

impl Handler for Session {
    fn evaluate(
        &mut self,
        request: &Request<'_>,
        _: &RequestContext<'_>,
        _: &mut Notifications,
    ) -> Outcome {
        // The catalog has one tool, and its arguments have been validated against the schema.
        let Request::CallTool { arguments, .. } = request else { unreachable!("not offered") };
        self.greeted += 1;
        let name = arguments.text("name").unwrap_or_default();
        Outcome::text(format!("Hello {name}, number {}!", self.greeted))
    }
}

fn main() -> io::Result<()> {
    let name = Field::new("name", Kind::String, "The person to greet.").required();
    let greet = Tool::new("greet", "Says hello.", Schema::closed().field(name));
    let tools = vec![greet];
    let catalog = Catalog { name: "greeter", version: "1.0.0", tools, ..Catalog::default() };

    let config = Config::new(Serves::Native(Native::stateful(Arc::new(Greeter(catalog)))));
    let running = start(vec![TcpListener::bind("127.0.0.1:0")?], Options::new(config))?;
    println!("http://{}/mcp", running.addr());
    running.wait();
    Ok(())
}
