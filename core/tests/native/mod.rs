//! A server with a tool for each kind of answer, for tests of how native servers are served.
//!
//! Shared by path between the tests of this crate and the fuzz targets.

use pontoon_core::Duration;
use pontoon_core::server::{
    Catalog, Contents, Event, Handler, Notifications, Outcome, Reply, Request, RequestContext,
    Resource, RpcError, Schema, Server, Task, Tool, Wait,
};
use serde_json::json;

/// The server. The tool `add` answers at once, `steps` after five steps of 200 ms with progress,
/// and `ask` when the client has answered `roots/list`. There is one resource, `x:y`.
#[derive(Debug)]
pub(crate) struct TestServer(Catalog);

impl TestServer {
    pub(crate) fn new() -> TestServer {
        let tool = |name| Tool::new(name, "", Schema::open());
        let resource = Resource { uri: "x:y", name: "x", description: "", mime_type: "text/plain" };
        TestServer(Catalog {
            name: "test",
            version: "1.0.0",
            tools: ["add", "steps", "ask"].map(tool).to_vec(),
            resources: vec![resource],
            completions: true,
            logging: true,
            batches: true,
            reads_http: true,
            detailed_health: true,
            ..Catalog::default()
        })
    }
}

impl Server for TestServer {
    fn catalog(&self) -> &Catalog {
        &self.0
    }

    fn new_handler(&self) -> Box<dyn Handler> {
        Box::new(TestHandler)
    }
}

#[derive(Debug)]
struct TestHandler;

impl Handler for TestHandler {
    fn evaluate(
        &mut self,
        request: &Request<'_>,
        context: &RequestContext<'_>,
        _: &mut Notifications,
    ) -> Outcome {
        match request {
            Request::CallTool { name: "add", .. } => Outcome::text("3"),
            Request::CallTool { name: "steps", .. } => Steps(0).wait(context),
            Request::CallTool { .. } => {
                Outcome::Wait(Wait::answer("roots", "roots/list", json!({})), Box::new(Asked))
            }
            Request::ReadResource { uri: "x:y" } => {
                Outcome::Done(Ok(Reply::Resource(vec![Contents::Text {
                    uri: "x:y".to_owned(),
                    mime_type: "text/plain".to_owned(),
                    text: "xy".to_owned(),
                }])))
            }
            Request::ReadResource { uri } => {
                Outcome::error(RpcError::resource_not_found(uri, "none"))
            }
            _ => Outcome::error(RpcError::method_not_found("not announced")),
        }
    }
}

#[derive(Debug)]
struct Steps(u8);

impl Steps {
    fn wait(self, context: &RequestContext<'_>) -> Outcome {
        Outcome::Wait(Wait::Until(context.now + Duration::from_millis(200)), Box::new(self))
    }
}

impl Task for Steps {
    fn resume(
        self: Box<Self>,
        _: Event<'_>,
        context: &RequestContext<'_>,
        out: &mut Notifications,
    ) -> Outcome {
        let step = self.0 + 1;
        out.progress(f64::from(step), 5.0, "");
        if step == 5 { Outcome::text("done") } else { Steps(step).wait(context) }
    }
}

#[derive(Debug)]
struct Asked;

impl Task for Asked {
    fn resume(
        self: Box<Self>,
        event: Event<'_>,
        _: &RequestContext<'_>,
        _: &mut Notifications,
    ) -> Outcome {
        Outcome::text(format!("{event:?}"))
    }
}
