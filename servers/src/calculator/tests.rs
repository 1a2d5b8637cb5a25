use std::collections::BTreeMap;
use std::sync::LazyLock;

use pontoon_core::server::{
    Arguments, Client, Content, Contents, Event, HttpRequestHead, Notification, ToolResult, Wait,
};
use pontoon_core::{Duration, HostStats, Instant, Principal, Revision, StateKey};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;

/// A client of a calculator, which also delivers the events that a task waits for.
pub(super) struct Visitor {
    calculator: Calculator,
    pub(super) client: Client,
    pub(super) http: Option<Arc<HttpRequestHead>>,
    pub(super) random: u64,
    pub(super) facts: HostStats,
    pub(super) now: Instant,
    /// The notifications before the answer, with their times.
    pub(super) notices: Vec<(Instant, Notification)>,
}

impl Visitor {
    pub(super) fn new() -> Self {
        Visitor::with(Settings::default())
    }

    pub(super) fn with(settings: Settings) -> Self {
        Visitor {
            calculator: Calculator::new(settings),
            client: Client { wants_progress: true, ..Client::default() },
            http: None,
            random: 1,
            facts: HostStats::default(),
            now: Instant::from_micros(5_000_000),
            notices: Vec::new(),
        }
    }

    pub(super) fn ask(&mut self, request: &Request<'_>) -> Result<Reply, RpcError> {
        let mut out = Notifications::default();
        let mut handler = self.calculator.new_handler();
        let mut outcome = handler.evaluate(request, &self.context(), &mut out);
        loop {
            let now = self.now;
            self.notices.extend(out.drain().map(|notice| (now, notice)));
            let (wait, task) = match outcome {
                Outcome::Done(done) => return done,
                Outcome::Wait(wait, task) => (wait, task),
            };
            let facts = self.facts.clone();
            let event = match wait {
                Wait::Stats => Event::Sampled(&facts),
                Wait::Until(due) => {
                    self.now = due;
                    Event::Due
                }
                Wait::Answers(questions) => panic!("asks the client {questions:?}"),
            };
            outcome = task.resume(event, &self.context(), &mut out);
        }
    }

    fn context(&self) -> RequestContext<'_> {
        static SEAL: LazyLock<StateKey> = LazyLock::new(|| StateKey::new([0; 32]));
        RequestContext {
            now: self.now,
            arrived: Instant::ZERO,
            unix_time: Duration::from_millis(1_698_431_400_000),
            revision: Revision::NEWEST_LEGACY,
            client: &self.client,
            http: self.http.as_ref(),
            session: None,
            principal: &Principal::Anonymous,
            random: self.random,
            seal: &SEAL,
        }
    }

    pub(super) fn call(&mut self, name: &str, arguments: &str) -> Result<ToolResult, RpcError> {
        let owner = parse(arguments);
        let request = Request::CallTool { name, arguments: &of(&owner) };
        self.ask(&request).map(|reply| match reply {
            Reply::Tool(result) => result,
            other => panic!("not the answer of a tool: {other:?}"),
        })
    }

    /// Returns the text of the only message of a prompt.
    pub(super) fn prompt(&mut self, name: &str, arguments: Value) -> Result<String, RpcError> {
        let owner = parse(&arguments.to_string());
        match self.ask(&Request::GetPrompt { name, arguments: &of(&owner) })? {
            Reply::Prompt { messages, description: Some(_) } => match &messages[..] {
                [message] => Ok(text(std::slice::from_ref(&message.content)).to_owned()),
                other => panic!("not one message: {other:?}"),
            },
            other => panic!("not a prompt: {other:?}"),
        }
    }

    /// Returns the text of a resource.
    pub(super) fn read(&mut self, uri: &str) -> Result<String, RpcError> {
        match self.ask(&Request::ReadResource { uri })? {
            Reply::Resource(contents) => match &contents[..] {
                [Contents::Text { uri: of, mime_type, text }] => {
                    assert_eq!((&**of, &**mime_type), (uri, "application/json"));
                    Ok(text.clone())
                }
                other => panic!("not one text: {other:?}"),
            },
            other => panic!("not a resource: {other:?}"),
        }
    }

    fn complete(&mut self, of: &str, argument: &str, value: &str) -> Vec<String> {
        let others = &Arguments::default();
        match self.ask(&Request::Complete { of, argument, value, others }) {
            Ok(Reply::Completion(completion)) => {
                assert_eq!(completion.total, completion.values.len());
                completion.values
            }
            other => panic!("not a completion: {other:?}"),
        }
    }
}

/// Returns the only content, a text.
pub(super) fn text(content: &[Content]) -> &str {
    match content {
        [Content::Text(text)] => text,
        other => panic!("not one text: {other:?}"),
    }
}

fn parse(arguments: &str) -> BTreeMap<String, Box<RawValue>> {
    serde_json::from_str(arguments).unwrap()
}

fn of(owner: &BTreeMap<String, Box<RawValue>>) -> Arguments<'_> {
    owner.iter().map(|(name, value)| (name.as_str().into(), value.get())).collect()
}

fn names(settings: Settings) -> Vec<String> {
    Calculator::new(settings).catalog().tools.iter().map(|tool| tool.name.clone()).collect()
}

