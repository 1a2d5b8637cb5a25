//! A client for tests, and a server with features of every kind.

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value, json};
use strum::VariantArray;

use crate::seal::StateKey;
use crate::server::*;
use crate::time::Duration;

/// A client that sends messages, moves time, and reads the output.
pub(super) struct Client {
    pub(super) connection: ServerConnection,
    pub(super) now: Instant,
    /// The subject of each line of the last call.
    pub(super) about: Vec<String>,
}

impl Client {
    pub(super) fn new() -> Self {
        Client::of(Demo::default())
    }

    pub(super) fn of(server: Demo) -> Self {
        let connection = ServerConnection::new(Arc::new(server));
        Client { connection, now: Instant::from_micros(1_000), about: Vec::new() }
    }

    pub(super) fn speaking(revision: &str) -> Self {
        let mut client = Client::new();
        client.answer("initialize", json!({"protocolVersion": revision}));
        client
    }

    pub(super) fn with_capabilities(capabilities: &Value) -> Self {
        let mut client = Client::new();
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": capabilities});
        client.answer("initialize", params);
        client
    }

    pub(super) fn raw(&mut self, message: impl AsRef<[u8]>) -> Vec<Value> {
        let mut out = Said::default();
        self.connection.handle_message(message.as_ref(), &at(self.now), &mut out);
        self.read(out)
    }

    pub(super) fn request(&mut self, id: Value, method: &str, params: Value) -> Vec<Value> {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.raw(request.to_string())
    }

    /// Sends a request that is answered at once, and returns the response.
    pub(super) fn answer(&mut self, method: &str, params: Value) -> Value {
        let mut said = self.request(json!(1), method, params);
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(said[0]["id"], 1);
        said.remove(0)
    }

    pub(super) fn call(&mut self, name: &str, arguments: Value) -> Value {
        self.answer("tools/call", json!({"name": name, "arguments": arguments}))
    }

    /// Calls a tool with the id as the progress token.
    pub(super) fn start(&mut self, id: Value, name: &str, arguments: Value) -> Vec<Value> {
        let meta = json!({"progressToken": id});
        let params = json!({"name": name, "arguments": arguments, "_meta": meta});
        self.request(id, "tools/call", params)
    }

    pub(super) fn notify(&mut self, method: &str, params: Value) -> Vec<Value> {
        self.raw(json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string())
    }

    pub(super) fn reply(&mut self, id: &Value, result: Value) -> Vec<Value> {
        self.raw(json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string())
    }

    pub(super) fn pass(&mut self, millis: u64) -> Vec<Value> {
        self.now = self.now + Duration::from_millis(millis);
        let mut out = Said::default();
        self.connection.handle_timeout(&at(self.now), &mut out);
        self.read(out)
    }

    pub(super) fn sample(&mut self, facts: &HostStats) -> Vec<Value> {
        let mut out = Said::default();
        self.connection.handle_stats(facts, &at(self.now), &mut out);
        self.read(out)
    }

    fn read(&mut self, said: Said) -> Vec<Value> {
        let lines = messages(&said.bytes);
        assert_eq!(lines.len(), said.about.len(), "each line is about something");
        self.about = said.about;
        lines
    }
}

pub(super) fn at(now: Instant) -> MessageContext<'static> {
    static SEAL: LazyLock<StateKey> = LazyLock::new(|| StateKey::new([7; 32]));
    MessageContext::without_http(now, Duration::from_secs(1_800_000_000), 7, &SEAL)
}

/// The lines and their subjects, and the changes announced to other connections.
#[derive(Default)]
pub(super) struct Said {
    pub(super) bytes: Vec<u8>,
    pub(super) about: Vec<String>,
    pub(super) changed: Vec<String>,
}

