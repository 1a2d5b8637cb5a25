//! The servers: from the command line to the end of the endpoint.

use std::env;
use std::io::{self, IsTerminal};
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use pontoon_core::auth::Auth;
use pontoon_core::http::Rules;
use pontoon_core::{Config, Event, ExitStatus, Level, Serves};
use pontoon_driver::{Ended, Listeners, Options, Running, Stopper};

use crate::args::{CalculatorArgs, EchoArgs, LogFormat, ProxyArgs, ServeArgs, ServingArgs};
use crate::auth::{self, SharedAuth};
use crate::banner::{self, About, Endpoint};
use crate::checks::{check_limits, check_path, check_stateless};
use crate::errors::{Failure, Setting};
use crate::log::{Entry, Log, Notice};
use crate::site::Files;
use crate::tls::TlsFiles;
use crate::variables::Variables;
use crate::{command, config, hints, listen, programs, signals};

/// Runs `pontoon proxy`.
pub(crate) fn proxy(
    args: &ProxyArgs,
    variables: &Variables,
    mut notices: Vec<Notice>,
) -> Result<ExitCode, Failure> {
    check_stateless(args.bridge.stateless, &args.sessions)?;
    check_path("proxy", &args.serving.path, &args.sessions)?;
    check_limits(&args.serving)?;
    command::check_header_env(&args.header_env, &args.env)?;
    let command = &args.command;
    let mut child = command::resolve(command, args.bridge.clean_env, &args.env, variables)?;
    if !args.header_env.is_empty() {
        child.env.get_or_insert_with(|| env::vars_os().collect());
    }
    notices.extend(variables.unset(&args.env));
    let (name, shown) = (banner::name_of(&child), command::shown(&child));
    let about = About { name: &name, what: &shown };
    let listeners = listen::bind(&args.serving.host, args.serving.port, &mut notices)?;
    let (args, config) = (&args.serving, config::proxy(args, child));
    let outcome = Plan { args, config, about, listeners, notices, files: None }.serve();
    outcome.map_err(|failure| match hints::behind_command(command) {
        Some(hint) => Failure { fix: format!("{}; {hint}", failure.fix), ..failure },
        None => failure,
    })
}

/// Runs `pontoon serve`.
pub(crate) fn files(
    args: ServeArgs,
    given: Vec<String>,
    variables: Variables,
    mut notices: Vec<Notice>,
) -> Result<ExitCode, Failure> {
    if args.serving.path != "/mcp" {
        let why = "each server has the path /NAME/mcp";
        let setting = Setting::Flag("--path (MCP_PATH)");
        return Err(Failure::bad_value("serve", setting, Some(&args.serving.path), why));
    }
    check_stateless(args.bridge.stateless, &args.sessions)?;
    let files = Files::read(args, given, variables, &mut notices)?;
    let ServeArgs { serving: args, .. } = files.args();
    check_limits(&args)?;
    let listeners = listen::bind(&args.host, args.port, &mut notices)?;
    let about = About { name: "pontoon", what: "the servers of the files" };
    let config = config::site(&args);
    Plan { args: &args, config, about, listeners, notices, files: Some(files) }.serve()
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
    args.serving.port =
        listeners[0].local_addr().map_err(|error| Failure::cannot_start(&error))?.port();
    let native = programs::echo(&args, variables)?;
    let about = match args.stateless {
        true => About { name: "echo-stateless", what: "the echo server, without sessions" },
        false => About { name: "echo", what: "the echo server, with sessions" },
    };
    let config = config::native(&args.serving, Some(&args.sessions), native);
    Plan { args: &args.serving, config, about, listeners, notices, files: None }.serve()
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
    Plan { args: &args.serving, config, about, listeners, notices, files: None }.serve()
}

/// A program to run.
pub(crate) struct Plan<'a> {
    pub(crate) args: &'a ServingArgs,
    /// The settings of its endpoint; of several servers, those of the paths that belong to none.
    pub(crate) config: Config,
    pub(crate) about: About<'a>,
    pub(crate) listeners: Vec<TcpListener>,
    pub(crate) notices: Vec<Notice>,
    /// The files of several servers.
    pub(crate) files: Option<Files>,
}

