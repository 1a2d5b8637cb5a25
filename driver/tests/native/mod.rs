//! Servers in this process, over real sockets: a test for every runtime.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pontoon_core::server::*;
use pontoon_core::{Config, Level, MetricsText, Native, RequestStats, Serves};
use pontoon_driver::{Options, Running};

/// The function that starts an endpoint on a runtime.
type Start = fn(Vec<TcpListener>, Options) -> std::io::Result<Running>;

#[derive(Debug)]
struct Probe(Catalog);

impl Server for Probe {
    fn catalog(&self) -> &Catalog {
        &self.0
    }

    fn new_handler(&self) -> Box<dyn Handler> {
        Box::new(Calls(0))
    }

    fn write_metrics(&self, requests: &RequestStats<'_>, text: &mut MetricsText) {
        let count = requests.series().map(|series| series.succeeded.count()).sum();
        text.family("probe_results_total", "counter", "Requests that were answered.");
        text.sample("probe_results_total", &[], count);
    }
}

fn probe() -> Arc<Probe> {
    let tool = |name| Tool::new(name, "", Schema::open());
    Arc::new(Probe(Catalog {
        name: "probe",
        version: "1.0.0",
        tools: ["count", "head", "memory", "news", "steps"].map(tool).to_vec(),
        logging: true,
        reads_http: true,
        detailed_health: true,
        ..Catalog::default()
    }))
}

#[derive(Debug)]
struct Calls(u32);

impl Handler for Calls {
    fn evaluate(
        &mut self,
        request: &Request<'_>,
        context: &RequestContext<'_>,
        out: &mut Notifications,
    ) -> Outcome {
        let Request::CallTool { name, .. } = request else { return Outcome::text("?") };
        self.0 += 1;
        match *name {
            "count" => Outcome::text(format!("call {}", self.0)),
            "head" => {
                let http = context.http.expect("it came over HTTP");
                let seen: Vec<_> = http.values("x-seen").map(String::from_utf8_lossy).collect();
                Outcome::text(format!("{} from {:?}: {}", http.target, http.peer, seen.join("+")))
            }
            "memory" => Outcome::Wait(Wait::Stats, Box::new(Step(3))),
            "news" => {
                let data = "for you".into();
                out.push(Notification::Unrelated { level: LogLevel::Info, logger: None, data });
                Outcome::text("sent")
            }
            _ => Outcome::Wait(soon(context), Box::new(Step(0))),
        }
    }
}

/// The time between two steps.
const STEP: Duration = Duration::from_millis(400);

fn soon(context: &RequestContext<'_>) -> Wait {
    Wait::Until(context.now + STEP)
}

#[derive(Debug)]
struct Step(u8);

impl Task for Step {
    fn resume(
        self: Box<Self>,
        event: Event<'_>,
        context: &RequestContext<'_>,
        out: &mut Notifications,
    ) -> Outcome {
        if let Event::Sampled(facts) = event {
            let (pid, memory) = (facts.process.pid, facts.process.memory.is_some());
            return Outcome::text(format!("process {pid}, memory {memory}"));
        }
        out.progress(f64::from(self.0), 3.0, "");
        match self.0 {
            2 => Outcome::text("done"),
            step => Outcome::Wait(soon(context), Box::new(Step(step + 1))),
        }
    }
}

fn start(start: Start, native: Native) -> Running {
    let config = Config { log_level: Level::Error, ..Config::new(Serves::Native(native)) };
    start(vec![TcpListener::bind("127.0.0.1:0").unwrap()], Options::new(config)).unwrap()
}

fn stop(running: Running) {
    running.stopper().stop();
    assert!(!running.wait().forced);
}