impl MessageSink for Said {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    fn ended(&mut self, line: Relation<'_>) {
        assert_eq!(self.bytes.last(), Some(&b'\n'), "a line is not ended");
        self.about.push(match line {
            Relation::Answer(response) => {
                let value = &self.bytes[response.value_at..self.bytes.len() - 2];
                let value: Value = serde_json::from_slice(value).expect("the value is JSON");
                assert_eq!(
                    value.get("code").and_then(Value::as_i64),
                    response.error.map(i64::from)
                );
                format!("answer {}", response.id.unwrap_or("-"))
            }
            Relation::Related(id) => format!("related {id}"),
            Relation::Unrelated => "unrelated".to_owned(),
        });
    }

    fn changed(&mut self, change: Change<'_>) {
        self.changed.push(format!("{change:?}"));
    }
}

pub(super) fn messages(out: &[u8]) -> Vec<Value> {
    assert!(out.is_empty() || out.ends_with(b"\n"), "a line is not ended");
    let lines = out.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).expect("every line is JSON")).collect()
}

pub(super) fn text(answer: &Value) -> &str {
    assert_eq!(answer["result"]["content"][0]["type"], "text", "{answer}");
    answer["result"]["content"][0]["text"].as_str().unwrap()
}

pub(super) fn error(answer: &Value) -> (i64, &str) {
    let error = &answer["error"];
    assert!(error.is_object(), "no error: {answer}");
    (error["code"].as_i64().unwrap(), error["message"].as_str().unwrap())
}

/// A server with features of every kind; tests can remove some.
#[derive(Debug)]
pub(super) struct Demo {
    pub(super) catalog: Catalog,
}

impl Default for Demo {
    fn default() -> Self {
        let count = Field::new("count", Kind::Integer(1, 10), "How many.");
        let typed = Schema::closed()
            .field(Field::new("flag", Kind::Boolean, "A switch.").default(false))
            .field(Field::new("mode", Kind::Choice(&["fast", "slow"]), "How."))
            .field(count.required())
            .field(Field::new("ratio", Kind::Number, "Some number."))
            .field(Field::new("name", Kind::String, "A name."));
        let message = Field::new("message", Kind::String, "What to say.").required();
        let steps = Schema::open()
            .field(Field::new("steps", Kind::Integer(0, 1_000_000), "How often."))
            .field(Field::new("pause", Kind::Integer(0, 10_000), "Milliseconds."));
        let ask = Schema::open().field(Field::new("method", Kind::String, "What to ask."));
        let mut echo = Tool::new("echo", "Says it.", Schema::open().field(message));
        echo.title = Some("Echo");
        echo.annotations = Some(json!({"readOnlyHint": true}));
        echo.output = Some(json!({"type": "object"}));
        let any = Schema::verbatim(json!({"type": "object", "minProperties": 1}));
        Demo {
            catalog: Catalog {
                name: "demo",
                title: Some("A demonstration"),
                version: "1.2.3",
                instructions: Some("Try it."),
                tools: vec![
                    echo,
                    Tool::new("typed", "Takes every kind.", typed),
                    Tool::new("any", "Takes anything.", any),
                    Tool::new("steps", "Goes on for a while.", steps),
                    Tool::new("ask", "Asks the client.", ask),
                    Tool::new("interview", "Asks the client a lot.", Schema::open()),
                    Tool::new("facts", "Tells facts.", Schema::open()),
                    Tool::new("notices", "Says everything there is to say.", Schema::open()),
                    Tool::new("contents", "Shows every kind of content.", Schema::open()),
                    Tool::new("count", "Counts its calls.", Schema::open()),
                    Tool::new("dice", "Asks after it has rolled.", Schema::open()),
                    Tool::new("later", "Asks after a while.", Schema::open()),
                    Tool::new("marked", "Marks its answer.", Schema::open()),
                    Tool::new("fault", "Fails.", Schema::open()),
                    Tool::new("greedy", "Never has enough.", Schema::open()),
                ],
                prompts: vec![Prompt {
                    name: "greet",
                    title: Some("Greeting"),
                    description: "Greets.",
                    arguments: vec![argument("who", true), argument("how", false)],
                }],
                resources: vec![Resource {
                    uri: "demo://one",
                    name: "one",
                    description: "The one.",
                    mime_type: "text/plain",
                }],
                templates: vec![Template {
                    uri_template: "demo://{id}",
                    name: "any",
                    description: "Any.",
                    mime_type: "text/plain",
                }],
                completions: true,
                logging: true,
                subscriptions: true,
                list_changed: true,
                ..Catalog::default()
            },
        }
    }
}