#[test]
fn it_offers_the_documented_tools_prompts_and_resources() {
    let calculator = Calculator::new(Settings::default());
    let catalog = calculator.catalog();
    assert_eq!((catalog.name, catalog.version), ("calculator-learning-demo-stateless", "1.0.0"));
    assert_eq!(
        names(Settings::default()),
        [
            "calculate",
            "demo_progress",
            "solve_math_problem",
            "explain_formula",
            "calculator_assistant"
        ]
    );
    let prompts: Vec<_> = catalog.prompts.iter().map(|prompt| prompt.name).collect();
    assert_eq!(prompts, ["explain-calculation", "generate-problems", "calculator-tutor"]);
    let resources: Vec<_> = catalog.resources.iter().map(|resource| resource.uri).collect();
    assert_eq!(
        resources,
        ["calculator://constants", "calculator://stats", "formulas://library", "request://current"]
    );
    let templates: Vec<_> = catalog.templates.iter().map(|it| it.uri_template).collect();
    assert_eq!(templates, ["calculator://history/{id}"]);
    assert!(catalog.batches && catalog.completions && catalog.logging);
    assert!(catalog.reads_http, "request://current tells of the head of the request");
    assert!(!catalog.subscriptions && !catalog.list_changed);
}

#[test]
fn every_prompt_says_which_arguments_it_requires() {
    let calculator = Calculator::new(Settings::default());
    let arguments: Vec<Vec<_>> = calculator
        .catalog()
        .prompts
        .iter()
        .map(|prompt| prompt.arguments.iter().map(|it| (it.name, it.required)).collect())
        .collect();
    assert_eq!(
        arguments,
        [
            vec![("calculation", true), ("level", false)],
            vec![("topic", true), ("difficulty", false), ("count", false)],
            vec![("topic", false), ("studentLevel", false)],
        ]
    );
}

#[test]
fn the_sample_tool_comes_first_and_repeats_its_message() {
    let settings = Settings::default().sample_tool("educational_echo").unwrap();
    assert_eq!(names(settings.clone())[..2], ["educational_echo", "calculate"]);
    let mut visitor = Visitor::with(settings);
    let result = visitor.call("educational_echo", r#"{"message":"Hello MCP!"}"#).unwrap();
    assert_eq!(text(&result.content), r#"Sample tool "educational_echo" received: Hello MCP!"#);
    let fault = visitor.call("educational_echo", r#"{"value":1}"#).unwrap_err();
    assert_eq!(
        (fault.code, &*fault.message),
        (-32602, "params.arguments.message must be a string")
    );
}

#[test]
fn the_sample_tool_needs_a_name_that_is_one_and_is_free() {
    let why = |name: &str| Settings::default().sample_tool(name).unwrap_err().to_string();
    assert_eq!(
        why("bad name!"),
        "a tool's name is made of letters, digits, '_', '-' and '.', and not of ' '"
    );
    assert_eq!(why("calculate"), "there is a tool called calculate already");
    assert_eq!(why("batch_calculate"), "there is a tool called batch_calculate already");
    assert_eq!(why(&"a".repeat(129)), "a tool's name has 128 characters at most");
    assert!(Settings::default().sample_tool(&"a".repeat(128)).is_ok());
    assert_eq!(Settings::default().sample_tool(""), Ok(Settings::default()));
}

#[test]
fn tools_of_the_extended_build_say_where_they_are() {
    let mut visitor = Visitor::new();
    for (name, argument) in [
        ("solve_math_problem", "problem"),
        ("explain_formula", "formula"),
        ("calculator_assistant", "query"),
    ] {
        for arguments in [json!({ argument: "x" }), json!({})] {
            let fault = visitor.call(name, &arguments.to_string()).unwrap_err();
            assert_eq!((fault.code, &*fault.message), (-32004, "Available in extended build"));
        }
        let calculator = Calculator::new(Settings::default());
        let tool = calculator.catalog().tools.iter().find(|tool| tool.name == name).unwrap();
        let [field] = tool.input.fields() else { panic!("{name} has one argument") };
        assert_eq!((field.name, field.required), (argument, false));
    }
}

#[test]
fn tools_that_are_not_part_of_it_are_missing_methods() {
    let calculator = Calculator::new(Settings::default());
    for name in ["batch_calculate", "advanced_calculate"] {
        let fault = calculator.unknown_tool(name);
        let message = format!("Tool {name} is not part of this stateless server");
        assert_eq!((fault.code, fault.message.into_owned()), (-32601, message));
    }
    assert_eq!(calculator.unknown_tool("calculates").code, -32602);
}

#[test]
fn words_to_choose_from_are_completed() {
    let mut visitor = Visitor::new();
    for (of, argument, typed, values) in [
        ("explain-calculation", "level", "", "basic intermediate advanced"),
        ("explain-calculation", "level", "IN", "intermediate"),
        ("explain-calculation", "calculation", "1", ""),
        ("generate-problems", "difficulty", "h", "hard"),
        ("generate-problems", "count", "1", "1 10"),
        ("generate-problems", "topic", "d", "division decimals"),
        ("calculator-tutor", "topic", "frac", "fractions"),
        ("calculator-tutor", "studentLevel", "b", "beginner"),
        ("calculator-tutor", "level", "", ""),
        ("calculator://history/{id}", "id", "", ""),
        ("nothing", "level", "", ""),
    ] {
        let completed = visitor.complete(of, argument, typed).join(" ");
        assert_eq!(completed, values, "{of} {argument} {typed}");
    }
}

#[test]
fn prompts_there_are_not_and_subscriptions_are_refused() {
    assert_eq!(Visitor::new().prompt("explain", json!({})).unwrap_err().code, -32602);
    let subscribe = Request::Subscribe { uri: "calculator://stats" };
    assert_eq!(Visitor::new().ask(&subscribe).unwrap_err().code, -32601);
}
