//! The command line options of a simulated program.

mod auth;

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use pontoon_core::{
    BindSession, BridgeOptions, ChildEra, ChildPer, ChildSpec, Config, HeaderVariable, Level,
    Native, OnChildExit, Rate, Revision, Serves,
};
use pontoon_servers::calculator::{self, Calculator, FlatEvents};
use pontoon_servers::echo::{self, Echo};

use crate::subcommand::Subcommand;

/// Returns the server of the program.
fn serves(subcommand: Subcommand, flags: Vec<OsString>) -> Serves {
    let settings = echo::Settings::default();
    Serves::Native(match subcommand {
        Subcommand::Proxy | Subcommand::Serve => {
            let spec =
                ChildSpec { program: "test-server".into(), args: flags, env: None, cwd: None };
            return Serves::Command(spec);
        }
        Subcommand::Echo => Native::stateful(Arc::new(Echo::stateful(settings))),
        Subcommand::EchoStateless => Native::stateless(Arc::new(Echo::stateless(settings))),
        Subcommand::Calculator => {
            let server = Calculator::new(calculator::Settings::default());
            Native::stateless(Arc::new(server))
        }
    })
}

/// Returns the default settings of the program.
fn defaults(subcommand: Subcommand, flags: Vec<OsString>) -> Config {
    Config {
        bridge: BridgeOptions { child_era: ChildEra::Legacy, ..BridgeOptions::default() },
        eager: true,
        ..Config::new(serves(subcommand, flags))
    }
}

/// Returns the settings of the paths that belong to no server, with these options.
pub(super) fn site(arguments: &[String]) -> Config {
    let config = of(Subcommand::Proxy, arguments, Vec::new());
    let auth = config.auth.map(|it| auth::of_site(it, arguments));
    Config { serves: Serves::Site, eager: false, auth, ..config }
}

/// Returns the settings of one of several servers, given its name and those of all.
pub(super) fn of_server(
    arguments: &[String],
    flags: Vec<OsString>,
    name: &str,
    names: &[&str],
) -> Config {
    let config = of(Subcommand::Proxy, arguments, flags);
    let others = [names, &[auth::SITE]].concat();
    let auth = config.auth.map(|it| auth::of_server(it, arguments, name, &others));
    Config { eager: false, auth, ..config }
}

