//! Every limit of the core, with its default and its unit.
//!
//! Owns: the numbers. No limit is optional and none is infinite: wherever a peer could choose how
//! much memory or time it uses, a number here limits it.

use crate::time::Duration;

/// The limits of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    // Everything
    /// Bytes that are held for all clients and servers together: request bodies, lines of children,
    /// answers that clients have not read, input that waits for a child, and events kept for
    /// `Last-Event-ID`. [`Memory`](crate::Memory) has its shares.
    pub memory_bytes_max: usize,

    // HTTP connections
    /// Open connections. At the limit, the connection that has waited longest for its peer is
    /// closed for a new one; if none waits, the new one stays in the listener's backlog.
    pub connections_max: usize,
    /// Bytes of a request head: request line, header lines and the empty line.
    pub head_bytes_max: usize,
    /// Header lines in a head.
    pub head_lines_max: usize,
    /// Bytes of a request target.
    pub target_bytes_max: usize,
    /// Time from the first byte of a head to its last.
    pub head_time_max: Duration,
    /// Silence between two requests of a connection. Before the first one it is
    /// [`Limits::head_time_max`]. It is longer than the 60 s after which load balancers close an
    /// idle connection by default: so they close it first, and no request arrives on a connection
    /// that is closing.
    pub idle_time_max: Duration,
    /// Bytes of a request body.
    pub body_bytes_max: usize,
    /// Time from the end of the head to the end of the body.
    pub body_time_max: Duration,
    /// Time that a body may be slower than [`Limits::body_bytes_per_second_min`].
    pub body_grace: Duration,
    /// Minimum bytes per second of a body, averaged since the end of the head, after the grace
    /// period.
    pub body_bytes_per_second_min: usize,
    /// Time that a peer may read no byte of the output that waits for it. Bytes that the operating
    /// system accepted count as read; it accepts more only once a good part of its buffer has been
    /// sent.
    pub write_time_max: Duration,
    /// Time that a peer that has closed its side may wait for the answer to its last request. A
    /// disconnected peer looks the same, and counts as gone after that.
    pub half_closed_time_max: Duration,
    /// Time that a connection waits, after its last answer was sent, for a silent peer to close it
    /// too.
    pub linger_time_max: Duration,
    /// Pause after a failed accept (file descriptors used up), before the next try.
    pub accept_pause: Duration,

    // JSON-RPC
    /// Nesting of arrays and objects in a message of a client.
    pub json_depth_max: usize,
    /// Nesting of arrays and objects in a message of a child.
    pub child_json_depth_max: usize,
    /// Messages in a batch, where batches are accepted: in 2025-03-26, and by a server in this
    /// process that accepts them in every revision.
    pub batch_len_max: usize,
    /// Bytes of a message that the engine translates at once. A longer one is translated by a
    /// [`Job`](crate::job::Job), so that other work does not wait for it.
    pub inline_bytes_max: usize,

    // Servers without sessions
    /// Requests in progress at the same time; those that are answered at once do not count.
    pub requests_max: usize,

    // Sessions
    /// Open sessions. At the limit the oldest idle one is evicted, or `initialize` is refused.
    pub sessions_max: usize,
    /// Time that a session may be unused, from the end of its last request.
    pub session_idle_max: Duration,
    /// Time that messages of a client wait for the `notifications/initialized` that they have
    /// overtaken on another connection; 0 does not hold them back.
    pub initialized_time_max: Duration,
    /// Messages of a session that wait for that.
    pub overtaking_len_max: usize,
    /// Bytes of those messages.
    pub overtaking_bytes_max: usize,
    /// Requests in flight in a session.
    pub in_flight_max: usize,
    /// Messages that wait in a session for a client to open a stream.
    pub queue_len_max: usize,
    /// Bytes of those messages.
    pub queue_bytes_max: usize,
    /// Events that a stream keeps for `Last-Event-ID`.
    pub replay_len_max: usize,
    /// Bytes of those events.
    pub replay_bytes_max: usize,
    /// Bytes of the events that all streams of a session keep together. Over the limit, ended
    /// streams are dropped first, and then events of the stream that keeps most.
    pub session_replay_bytes_max: usize,
    /// Streams of a session that are kept after their end, for `Last-Event-ID`.
    pub ended_streams_max: usize,
    /// Open GET streams of a session; at the limit the oldest is closed.
    pub listen_streams_max: usize,
    /// Interval between keep-alive comments on an open stream.
    pub keep_alive_period: Duration,
    /// Bytes on their way to a session's client at which reading from its child stops.
    pub outbound_bytes_high: usize,
    /// Bytes on their way to a session's client at which reading from its child continues.
    pub outbound_bytes_low: usize,
    /// Bytes on their way to a session's client at which its GET streams are closed, and over
    /// HTTP+SSE the session with its only stream, because some messages cannot be delayed by not
    /// reading from the child.
    pub outbound_bytes_max: usize,

    // Children
    /// Children that start at the same time for requests without a session; further requests wait
    /// until one of them is ready.
    pub openings_max: usize,
    /// Time from the `initialize` of a client to the child's answer, including the era probe of the
    /// command; in HTTP+SSE also from opening a stream to `initialize`.
    pub startup_time_max: Duration,
    /// The same until the first child of the command has answered `initialize`, because its first
    /// start may install packages.
    pub first_startup_time_max: Duration,
    /// Time from a child's first question to further ones that are sent to the client together with
    /// it.
    pub settle_time: Duration,
    /// Time from the cancellation of a request to the end of waiting for messages that its child
    /// may send because of it; a child that may still send a server request is ended then. Also for
    /// server requests that a new child may send on its own.
    pub cancel_time_max: Duration,
    /// Time from starting a command's first child, which is probed for its era, to treating silence
    /// as an answer, but never more than half of its startup time. Also for its list of tools,
    /// while a request waits for that.
    pub probe_time_max: Duration,
    /// Time from a request, its last progress, or the client's answer to a server request for it,
    /// to its answer.
    pub request_time_max: Duration,
    /// Time from a request to its answer, regardless of progress; also for server requests. Also
    /// from an `input_required` result to the retry.
    pub request_total_max: Duration,
    /// Bytes of a line on a child's standard output; a longer one is skipped.
    pub line_bytes_max: usize,
    /// Bytes per read from a child's standard output.
    pub pipe_read_bytes: usize,
    /// Bytes per write to a child's standard input.
    pub pipe_write_bytes: usize,
    /// Invalid lines of a child that are logged in a burst.
    pub noise_lines_burst: usize,
    /// Invalid lines of a child that are logged per second after the burst.
    pub noise_lines_per_second: usize,
    /// Bytes of a child's output without effect that are read per second, after a burst of four
    /// seconds' worth: standard error, lines that are not messages, and messages that are dropped.
    pub wasted_bytes_per_second: usize,
    /// Bytes that wait for a child to read them. One message is always accepted.
    pub stdin_bytes_max: usize,
    /// Server requests of a child that wait for the client's answer.
    pub child_requests_max: usize,
    /// Lines of a child's standard error that are logged in a burst.
    pub stderr_lines_burst: usize,
    /// Lines of a child's standard error that are logged per second after the burst.
    pub stderr_lines_per_second: usize,
    /// Bytes of a child's standard error that are kept for the report of its end, and for the end
    /// of a burst of too many lines.
    pub stderr_tail_bytes: usize,
    /// Time from closing a child's standard input to SIGTERM, and from SIGTERM to SIGKILL.
    pub stop_grace: Duration,
    /// Time from a child's exit, or its last message after that, to giving up on the rest of its
    /// output.
    pub exit_grace: Duration,
    /// Time from a child's exit to giving up on its output in any case.
    pub exit_time_max: Duration,
    /// Maximum pause between failed starts of the child.
    pub start_pause_max: Duration,
    /// The number of children in a row that are started for a session whose child has ended by
    /// itself, and that answer no request. If it is zero, a session ends with its child.
    pub child_starts_max: usize,

    // Log
    /// Events of one kind and reason that are logged per second, for those that a peer can cause at
    /// any rate. Debug events are not limited.
    pub log_repeats_per_second: usize,
    /// Requests that are logged per second; further ones are counted in one line.
    pub log_requests_per_second: usize,

    // Shutdown
    /// Time from the request to stop to closing the listener. Meanwhile everything is served as
    /// before, and `/readyz` returns 503, so that a load balancer first stops sending clients here.
    pub stop_delay: Duration,
    /// Once everything has been answered: the time that a connection stays open for a request that
    /// its client sent before it could know of the stop. It is refused properly, so that every
    /// request gets an answer.
    pub farewell_time_max: Duration,
    /// Time from the request to stop to a forced stop.
    pub drain_time_max: Duration,
}

