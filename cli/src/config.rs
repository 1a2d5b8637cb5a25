//! Converts the command line to the settings of the endpoint.

use std::net::IpAddr;
use std::num::NonZeroUsize;

use pontoon_config::Server;
use pontoon_config::settings::{self, EntrySettings, Size};
use pontoon_core::{
    BindSession, BridgeOptions, ChildEra, ChildPer, ChildSpec, Config, HeaderVariable, Limits,
    Native, OnChildExit, Revision, Serves,
};

use crate::args::{BridgeArgs, ClientLimitArgs, ProxyArgs, ServeArgs, ServingArgs, SessionArgs};
use crate::values::Revisions;

/// Returns the settings of an endpoint for a command.
pub(crate) fn proxy(args: &ProxyArgs, child: ChildSpec) -> Config {
    Config {
        header_env: args.header_env.clone(),
        // Without the values of a client the command may be unable to start.
        eager: args.header_env.is_empty(),
        ..command(&args.serving, &args.sessions, &args.bridge, child)
    }
}

/// Returns the settings of one of several commands. Those of its entry override the options.
pub(crate) fn served(args: &ServeArgs, server: &Server, child: ChildSpec) -> Config {
    let (mut sessions, mut bridge) = (args.sessions.clone(), args.bridge.clone());
    let EntrySettings {
        header_env,
        request_timeout,
        startup_timeout,
        session_timeout,
        max_sessions,
        child_per,
        child_era,
        on_child_exit,
        revisions,
        max_line,
        // The environment of the child has it.
        clean_env: _,
        limits,
    } = &server.settings;
    set(&mut bridge.request_timeout, request_timeout.map(|time| time.0));
    bridge.startup_timeout = startup_timeout.map(|time| time.0).or(bridge.startup_timeout);
    set(&mut sessions.timeout, session_timeout.map(|time| time.0));
    set(&mut sessions.max_sessions, max_sessions.map(NonZeroUsize::get));
    set(&mut bridge.child_per, child_per.map(of_child_per));
    set(&mut bridge.child_era, child_era.map(of_child_era));
    set(&mut bridge.on_child_exit, on_child_exit.map(of_on_child_exit));
    set(&mut bridge.max_line, max_line.map(bytes));
    if let Some(revisions) = revisions {
        bridge.revisions = Some(Revisions(revisions.iter().copied().map(of_revision).collect()));
    }
    let header_env = header_env.iter().map(|(header, variable)| HeaderVariable {
        header: header.0.clone(),
        variable: (&variable.0).into(),
    });
    let mut client_limits = args.serving.client_limits.clone();
    let sessions_per_client = &mut sessions.sessions_per_client;
    set_client_limits(&mut client_limits, sessions_per_client, *limits, |_| true);
    Config {
        header_env: header_env.collect(),
        client_limits: client_limits.limits(sessions.sessions_per_client),
        eager: false,
        ..command(&args.serving, &sessions, &bridge, child)
    }
}

/// Sets the limits for each client to those of a file that are `allowed` for their option.
pub(crate) fn set_client_limits(
    args: &mut ClientLimitArgs,
    sessions_per_client: &mut Option<usize>,
    limits: settings::ClientLimits,
    allowed: impl Fn(&str) -> bool,
) {
    let rate = |count: NonZeroUsize| u32::try_from(count.get()).unwrap_or(u32::MAX);
    let per_second = limits.requests_per_second.map(rate);
    let concurrent = limits.concurrent_requests.map(NonZeroUsize::get);
    let sessions = limits.sessions_per_client.map(NonZeroUsize::get);
    for (id, setting, value) in [
        ("requests_per_second", &mut args.requests_per_second, per_second),
        ("burst", &mut args.burst, limits.burst.map(rate)),
    ] {
        *setting = value.filter(|_| allowed(id)).or(*setting);
    }
    for (id, setting, value) in [
        ("concurrent_requests", &mut args.concurrent_requests, concurrent),
        ("sessions_per_client", sessions_per_client, sessions),
    ] {
        *setting = value.filter(|_| allowed(id)).or(*setting);
    }
}

/// Returns the settings of the paths that belong to no server.
pub(crate) fn site(serving: &ServingArgs) -> Config {
    Config { eager: false, ..of(serving, None, Limits::default(), Serves::Site) }
}

fn set<T>(setting: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *setting = value;
    }
}

/// Returns a size in bytes; it is at most 1 TiB.
pub(crate) fn bytes(size: Size) -> usize {
    size.0.try_into().unwrap_or(usize::MAX)
}

fn of_child_per(child_per: settings::ChildPer) -> ChildPer {
    match child_per {
        settings::ChildPer::Call => ChildPer::Call,
        settings::ChildPer::Principal => ChildPer::Principal,
        settings::ChildPer::Session => ChildPer::Session,
        settings::ChildPer::Shared => ChildPer::Shared,
    }
}

