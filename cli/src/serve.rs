//! The servers: from the command line to the end of the endpoint.

use std::io::{self, IsTerminal};
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use pontoon_core::http::{Rules, SSE_MESSAGES, SSE_STREAM};
use pontoon_core::{Config, Event, ExitStatus, Level, Serves};
use pontoon_driver::{Ended, Options, Running, Stopper};

use crate::args::{CalculatorArgs, EchoArgs, LogFormat, ProxyArgs, ServingArgs, SessionArgs};
use crate::banner::{self, About, Endpoint};
use crate::errors::{Failure, Setting};
use crate::log::{Entry, Log, Notice};
use crate::variables::Variables;
use crate::{command, config, hints, listen, programs, signals};

/// Runs `pontoon proxy`.
pub(crate) fn proxy(
    args: &ProxyArgs,
    variables: &Variables,
    mut notices: Vec<Notice>,
) -> Result<ExitCode, Failure> {
    check_stateless(args)?;
    check_path("proxy", &args.serving.path, &args.sessions)?;
    check_limits(&args.serving)?;
    let child = command::resolve(&args.command, args.clean_env, &args.env, variables)?;
    notices.extend(variables.unset(&args.env));
    let (name, shown) = (banner::name_of(&child), command::shown(&child));
    let about = About { name: &name, what: &shown };
    let listeners = listen::bind(&args.serving.host, args.serving.port, &mut notices)?;
    let outcome = serve(&args.serving, config::proxy(args, child), about, listeners, notices);
    outcome.map_err(|failure| match hints::behind_command(&args.command) {
        Some(hint) => Failure { fix: format!("{}; {hint}", failure.fix), ..failure },
        None => failure,
    })
}

/// Runs `pontoon echo`.
pub(crate) fn echo(
    mut args: EchoArgs,
    variables: &Variables,
    mut notices: Vec<Notice>,
) -> Result<ExitCode, Failure> {
    if args.debug {
        args.serving.log.log_level = Level::Debug;
    }
    check_path("echo", &args.serving.path, &args.sessions)?;
    check_limits(&args.serving)?;
    let listeners = listen::bind(&args.serving.host, args.serving.port, &mut notices)?;
    // A tool shows the port, and 0 is not the real one.
    args.serving.port = listeners[0].local_addr().map_err(cannot_start)?.port();
    let native = programs::echo(&args, variables)?;
    let about = match args.stateless {
        true => About { name: "echo-stateless", what: "the echo server, without sessions" },
        false => About { name: "echo", what: "the echo server, with sessions" },
    };
    let config = config::native(&args.serving, Some(&args.sessions), native);
    serve(&args.serving, config, about, listeners, notices)
}

/// Runs `pontoon calculator`.
pub(crate) fn calculator(
    args: &CalculatorArgs,
    mut notices: Vec<Notice>,
) -> Result<ExitCode, Failure> {
    check_limits(&args.serving)?;
    let about = About { name: "calculator", what: "the calculator, without sessions" };
    let native = programs::calculator(args);
    let listeners = listen::bind(&args.serving.host, args.serving.port, &mut notices)?;
    let mut config = config::native(&args.serving, None, native);
    config.client_limits.rate = args.rate().or(config.client_limits.rate);
    serve(&args.serving, config, about, listeners, notices)
}

/// Checks that the endpoint and HTTP+SSE do not share a path.
fn check_path(verb: &str, path: &str, sessions: &SessionArgs) -> Result<(), Failure> {
    let is_taken = sessions.sse && [SSE_STREAM, SSE_MESSAGES].contains(&path);
    match is_taken {
        true => {
            let why = "with --sse this path has a meaning of its own";
            Err(Failure::bad_value(verb, Setting::Flag("--path"), Some(path), why))
        }
        false => Ok(()),
    }
}

/// Checks that no sessions of HTTP+SSE are wanted from a proxy without sessions.
fn check_stateless(args: &ProxyArgs) -> Result<(), Failure> {
    match args.stateless && args.sessions.sse {
        true => Err(Failure {
            what: "--sse and --stateless exclude each other".into(),
            why: "each stream of HTTP+SSE is a session".into(),
            fix: "leave one of them out".into(),
            code: 2,
        }),
        false => Ok(()),
    }
}

/// Checks the memory: a session may use a quarter of it for request bodies, so one body must fit
/// into that.
fn check_limits(args: &ServingArgs) -> Result<(), Failure> {
    let client = &args.client_limits;
    if client.burst.is_some() && client.requests_per_second.is_none() {
        return Err(Failure {
            what: "--burst has no effect without --requests-per-second".into(),
            why: "it is the number of requests at once that this rate allows".into(),
            fix: "give --requests-per-second too, or leave --burst out".into(),
            code: 2,
        });
    }
    if args.max_body <= args.max_memory / 4 {
        return Ok(());
    }
    let mib = |bytes: usize| bytes.div_ceil(1024 * 1024);
    let (body, memory) = (mib(args.max_body), mib(args.max_memory));
    Err(Failure {
        what: format!("--max-body ({body} MiB) is too large for --max-memory ({memory} MiB)"),
        why: "the bodies of one session may use a quarter of the memory".into(),
        fix: format!("give --max-memory at least {}MiB, or a smaller --max-body", 4 * body),
        code: 2,
    })
}