fn argument(name: &'static str, required: bool) -> PromptArgument {
    PromptArgument { name, description: "A person.", required }
}

impl Server for Demo {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn new_handler(&self) -> Box<dyn Handler> {
        Box::new(DemoHandler { count: 0 })
    }
}

#[derive(Debug)]
struct DemoHandler {
    count: u32,
}

impl Handler for DemoHandler {
    fn evaluate(
        &mut self,
        request: &Request<'_>,
        context: &RequestContext<'_>,
        out: &mut Notifications,
    ) -> Outcome {
        match request {
            Request::CallTool { name: "count", .. } => {
                self.count += 1;
                Outcome::text(self.count.to_string())
            }
            Request::CallTool { name, arguments } => call(name, arguments, context, out),
            Request::Complete { value: "?", .. } => Outcome::Wait(form("name"), Box::new(Told)),
            Request::Complete { of, argument, value, others } => {
                let of = others.string("tone").map_or((*of).into(), |tone| format!("{tone} {of}"));
                let values = (0..150).map(|n| format!("{of} {argument} {value}{n}")).collect();
                Outcome::Done(Ok(Reply::Completion(Completion { values, total: 150 })))
            }
            Request::Extended { method, params } => {
                let members = [("resultType", json!("thing")), ("method", json!(method))];
                let given = ("params", json!(params.iter().count()));
                let members = members.into_iter().chain([given]);
                let members = members.map(|(key, value)| (key.to_owned(), value)).collect();
                Outcome::Done(Ok(Reply::Extended(members)))
            }
            Request::GetPrompt { arguments, .. } => {
                let who = arguments.string("who").unwrap();
                if who == "?" {
                    return Outcome::Wait(form("name"), Box::new(Greeting));
                }
                let content = Content::Text(format!("Hello {who}"));
                let messages = vec![Message { role: Role::User, content }];
                Outcome::Done(Ok(Reply::Prompt { description: None, messages }))
            }
            Request::ReadResource { uri: "demo://one" } => {
                let uri = "demo://one".to_owned();
                let mime_type = "text/plain".to_owned();
                let contents = Contents::Text { uri, mime_type, text: "1".to_owned() };
                Outcome::Done(Ok(Reply::Resource(vec![contents])))
            }
            Request::ReadResource { uri: "demo://asks" } => {
                Outcome::Wait(form("name"), Box::new(Reading))
            }
            Request::Subscribe { uri: "demo://refused" } | Request::ReadResource { .. } => {
                Outcome::error(RpcError::resource_not_found("demo://x", "Resource not found"))
            }
            Request::Subscribe { .. } | Request::Unsubscribe { .. } => {
                Outcome::Done(Ok(Reply::Empty))
            }
        }
    }
}