impl Limits {
    /// Returns the maximum number of open requests and streams: an eighth of the connections is
    /// reserved for probes and for requests that are answered at once.
    pub(crate) fn open_requests_max(&self) -> usize {
        (self.connections_max - self.connections_max / 8).max(1)
    }

    /// Returns the maximum number of open streams: GET streams, those of HTTP+SSE and
    /// `subscriptions/listen`.
    pub(crate) fn open_streams_max(&self) -> usize {
        (self.connections_max - self.connections_max / 4).max(1)
    }

    /// Returns the share of `max` for one peer address: three quarters, because a proxy in front is
    /// one address for all its clients.
    pub(crate) fn peer_share(max: usize) -> usize {
        max - max / 4
    }

    /// Returns the share of `max` for one principal.
    pub(crate) fn principal_share(max: usize) -> usize {
        max - max / 2
    }
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory_bytes_max: 256 * MIB,
            connections_max: 1024,
            head_bytes_max: 32 * KIB,
            head_lines_max: 100,
            target_bytes_max: 8 * KIB,
            head_time_max: Duration::from_secs(10),
            idle_time_max: Duration::from_secs(75),
            body_bytes_max: 4 * MIB,
            body_time_max: Duration::from_secs(30),
            body_grace: Duration::from_secs(5),
            body_bytes_per_second_min: KIB,
            write_time_max: Duration::from_secs(30),
            half_closed_time_max: Duration::from_secs(1),
            linger_time_max: Duration::from_secs(2),
            accept_pause: Duration::from_millis(50),
            json_depth_max: 128,
            child_json_depth_max: 1024,
            batch_len_max: 50,
            inline_bytes_max: 32 * KIB,
            requests_max: 1024,
            sessions_max: 100,
            session_idle_max: Duration::from_secs(300),
            initialized_time_max: Duration::from_millis(250),
            overtaking_len_max: 32,
            overtaking_bytes_max: MIB,
            in_flight_max: 1024,
            queue_len_max: 100,
            queue_bytes_max: 4 * MIB,
            replay_len_max: 256,
            replay_bytes_max: MIB,
            session_replay_bytes_max: 4 * MIB,
            ended_streams_max: 8,
            listen_streams_max: 8,
            keep_alive_period: Duration::from_secs(15),
            outbound_bytes_high: 4 * MIB,
            outbound_bytes_low: MIB,
            outbound_bytes_max: 64 * MIB,
            openings_max: 4,
            startup_time_max: Duration::from_secs(10),
            first_startup_time_max: Duration::from_secs(60),
            settle_time: Duration::from_millis(5),
            cancel_time_max: Duration::from_secs(2),
            probe_time_max: Duration::from_secs(4),
            request_time_max: Duration::from_secs(30),
            request_total_max: Duration::from_secs(600),
            line_bytes_max: 64 * MIB,
            pipe_read_bytes: 64 * KIB,
            pipe_write_bytes: 64 * KIB,
            noise_lines_burst: 10,
            noise_lines_per_second: 1,
            wasted_bytes_per_second: 4 * MIB,
            stdin_bytes_max: 8 * MIB,
            child_requests_max: 100,
            stderr_lines_burst: 500,
            stderr_lines_per_second: 50,
            stderr_tail_bytes: 4 * KIB,
            stop_grace: Duration::from_secs(5),
            exit_grace: Duration::from_millis(20),
            exit_time_max: Duration::from_secs(1),
            start_pause_max: Duration::from_secs(10),
            child_starts_max: 0,
            log_repeats_per_second: 5,
            log_requests_per_second: 100,
            stop_delay: Duration::ZERO,
            farewell_time_max: Duration::from_millis(250),
            drain_time_max: Duration::from_secs(30),
        }
    }
}
