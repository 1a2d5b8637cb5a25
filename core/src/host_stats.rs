//! Facts about the process and its host, sampled by a runtime, and the counters of the endpoint.

use crate::time::Duration;

/// Facts about the process, the host and the endpoint, for tools.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostStats {
    /// The process.
    pub process: ProcessStats,
    /// The host.
    pub system: SystemStats,
    /// Counters since the process started.
    pub counters: Counters,
}

/// Facts about the process. A value that cannot be read is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessStats {
    /// Its id.
    pub pid: u32,
    /// Time since it started.
    pub uptime: Duration,
    /// Resident memory, in bytes.
    pub memory: Option<u64>,
    /// The number of threads.
    pub threads: Option<u64>,
    /// The number of open file descriptors.
    pub open_files: Option<u64>,
    /// Open client connections, counted by the runtime, or `None` where nothing listens.
    pub connections: Option<u64>,
    /// Resources of the child processes and their descendants, if a command is served.
    pub children: Option<ChildrenStats>,
}

/// The resources that several processes use in total.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChildrenStats {
    /// Resident memory, in bytes. Shared memory counts once for each process.
    pub memory: u64,
    /// Processor time, including that of processes that have ended.
    pub cpu: Duration,
}

/// Facts about the host, as seen from inside its container. A value that cannot be read is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SystemStats {
    /// The operating system, its release and architecture, for example `Linux 6.8.0 x86_64`.
    pub platform: String,
    /// Its host name.
    pub host: Option<String>,
    /// The number of processors.
    pub cores: u32,
    /// The share of processor time in use since the previous sample, from 0 to 1; for the first
    /// sample, since the process started.
    pub cpu: Option<f64>,
    /// Load averages over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Total memory, in bytes.
    pub memory_total: Option<u64>,
    /// Available memory, in bytes.
    pub memory_available: Option<u64>,
    /// Total bytes of the disk that holds the working directory.
    pub disk_total: Option<u64>,
    /// Available bytes of that disk.
    pub disk_available: Option<u64>,
}

/// Counters of this endpoint, in this process and since its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests answered.
    pub requests: u64,
    /// Those answered with an error.
    pub errors: u64,
    /// The total time they took.
    pub took: Duration,
    /// Open sessions.
    pub sessions: u64,
    /// Sessions opened so far.
    pub sessions_opened: u64,
    /// Sessions that expired.
    pub sessions_expired: u64,
    /// The total lifetime of the sessions that have ended.
    pub sessions_lived: Duration,
    /// Sessions that have ended.
    pub sessions_ended: u64,
    /// Bytes that the handlers of all sessions store ([`crate::server::Handler::stored_bytes`]), or
    /// `None` where they are not added up.
    pub stored_bytes: Option<u64>,
    /// Bytes in the queues of all sessions.
    pub queue_bytes: u64,
    /// Messages in the queues of all sessions.
    pub queued: u64,
    /// The number of sweeps for expired sessions.
    pub cleanups: u64,
    /// Time since the last sweep, or `None` before the first.
    pub last_cleanup: Option<Duration>,
}