fn call(
    name: &str,
    arguments: &Arguments<'_>,
    context: &RequestContext<'_>,
    out: &mut Notifications,
) -> Outcome {
    match name {
        "echo" => {
            let message = arguments.string("message").unwrap();
            ToolResult::text(message.clone()).with(json!({ "message": message })).into()
        }
        "typed" => Outcome::text(format!("{:?}", arguments.integer("count").unwrap())),
        "any" => Outcome::text(format!("{}", arguments.iter().count())),
        "steps" => {
            let total = arguments.integer("steps").unwrap_or(3) as u64;
            let millis = arguments.integer("pause").unwrap_or(100) as u64;
            let pause = Duration::from_millis(millis);
            let due = context.now + pause;
            Outcome::Wait(Wait::Until(due), Box::new(Steps { done: 0, total, pause, due }))
        }
        "ask" => {
            let method = match arguments.text("method").as_deref() {
                Some("elicit" | "page") => "elicitation/create",
                Some("roots") => "roots/list",
                _ => "sampling/createMessage",
            };
            let params = match arguments.text("method").as_deref() {
                Some("page") => json!({"mode": "url", "url": "https://a.example/"}),
                Some("tools") => json!({"tools": []}),
                _ => json!({"q": 1}),
            };
            Outcome::Wait(Wait::answer("q", method, params), Box::new(Told))
        }
        "interview" => Outcome::Wait(form("name"), Box::new(Interview { name: None })),
        "facts" => Outcome::Wait(Wait::Stats, Box::new(Told)),
        "notices" => notices(out),
        "contents" => contents(),
        "dice" => {
            let rolled = format!("{} {}", context.random, context.handle());
            Outcome::Wait(form("ok"), Box::new(Rolled(rolled)))
        }
        "later" => {
            Outcome::Wait(Wait::Until(context.now + Duration::from_millis(100)), Box::new(Later))
        }
        "marked" => {
            let extra = Map::from_iter([
                ("_meta".to_owned(), json!({"a.example/mark": 1})),
                ("resultType".to_owned(), json!("of the era")),
            ]);
            ToolResult { extra, ..ToolResult::text("marked") }.into()
        }
        "fault" => Outcome::error(RpcError::new(-32004, "Available in extended build")),
        _ => Outcome::Wait(ask_again(), Box::new(Greedy)),
    }
}

#[derive(Debug)]
struct Steps {
    done: u64,
    total: u64,
    pause: Duration,
    due: Instant,
}

impl Task for Steps {
    fn resume(
        mut self: Box<Self>,
        event: Event<'_>,
        _: &RequestContext<'_>,
        out: &mut Notifications,
    ) -> Outcome {
        assert!(matches!(event, Event::Due));
        if self.done == self.total {
            return Outcome::text(format!("done: {}", self.total));
        }
        self.done += 1;
        self.due = self.due + self.pause;
        out.progress(self.done as f64, self.total as f64, format!("step {}", self.done));
        Outcome::Wait(Wait::Until(self.due), self)
    }
}

/// Returns the answer it got.
#[derive(Debug)]
struct Told;

impl Task for Told {
    fn resume(
        self: Box<Self>,
        event: Event<'_>,
        _: &RequestContext<'_>,
        _: &mut Notifications,
    ) -> Outcome {
        match event {
            Event::Answered(answers) => match answers.first() {
                Ok(answer) => Outcome::text(answer.to_string()),
                Err(message) => ToolResult::failure(message).into(),
            },
            Event::Due => Outcome::text("due"),
            Event::Sampled(facts) => Outcome::text(format!("pid {}", facts.process.pid)),
        }
    }
}

/// Greets the name in the answer.
#[derive(Debug)]
struct Greeting;

impl Task for Greeting {
    fn resume(
        self: Box<Self>,
        event: Event<'_>,
        _: &RequestContext<'_>,
        _: &mut Notifications,
    ) -> Outcome {
        let content = Content::Text(told(event));
        let messages = vec![Message { role: Role::User, content }];
        Outcome::Done(Ok(Reply::Prompt { description: None, messages }))
    }
}

/// Reads a resource for the name in the answer.
#[derive(Debug)]
struct Reading;

impl Task for Reading {
    fn resume(
        self: Box<Self>,
        event: Event<'_>,
        _: &RequestContext<'_>,
        _: &mut Notifications,
    ) -> Outcome {
        let (uri, mime_type) = ("demo://asks".to_owned(), "text/plain".to_owned());
        let contents = Contents::Text { uri, mime_type, text: told(event) };
        Outcome::Done(Ok(Reply::Resource(vec![contents])))
    }
}

fn told(event: Event<'_>) -> String {
    let Event::Answered(answers) = event else { unreachable!("it waits for an answer") };
    answers.first().map_or_else(|message| message, |answer| answer.to_string())
}

/// Returns the random number from before the client was asked.
#[derive(Debug)]
struct Rolled(String);