/// Serves until the program is asked to stop.
fn serve(
    args: &ServingArgs,
    config: Config,
    about: About<'_>,
    listeners: Vec<TcpListener>,
    notices: Vec<Notice>,
) -> Result<ExitCode, Failure> {
    let log = Log::open(&args.log, about.name)?;
    for notice in notices {
        log.write(Entry::notice(notice));
    }
    let (tell, facts) = mpsc::channel();
    let (asked, ended) = (tell.clone(), tell.clone());
    let child_ended = move || drop(ended.send(Fact::ChildEnded));
    // At a terminal SIGHUP means that the terminal is closed.
    let rotates = args.log.log_file.is_some() && !io::stderr().is_terminal();
    let reopened = log.clone();
    let reopen = rotates.then_some(move || reopened.reopen());
    let asked = move || drop(asked.send(Fact::Asked));
    signals::watch(asked, reopen, child_ended).map_err(cannot_start)?;
    // For processes that ended before signals were watched.
    pontoon_process::reap_adopted();
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    crate::allocator::watch().map_err(cannot_start)?;

    let command = matches!(config.serves, Serves::Command(_)).then(|| about.name.into());
    let options = Options {
        config: config.clone(),
        threads: args.threads,
        log: Arc::new(keep(log.clone(), command, tell.clone())),
    };
    let running = (args.runtime.start)(listeners, options).map_err(cannot_start)?;
    let endpoint =
        Endpoint { addrs: running.addrs().to_vec(), path: &args.path, sse: config.sse, about };
    let held = greet(args, &config, &endpoint, &log);
    let outcome = attend(running, (tell, &facts), held.map(|held| (held, &log)), about.what);
    log.flush();
    outcome
}

/// The events that the main thread waits for.
enum Fact {
    /// The program is asked to stop.
    Asked,
    /// A process ended. It may be one that this program did not start, which only this thread can
    /// reap.
    ChildEnded,
    /// The first process has answered.
    Answered,
    /// The endpoint is closed.
    Ended(Ended),
    /// The command ended before a client used it.
    Unusable { status: ExitStatus, stderr: String },
}

/// Handles the events of the endpoint. Called on its threads, so it must not block.
fn keep(log: Log, command: Option<Arc<str>>, tell: Sender<Fact>) -> impl Fn(&Event) + Send + Sync {
    move |event| {
        log.write(Entry::event(event.clone()).of_command(command.as_ref()));
        let fact = match event {
            Event::EraFound { assumed: false, .. } | Event::SessionOpened { .. } => Fact::Answered,
            Event::ChildUnusable { status, stderr, .. } => {
                let stderr = String::from_utf8_lossy(stderr).into_owned();
                Fact::Unusable { status: *status, stderr }
            }
            _ => return,
        };
        // The channel is only closed at the end of the program.
        let _ = tell.send(fact);
    }
}

/// Logs the messages of the start. At a terminal it returns the banner of a command, for when the
/// first process has answered, or has lived for a while.
fn greet(
    args: &ServingArgs,
    config: &Config,
    endpoint: &Endpoint<'_>,
    log: &Log,
) -> Option<Notice> {
    if let Some(warning) = endpoint.exposed(&args.allow_host) {
        log.write(Entry::notice(warning));
    }
    for entry in Rules::useless_entries(config) {
        log.write(Entry::notice(banner::useless(entry)));
    }
    let at_terminal = io::stderr().is_terminal() && args.log.log_format == LogFormat::Pretty;
    let listening = endpoint.listening(at_terminal);
    if at_terminal && matches!(config.serves, Serves::Command(_)) {
        return Some(listening);
    }
    log.write(Entry::notice(listening));
    None
}

/// Handles requests to stop until the endpoint is closed.
fn attend(
    running: Running,
    (tell, facts): (Sender<Fact>, &Receiver<Fact>),
    mut banner: Option<(Notice, &Log)>,
    command: &str,
) -> Result<ExitCode, Failure> {
    let stopper: Stopper = running.stopper();
    thread::Builder::new()
        .name("wait".into())
        .spawn(move || tell.send(Fact::Ended(running.wait())))
        .map_err(cannot_start)?;
    let mut unusable = None;
    let shown_at = Instant::now() + BANNER_DELAY;
    loop {
        let fact = match banner {
            Some(_) => facts.recv_timeout(shown_at.saturating_duration_since(Instant::now())),
            None => facts.recv().map_err(RecvTimeoutError::from),
        };
        let fact = match fact {
            Ok(fact) => fact,
            Err(RecvTimeoutError::Timeout) => Fact::Answered,
            Err(RecvTimeoutError::Disconnected) => {
                unreachable!("the thread that waits holds a sender until it has told of the end")
            }
        };
        match fact {
            Fact::Answered => {
                if let Some((notice, log)) = banner.take() {
                    log.write(Entry::notice(notice));
                }
            }
            Fact::Asked => stopper.stop(),
            Fact::ChildEnded => pontoon_process::reap_adopted(),
            Fact::Unusable { status, stderr } => {
                banner = None;
                unusable = Some(Failure::unusable(command, status, &stderr));
                stopper.stop();
            }
            Fact::Ended(ended) => {
                let code = ExitCode::from(u8::from(ended.forced));
                return unusable.map_or(Ok(code), Err);
            }
        }
    }
}

/// The time that the banner waits for the first process: that of the core's era probe.
const BANNER_DELAY: Duration = Duration::from_secs(4);

pub(crate) fn cannot_start(error: io::Error) -> Failure {
    Failure {
        what: "cannot start serving".into(),
        why: error.to_string(),
        fix: "let this program have more threads and file descriptors (ulimit -u, ulimit -n)"
            .into(),
        code: 1,
    }
}
