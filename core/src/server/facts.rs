//! Facts about the process and its machine, as a runtime samples them, and what was counted.

use crate::time::Duration;

/// What a tool may be told about what it runs on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The process.
    pub process: ProcessFacts,
    /// The machine.
    pub system: SystemFacts,
    /// What was counted since the process started.
    pub counters: Counters,
}

/// The process. What cannot be known is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessFacts {
    /// Its id.
    pub pid: u32,
    /// Time since it started.
    pub uptime: Duration,
    /// Memory in use, in bytes (RSS).
    pub memory: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Open file descriptors.
    pub open_files: Option<u64>,
    /// Open connections of clients, as the runtime counts them; none where nothing listens.
    pub connections: Option<u64>,
    /// Resources that its child processes and their descendants use, where a command is served.
    pub children: Option<ChildrenFacts>,
}

/// Resources that several processes use together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChildrenFacts {
    /// Memory in use, in bytes (RSS). What processes share is counted for each of them.
    pub memory: u64,
    /// Time of processors, of those that have ended too.
    pub cpu: Duration,
}

/// The machine, or what the container sees of it. What cannot be known is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SystemFacts {
    /// Operating system, its release and architecture, for example `Linux 6.8.0 x86_64`.
    pub platform: String,
    /// Its name in the network.
    pub host: Option<String>,
    /// Processors.
    pub cores: u32,
    /// Part of the processors' time that was used since the sample before, from 0 to 1; at first
    /// since the start.
    pub cpu: Option<f64>,
    /// Load averages over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Bytes of memory there are.
    pub memory_total: Option<u64>,
    /// Bytes of memory that can still be had.
    pub memory_available: Option<u64>,
    /// Bytes the disk has, the one of the working directory.
    pub disk_total: Option<u64>,
    /// Bytes the disk has left.
    pub disk_available: Option<u64>,
}

/// What was counted at this endpoint, by this process and since it started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests answered.
    pub requests: u64,
    /// Those answered with an error.
    pub errors: u64,
    /// Time they took together.
    pub took: Duration,
    /// Sessions that are open.
    pub sessions: u64,
    /// Sessions that were opened.
    pub sessions_opened: u64,
    /// Sessions that expired.
    pub sessions_expired: u64,
    /// Time the sessions that have ended lasted together.
    pub sessions_lived: Duration,
    /// Sessions that have ended.
    pub sessions_ended: u64,
    /// Bytes the seats of all sessions remember ([`super::Seat::stored_bytes`]); none where nobody
    /// adds them up.
    pub stored_bytes: Option<u64>,
    /// Bytes that wait in the queues of all sessions.
    pub queue_bytes: u64,
    /// Messages that wait in the queues of all sessions.
    pub queued: u64,
    /// How often sessions were looked through for expired ones.
    pub cleanups: u64,
    /// Time since the last such look; none if there was none.
    pub last_cleanup: Option<Duration>,
}