impl Task for Rolled {
    fn resume(
        self: Box<Self>,
        _: Event<'_>,
        _: &RequestContext<'_>,
        _: &mut Notifications,
    ) -> Outcome {
        Outcome::text(self.0)
    }
}

/// Asks after a delay.
#[derive(Debug)]
struct Later;

impl Task for Later {
    fn resume(
        self: Box<Self>,
        _: Event<'_>,
        _: &RequestContext<'_>,
        _: &mut Notifications,
    ) -> Outcome {
        Outcome::Wait(form("name"), Box::new(Told))
    }
}

/// Asks for a name, and then two questions at once.
#[derive(Debug)]
struct Interview {
    name: Option<String>,
}

impl Task for Interview {
    fn resume(
        self: Box<Self>,
        event: Event<'_>,
        _: &RequestContext<'_>,
        _: &mut Notifications,
    ) -> Outcome {
        let Event::Answered(answers) = event else { unreachable!("it waits for answers") };
        let given = |key: &str, field: &str| match answers.get(key).unwrap() {
            Ok(answer) => answer["content"][field].as_str().unwrap_or("?").to_owned(),
            Err(message) => message.clone(),
        };
        let Some(name) = self.name else {
            let name = Some(given("name", "name"));
            let Wait::Answers(mut questions) = form("color-1") else { unreachable!() };
            questions.push(Question::new("roots", "roots/list", json!({})));
            return Outcome::Wait(Wait::Answers(questions), Box::new(Interview { name }));
        };
        let roots = match answers.get("roots").unwrap() {
            Ok(answer) => format!("{} roots", answer["roots"].as_array().unwrap().len()),
            Err(message) => message.clone(),
        };
        Outcome::text(format!("{name}, {}, {roots}", given("color-1", "color")))
    }
}

fn form(key: &'static str) -> Wait {
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let params = json!({"message": "Please say.", "requestedSchema": schema});
    Wait::answer(key, "elicitation/create", params)
}

/// Asks again after every answer.
#[derive(Debug)]
struct Greedy;

impl Task for Greedy {
    fn resume(
        self: Box<Self>,
        _: Event<'_>,
        _: &RequestContext<'_>,
        _: &mut Notifications,
    ) -> Outcome {
        Outcome::Wait(ask_again(), self)
    }
}

fn ask_again() -> Wait {
    Wait::answer("again", "roots/list", json!({}))
}

fn notices(out: &mut Notifications) -> Outcome {
    for &level in LogLevel::VARIANTS {
        out.push(Notification::Log { level, logger: Some("demo"), data: json!(level.as_str()) });
    }
    for progress in [1.0, 1.0, 0.5, f64::NAN, 1.5, 3.0] {
        out.push(Notification::Progress { progress, total: None, message: Some("on".to_owned()) });
    }
    let (level, data) = (LogLevel::Info, json!({"a": "b"}));
    out.push(Notification::Unrelated { level, logger: None, data });
    out.push(Notification::PromptsChanged);
    out.push(Notification::ResourcesChanged);
    out.push(Notification::ToolsChanged);
    out.push(Notification::ResourceUpdated { uri: "demo://one".to_owned() });
    Outcome::text("said")
}

fn contents() -> Outcome {
    let mime_type = || "x/y".to_owned();
    let uri = || "demo://one".to_owned();
    let content = vec![
        Content::Text("t".to_owned()),
        Content::Image { data: "AA==".to_owned(), mime_type: mime_type() },
        Content::Audio { data: "AA==".to_owned(), mime_type: mime_type() },
        Content::Link { uri: uri(), name: "one".to_owned(), mime_type: None },
        Content::Resource(Contents::Blob {
            uri: uri(),
            mime_type: mime_type(),
            blob: "AA==".to_owned(),
        }),
    ];
    let extra = Map::from_iter([
        ("metadata".to_owned(), json!(1)),
        ("isError".to_owned(), json!("of the protocol")),
    ]);
    ToolResult { content, structured: Some(json!({"s": 1})), is_error: false, extra }.into()
}