impl Plan<'_> {
    /// Serves until the program is asked to stop.
    pub(crate) fn serve(self) -> Result<ExitCode, Failure> {
        let Plan { args, mut config, about, listeners, mut notices, files } = self;
        let admin = args.admin.as_ref().map(|admin| listen::bind_admin(admin, &mut notices));
        let listeners =
            Listeners { endpoints: listeners, admin: admin.transpose()?.unwrap_or_default() };
        let scheme = banner::scheme(args.tls_cert.is_some());
        let (url, admin) =
            urls(scheme, &listeners).map_err(|error| Failure::cannot_start(&error))?;
        config.title = about.name.into();
        config.admin = admin.as_ref().map(|_| url.into());
        let log = Log::open(&args.log, about.name)?;
        let auth = match &files {
            Some(_) => None,
            None => auth::shared(&args.auth)?,
        };
        config.auth = authentication(auth.as_ref(), files.as_ref(), &log)?;
        let tls_files = TlsFiles::of(args)?;
        let tls = tls_files.as_ref().map(TlsFiles::open).transpose()?;
        let exposed = tls_files.as_ref().and_then(TlsFiles::exposed);
        for notice in notices.into_iter().chain(exposed) {
            log.write(Entry::notice(notice));
        }
        let (tell, facts) = mpsc::channel();
        let reads_files = files.is_some() || auth.as_ref().is_some_and(SharedAuth::has_files);
        let reloads = watch_signals(args, &log, reads_files, &tell)?;
        // For processes that ended before signals were watched.
        pontoon_process::reap_adopted();
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        crate::allocator::watch().map_err(|error| Failure::cannot_start(&error))?;

        let command = matches!(config.serves, Serves::Command(_)).then(|| about.name.into());
        let options = Options {
            config: config.clone(),
            servers: files.as_ref().map(|files| files.servers(&log)).unwrap_or_default(),
            threads: args.threads,
            log: Arc::new(keep(log.clone(), command, tell.clone())),
            tls: tls.clone(),
        };
        if let (Some(files), Some(tls)) = (tls_files, tls) {
            let watched = files.watch(tls, log.clone(), reloads);
            watched.map_err(|error| Failure::cannot_start(&error))?;
        }
        let running = (args.runtime.start)(listeners, options)
            .map_err(|error| Failure::cannot_start(&error))?;
        let endpoint = Endpoint {
            addrs: running.addrs().to_vec(),
            tls: args.tls_cert.is_some(),
            admin,
            path: &args.path,
            sse: config.sse,
            needs_token: config.auth.as_ref().is_some_and(Auth::needs_token),
            about,
        };
        let banner = greet(args, &config, &endpoint, files.as_ref(), &log);
        let attendant = Attendant {
            stopper: running.stopper(),
            log: &log,
            base: endpoint.base(),
            banner,
            files,
            auth,
            command: about.what,
        };
        let outcome = attendant.attend(running, (tell, &facts));
        log.flush();
        outcome
    }
}

/// Returns the URL of the first listener for clients, and of the first for `--admin`.
fn urls(scheme: &str, listeners: &Listeners) -> io::Result<(String, Option<String>)> {
    let url = |listeners: &[TcpListener]| -> io::Result<Option<String>> {
        let addr = listeners.first().map(TcpListener::local_addr).transpose()?;
        Ok(addr.map(|addr| format!("{scheme}://{addr}")))
    };
    Ok((url(&listeners.endpoints)?.unwrap_or_default(), url(&listeners.admin)?))
}

/// Starts the authentication: that of the only server, or of the paths that belong to none of several.
fn authentication(
    auth: Option<&SharedAuth>,
    files: Option<&Files>,
    log: &Log,
) -> Result<Option<Auth>, Failure> {
    if let Some(files) = files {
        return files.start_auth(log);
    }
    let Some(auth) = auth else { return Ok(None) };
    auth.start(log)?;
    auth.auth_of_only().map(Some)
}

/// Passes on the signals of the operating system. Returns the receiver of orders to read the files of
/// TLS again.
fn watch_signals(
    args: &ServingArgs,
    log: &Log,
    reads_files: bool,
    tell: &Sender<Fact>,
) -> Result<Receiver<()>, Failure> {
    let (asked, ended, hung_up) = (tell.clone(), tell.clone(), tell.clone());
    let child_ended = move || drop(ended.send(Fact::ChildEnded));
    let has_log_file = args.log.log_file.is_some();
    // At a terminal SIGHUP means that the terminal is closed.
    let has_tls = args.tls_cert.is_some();
    let is_used = (has_log_file || reads_files || has_tls) && !io::stderr().is_terminal();
    let (reload, reloads) = mpsc::channel();
    let log = log.clone();
    let reopen = is_used.then_some(move || {
        if has_log_file {
            log.reopen();
        }
        if reads_files {
            let _ = hung_up.send(Fact::ReloadAsked);
        }
        if has_tls {
            let _ = reload.send(());
        }
    });
    let asked = move || drop(asked.send(Fact::Asked));
    let watched = signals::watch(asked, reopen, child_ended);
    watched.map(|()| reloads).map_err(|error| Failure::cannot_start(&error))
}

