//! The server behind the endpoint.

use std::sync::Arc;

use crate::child_spec::ChildSpec;
use crate::config::{Config, Native, Serves};
use crate::native::ServerHeaderParams;
use crate::observe::RequestMetrics;

/// The server that answers the requests.
#[derive(Debug)]
pub(crate) enum Upstream {
    /// A command, run in child processes.
    Command(Arc<ChildSpec>),
    /// A server in this process.
    Native(NativeUpstream),
    /// No server.
    None,
}

/// A server in this process.
#[derive(Debug)]
pub(crate) struct NativeUpstream {
    pub(crate) settings: Native,
    /// The counters of its requests.
    pub(crate) request_metrics: Arc<RequestMetrics>,
    /// The values that its clients repeat in headers.
    pub(crate) header_params: Arc<ServerHeaderParams>,
}

impl Upstream {
    pub(crate) fn new(config: &Config) -> Upstream {
        match &config.serves {
            Serves::Command(spec) => {
                Upstream::Command(Arc::new(spec.clone().without(&config.header_env)))
            }
            Serves::Native(native) => {
                let catalog = native.server.modern_catalog();
                let request_metrics =
                    RequestMetrics::new(catalog.tools.iter().map(|tool| &*tool.name));
                Upstream::Native(NativeUpstream {
                    settings: native.clone(),
                    request_metrics: Arc::new(request_metrics),
                    header_params: Arc::new(ServerHeaderParams::of(catalog)),
                })
            }
            Serves::Site => Upstream::None,
        }
    }

    /// Returns the command, if it is one.
    pub(crate) fn command(&self) -> Option<&Arc<ChildSpec>> {
        match self {
            Upstream::Command(spec) => Some(spec),
            Upstream::Native(_) | Upstream::None => None,
        }
    }

    /// Returns the server in this process, if it is one.
    pub(crate) fn native(&self) -> Option<&NativeUpstream> {
        match self {
            Upstream::Command(_) | Upstream::None => None,
            Upstream::Native(native) => Some(native),
        }
    }
}