/// Sends a request on a connection of its own.
fn send(addr: SocketAddr, method: &str, path: &str, lines: &[&str], body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for line in lines {
        head += &format!("{line}\r\n");
    }
    if method == "POST" {
        let length = body.len();
        head += &format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
    stream
}

/// Returns the whole answer, its head in lower case.
fn ask(addr: SocketAddr, method: &str, path: &str, lines: &[&str], body: &str) -> (String, String) {
    let mut answer = String::new();
    send(addr, method, path, lines, body).read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
    (head.to_ascii_lowercase(), body.to_owned())
}

fn call(tool: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","_meta":{{"progressToken":1}}}}}}"#
    )
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// A server without sessions.
pub(crate) fn without_sessions(runtime: Start) {
    let running = start(runtime, Native::stateless(probe()));
    let addr = running.addr();
    for _ in 0..2 {
        let (head, body) = ask(addr, "POST", "/mcp", &["Mcp-Session-Id: mine"], &call("count"));
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert_eq!(header(&head, "mcp-session-id"), Some("mine"));
        assert!(body.contains("call 1"), "{body}");
    }
    let lines = ["X-Seen: a", "X-Other: b", "x-seen: c"];
    let (_, body) = ask(addr, "POST", "/mcp?q=1", &lines, &call("head"));
    assert!(body.contains("/mcp?q=1 from Some(127.0.0.1): a+c"), "{body}");
    let (_, body) = ask(addr, "POST", "/mcp", &[], &call("memory"));
    let pid = std::process::id();
    assert!(body.contains(&format!("process {pid}, memory {}", cfg!(target_os = "linux"))));
    for method in ["GET", "DELETE"] {
        let (head, _) = ask(addr, method, "/mcp", &["Accept: text/event-stream"], "");
        assert!(head.starts_with("http/1.1 405"), "{head}");
        assert_eq!(header(&head, "allow"), Some("post, options"));
    }
    steps_arrive_one_by_one(addr);
    let (_, health) = ask(addr, "GET", "/health", &[], "");
    assert!(health.contains(r#""status":"healthy""#), "{health}");
    let (_, details) = ask(addr, "GET", "/health/detailed", &[], "");
    assert_eq!(details, health, "it has nothing to add");
    let (_, metrics) = ask(addr, "GET", "/metrics", &[], "");
    let knows_memory = metrics.contains("\nprocess_resident_memory_bytes ");
    assert_eq!(knows_memory, cfg!(target_os = "linux"), "{metrics}");
    assert!(metrics.contains("probe_results_total 5\n"), "{metrics}");
    assert!(metrics.contains("gen_ai_tool_name=\"count\",le=\"+Inf\"} 2\n"), "{metrics}");
    stop(running);
}

fn steps_arrive_one_by_one(addr: SocketAddr) {
    let begun = Instant::now();
    let lines =
        BufReader::new(send(addr, "POST", "/mcp", &["Accept: */*"], &call("steps"))).lines();
    let data = lines.map_while(Result::ok).filter(|line| line.starts_with("data: "));
    let came: Vec<_> = data.map(|line| (begun.elapsed(), line)).collect();
    assert_eq!(came.len(), 4, "{came:?}");
    for (nth, (at, _)) in (1..).zip(&came[..3]) {
        assert!(*at >= nth * STEP, "{came:?}");
    }
    // Events that were held back until the end would arrive together.
    assert!(came[2].0 >= came[0].0 + Duration::from_millis(150), "{came:?}");
    assert!(came[3].1.contains("done"), "{came:?}");
}

/// A server with sessions.
pub(crate) fn with_sessions(runtime: Start) {
    let running = start(runtime, Native::stateful(probe()));
    let addr = running.addr();
    let (head, body) = ask(addr, "POST", "/mcp", &[], &call("count"));
    assert!(body.contains("call 1"), "{body}");
    let session = format!("Mcp-Session-Id: {}", header(&head, "mcp-session-id").unwrap());
    let (_, body) = ask(addr, "POST", "/mcp", &[&session], &call("count"));
    assert!(body.contains("call 2"), "{body}");

    let (_, body) = ask(addr, "POST", "/mcp", &[&session], &call("news"));
    assert!(body.contains("sent"), "{body}");
    let listening = send(addr, "GET", "/mcp", &[&session, "Accept: text/event-stream"], "");
    let mut lines = BufReader::new(listening).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("for you")), "what had waited is delivered");

    let (_, body) = ask(addr, "POST", "/mcp", &[&session], &call("memory"));
    assert!(body.contains(&format!("process {}", std::process::id())), "{body}");
    let (_, health) = ask(addr, "GET", "/health", &[], "");
    assert!(health.contains(r#""sessions":1"#), "{health}");
    let (head, _) = ask(addr, "DELETE", "/mcp", &[&session], "");
    assert!(head.starts_with("http/1.1 204"), "{head}");
    let (head, body) = ask(addr, "POST", "/mcp", &[&session], &call("count"));
    assert!(head.starts_with("http/1.1 404") && body.contains("-32603"), "{head}\n{body}");
    stop(running);
}
