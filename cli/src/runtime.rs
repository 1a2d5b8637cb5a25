//! The runtimes that are built in.

use std::io;

use pontoon_driver::{Listeners, Options, Running};

/// A runtime.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runtime {
    /// The value of `--runtime`.
    pub(crate) name: &'static str,
    /// Serves an endpoint.
    pub(crate) start: fn(Listeners, Options) -> io::Result<Running>,
}

/// All runtimes; the first is the default.
pub(crate) const RUNTIMES: &[Runtime] = &[
    #[cfg(feature = "tokio")]
    Runtime { name: "tokio", start: pontoon_tokio::start },
    #[cfg(feature = "smol")]
    Runtime { name: "smol", start: pontoon_smol::start },
    #[cfg(feature = "blocking")]
    Runtime { name: "blocking", start: pontoon_blocking::start },
];

#[cfg(not(any(feature = "tokio", feature = "smol", feature = "blocking")))]
compile_error!("pontoon needs a runtime: --features tokio, smol, or blocking");

/// Returns the names of all, with commas.
pub(crate) fn names() -> String {
    RUNTIMES.iter().map(|runtime| runtime.name).collect::<Vec<_>>().join(", ")
}