/// Returns the settings of these options; a proxy is in front of `test-server` with these flags.
///
/// # Panics
///
/// An option or a value is not supported here.
pub(super) fn of(subcommand: Subcommand, arguments: &[String], flags: Vec<OsString>) -> Config {
    let mut config = defaults(subcommand, flags);
    let mut auth = auth::Options::default();
    let mut words = arguments.iter();
    while let Some(option) = words.next() {
        if set_switch(&mut config, option) {
            continue;
        }
        let value = words.next().unwrap_or_else(|| panic!("{option} has no value"));
        if auth.set(option, value) {
            continue;
        }
        let limits = &mut config.limits;
        match option.as_str() {
            "--allow-host" => config.hosts.push(value.clone()),
            "--allow-origin" => config.origins.push(value.clone()),
            "--child-era" => {
                config.bridge.child_era = match value.as_str() {
                    "legacy" => ChildEra::Legacy,
                    "modern" => ChildEra::Modern,
                    "probe" => ChildEra::Probe,
                    other => panic!("no era {other}"),
                };
            }
            "--bind-session" => {
                config.bind_session = match &**value {
                    "none" => BindSession::None,
                    "subject" => BindSession::Subject,
                    "token" => BindSession::Token,
                    other => panic!("--bind-session {other}"),
                };
            }
            "--child-per" => {
                config.bridge.child_per = match value.as_str() {
                    "call" => ChildPer::Call,
                    "principal" => ChildPer::Principal,
                    "session" => ChildPer::Session,
                    "shared" => ChildPer::Shared,
                    other => panic!("processes are not shared by {other}"),
                };
            }
            "--on-child-exit" => limits.child_starts_max = starts_max(value),
            "--warm-children" => config.bridge.warm_children = number(value),
            "--revisions" => {
                let read = |date: &str| Revision::parse(date.as_bytes()).expect("a revision");
                config.revisions = value.split(',').map(read).collect();
            }
            "--body-timeout" => limits.body_time_max = time(value),
            "--head-timeout" => limits.head_time_max = time(value),
            "--idle-timeout" => limits.idle_time_max = time(value),
            "--keep-alive" => limits.keep_alive_period = time(value),
            "--log-level" => {
                config.log_level = match value.as_str() {
                    "debug" => Level::Debug,
                    "info" => Level::Info,
                    other => panic!("no log level {other}"),
                };
            }
            "--max-body" => limits.body_bytes_max = bytes(value),
            "--max-memory" => limits.memory_bytes_max = bytes(value),
            "--max-connections" => limits.connections_max = number(value),
            "--max-line" => limits.line_bytes_max = bytes(value),
            "--max-sessions" => limits.sessions_max = number(value),
            "--path" => config.path.clone_from(value),
            "--request-timeout" => limits.request_time_max = time(value),
            "--startup-timeout" => {
                limits.startup_time_max = time(value);
                limits.first_startup_time_max = time(value);
            }
            "--requests-per-second" => {
                config.client_limits.rate = Some(Rate::steady(number(value) as u32, None));
            }
            "--burst" => {
                let Some(Rate::Steady { burst, .. }) = &mut config.client_limits.rate else {
                    panic!("{option} without --requests-per-second before it");
                };
                *burst = number(value) as u32;
            }
            "--concurrent-requests" => config.client_limits.requests_max = Some(number(value)),
            "--sessions-per-client" => config.client_limits.sessions_max = Some(number(value)),
            "--drain-timeout" => limits.drain_time_max = time(value),
            "--header-env" => add_header_env(&mut config, value),
            "--stop-delay" => limits.stop_delay = time(value),
            "--timeout" => limits.session_idle_max = time(value),
            "--write-timeout" => limits.write_time_max = time(value),
            unknown => panic!("the simulated program has no option {unknown}"),
        }
    }
    Config { auth: auth.finish(), ..config }
}

/// Sets an option without a value. Returns whether it is one.
fn set_switch(config: &mut Config, option: &str) -> bool {
    match (option, &mut config.serves) {
        ("--compression", Serves::Native(native)) => native.packs = true,
        ("--documented-events", Serves::Native(native)) => {
            native.event_format = Some(Arc::new(FlatEvents));
        }
        ("--compression" | "--documented-events", _) => {}
        ("--sse", _) => config.sse = true,
        ("--stateless", _) => config.bridge.stateless = true,
        _ => return false,
    }
    true
}

/// Returns the limit for `--on-child-exit`.
fn starts_max(text: &str) -> usize {
    text.parse::<OnChildExit>().expect("end or resume").starts_max()
}

fn add_header_env(config: &mut Config, value: &str) {
    let (header, variable) = value.split_once('=').expect("HEADER=NAME");
    let (header, variable) = (header.to_ascii_lowercase(), variable.into());
    config.header_env.push(HeaderVariable { header, variable });
    config.eager = false;
}

/// Parses seconds, or a number with the unit `ms` or `s`.
fn time(text: &str) -> Duration {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let number: f64 = number.parse().unwrap_or_else(|_| panic!("{text} is no time"));
    Duration::from_secs_f64(number * unit)
}

fn bytes(text: &str) -> usize {
    let (number_part, scale) = match text {
        text if text.ends_with("KiB") => (&text[..text.len() - 3], 1 << 10),
        text if text.ends_with("MiB") => (&text[..text.len() - 3], 1 << 20),
        text => (text, 1),
    };
    number(number_part) * scale
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or_else(|_| panic!("{text} is no number"))
}