/// The events that the main thread waits for.
enum Fact {
    /// The program is asked to stop.
    Asked,
    /// The files of servers and of authentication are to be read again.
    ReloadAsked,
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
    files: Option<&Files>,
    log: &Log,
) -> Option<Notice> {
    let warning = match config.auth {
        Some(_) => None,
        None => endpoint.exposed(&args.allow_host),
    };
    if let Some(warning) = warning {
        log.write(Entry::notice(warning));
    }
    for entry in Rules::useless_entries(config) {
        log.write(Entry::notice(banner::useless(entry)));
    }
    let at_terminal = io::stderr().is_terminal() && args.log.log_format == LogFormat::Pretty;
    if let Some(files) = files {
        log.write(Entry::notice(endpoint.listening_for_servers()));
        let states = files.states(&endpoint.base());
        states.into_iter().for_each(|state| log.write(Entry::notice(state)));
        return None;
    }
    let listening = endpoint.listening(at_terminal);
    if at_terminal && matches!(config.serves, Serves::Command(_)) {
        return Some(listening);
    }
    log.write(Entry::notice(listening));
    None
}

/// The main thread of a running program.
struct Attendant<'a> {
    stopper: Stopper,
    log: &'a Log,
    /// The URL of the program.
    base: String,
    /// The message that waits for the first process.
    banner: Option<Notice>,
    files: Option<Files>,
    /// The authentication of the only server.
    auth: Option<SharedAuth>,
    command: &'a str,
}

impl Attendant<'_> {
    /// Handles requests to stop and to reload until the program has ended.
    fn attend(
        mut self,
        running: Running,
        (tell, facts): (Sender<Fact>, &Receiver<Fact>),
    ) -> Result<ExitCode, Failure> {
        thread::Builder::new()
            .name("wait".into())
            .spawn(move || tell.send(Fact::Ended(running.wait())))
            .map_err(|error| Failure::cannot_start(&error))?;
        let mut unusable = None;
        let shown_at = Instant::now() + BANNER_DELAY;
        loop {
            let watches_files = self.files.as_ref().is_some_and(Files::are_watched);
            let is_watching = watches_files || self.auth().is_some_and(|auth| auth.has_files());
            let pause = match (&self.banner, is_watching) {
                (Some(_), _) => Some(shown_at.saturating_duration_since(Instant::now())),
                (None, true) => Some(WATCH_PERIOD),
                (None, false) => None,
            };
            let fact = match pause {
                Some(pause) => facts.recv_timeout(pause),
                None => facts.recv().map_err(RecvTimeoutError::from),
            };
            match fact {
                Ok(Fact::Asked) => self.stopper.stop(),
                Ok(Fact::ReloadAsked) => self.reload(),
                Ok(Fact::ChildEnded) => pontoon_process::reap_adopted(),
                Ok(Fact::Unusable { status, stderr }) => {
                    self.banner = None;
                    unusable = Some(Failure::unusable(self.command, status, &stderr));
                    self.stopper.stop();
                }
                Ok(Fact::Ended(ended)) => {
                    let code = ExitCode::from(u8::from(ended.forced));
                    return unusable.map_or(Ok(code), Err);
                }
                Ok(Fact::Answered) | Err(RecvTimeoutError::Timeout) => {
                    if let Some(notice) = self.banner.take() {
                        self.log.write(Entry::notice(notice));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    unreachable!(
                        "the thread that waits holds a sender until it has told of the end"
                    )
                }
            }
            if watches_files && self.files.as_mut().is_some_and(Files::have_changed) {
                self.reload();
            }
            let log = self.log;
            if let Some(auth) = self.auth()
                && auth.have_files_changed()
            {
                auth.reload(log);
            }
        }
    }

    /// Returns the authentication, if there is one.
    fn auth(&mut self) -> Option<&mut SharedAuth> {
        self.auth.as_mut().or_else(|| self.files.as_mut()?.auth_mut())
    }

    fn reload(&mut self) {
        if let Some(files) = &mut self.files {
            files.reload(&self.stopper, self.log, &self.base);
        } else if let Some(auth) = &mut self.auth {
            auth.reload(self.log);
        }
    }
}

/// The time between two looks for changes of the files of servers and of authentication.
const WATCH_PERIOD: Duration = Duration::from_millis(500);

/// The time that the banner waits for the first process: that of the core's era probe.
const BANNER_DELAY: Duration = Duration::from_secs(4);
