//! From the command line to the settings of the endpoint.

use std::net::IpAddr;

use pontoon_core::bridge::ChildSpec;
use pontoon_core::config::{Config, Serves};
use pontoon_core::limits::Limits;

use crate::args::ProxyArgs;

/// The settings of an endpoint for this command.
pub(crate) fn of(args: &ProxyArgs, child: ChildSpec) -> Config {
    let mut hosts = args.allow_host.clone();
    hosts.extend(own_name(&args.host));
    Config {
        path: args.path.clone(),
        hosts,
        origins: args.allow_origin.clone(),
        limits: limits(args),
        serves: Serves::Command(child),
        eager: true,
        log_level: args.log_level,
    }
}

fn limits(args: &ProxyArgs) -> Limits {
    let defaults = Limits::default();
    Limits {
        body_bytes_max: args.max_body,
        pipe_read_bytes: args.read_buffer,
        pipe_write_bytes: args.write_buffer,
        request_time_max: args.request_timeout,
        // Whoever allows one answer more time than that wants it to have it.
        request_total_max: defaults.request_total_max.max(args.request_timeout),
        session_idle_max: args.timeout,
        sessions_max: args.max_sessions,
        startup_time_max: args.startup_timeout,
        ..defaults
    }
}

/// The name clients use for an endpoint that listens on one address only; those of loopback are
/// allowed anyway, and `0.0.0.0` is nobody's name.
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