fn of_child_era(child_era: settings::ChildEra) -> ChildEra {
    match child_era {
        settings::ChildEra::Legacy => ChildEra::Legacy,
        settings::ChildEra::Modern => ChildEra::Modern,
        settings::ChildEra::Probe => ChildEra::Probe,
    }
}

fn of_on_child_exit(on_child_exit: settings::OnChildExit) -> OnChildExit {
    match on_child_exit {
        settings::OnChildExit::End => OnChildExit::End,
        settings::OnChildExit::Resume => OnChildExit::Resume,
    }
}

fn of_revision(revision: settings::Revision) -> Revision {
    match revision {
        settings::Revision::R20241105 => Revision::V2024_11_05,
        settings::Revision::R20250326 => Revision::V2025_03_26,
        settings::Revision::R20250618 => Revision::V2025_06_18,
        settings::Revision::R20251125 => Revision::V2025_11_25,
        settings::Revision::R20260728 => Revision::V2026_07_28,
    }
}

fn command(
    serving: &ServingArgs,
    sessions: &SessionArgs,
    args: &BridgeArgs,
    child: ChildSpec,
) -> Config {
    let defaults = Limits::default();
    let limits = Limits {
        child_starts_max: args.on_child_exit.starts_max(),
        line_bytes_max: args.max_line,
        pipe_read_bytes: args.read_buffer,
        pipe_write_bytes: args.write_buffer,
        request_time_max: args.request_timeout,
        // A longer limit for one answer applies to its total time too.
        request_total_max: defaults.request_total_max.max(args.request_timeout),
        session_idle_max: sessions.timeout,
        sessions_max: sessions.max_sessions,
        startup_time_max: args.startup_timeout.unwrap_or(defaults.startup_time_max),
        first_startup_time_max: args.startup_timeout.unwrap_or(defaults.first_startup_time_max),
        ..defaults
    };
    let bridge = BridgeOptions {
        child_era: args.child_era,
        child_per: args.child_per,
        warm_children: args.warm_children,
        stateless: args.stateless,
    };
    let named = args.revisions.as_ref().map(|revisions| revisions.0.as_slice());
    let revisions = named.unwrap_or(&Revision::ALL).into();
    let SessionArgs { sse, bind_session, .. } = *sessions;
    Config {
        revisions,
        bridge,
        sse,
        bind_session,
        ..of(serving, Some(sessions), limits, Serves::Command(child))
    }
}

/// Returns the settings of an endpoint for a server in this process, with or without sessions.
pub(crate) fn native(args: &ServingArgs, sessions: Option<&SessionArgs>, native: Native) -> Config {
    let defaults = Limits::default();
    let limits = match sessions {
        None => defaults,
        Some(sessions) => Limits {
            session_idle_max: sessions.timeout,
            sessions_max: sessions.max_sessions,
            ..defaults
        },
    };
    let sse = native.sessions && sessions.is_some_and(|sessions| sessions.sse);
    let bind_session = sessions.map_or(BindSession::Subject, |sessions| sessions.bind_session);
    Config { sse, bind_session, ..of(args, sessions, limits, Serves::Native(native)) }
}

fn of(
    args: &ServingArgs,
    sessions: Option<&SessionArgs>,
    limits: Limits,
    serves: Serves,
) -> Config {
    let mut hosts = args.allow_host.clone();
    hosts.extend(own_name(&args.host));
    hosts.extend(args.admin.as_ref().and_then(|admin| own_name(&admin.host)));
    Config {
        path: args.path.clone(),
        hosts,
        origins: args.allow_origin.clone(),
        limits: Limits {
            body_bytes_max: args.max_body,
            body_time_max: args.body_timeout,
            connections_max: args.max_connections,
            drain_time_max: args.drain_timeout,
            head_time_max: args.head_timeout,
            idle_time_max: args.idle_timeout,
            keep_alive_period: args.keep_alive,
            memory_bytes_max: args.max_memory,
            stop_delay: args.stop_delay,
            write_time_max: args.write_timeout,
            ..limits
        },
        client_limits: args.client_limits.limits(sessions.and_then(|it| it.sessions_per_client)),
        eager: true,
        log_level: args.log.log_level,
        ..Config::new(serves)
    }
}

/// Returns the host name of an endpoint that listens on one address only. Names of loopback are
/// allowed anyway, and `0.0.0.0` is not a name.
fn own_name(host: &str) -> Option<String> {
    match host.parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() || address.is_loopback() => None,
        Ok(IpAddr::V6(address)) => Some(format!("[{address}]")),
        Ok(IpAddr::V4(address)) => Some(address.to_string()),
        Err(_) => Some(host.to_ascii_lowercase()),
    }
}

#[cfg(test)]
mod tests;
