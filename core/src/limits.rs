//! Every limit of the core, with its default and its unit.
//!
//! Owns: the numbers. No limit is optional and none is infinite: where a peer could choose how
//! much memory or time it takes, a number here says how much it gets.

use crate::time::Duration;

/// How much of everything a peer may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    // Everything
    /// Bytes that are held for all clients and servers together: request bodies, lines of children,
    /// answers that no client has taken, what waits for a child, and events kept for
    /// `Last-Event-ID`. The shares of it are in [`crate::memory`].
    pub memory_bytes_max: usize,

    // HTTP connections
    /// Open connections. For a further one the connection gives way that waits longest for its peer;
    /// if none does, the further one waits in the listener's backlog.
    pub connections_max: usize,
    /// Bytes of a request head: request line, header lines and the empty line.
    pub head_bytes_max: usize,
    /// Header lines in a head.
    pub head_lines_max: usize,
    /// Bytes of a request target.
    pub target_bytes_max: usize,
    /// From the first byte of a head to its last.
    pub head_time_max: Duration,
    /// Silence allowed between two requests of a connection. Before the first one it is
    /// [`Limits::head_time_max`]. Longer than the 60 s after which load balancers give up an idle
    /// connection by default: they end it first, so no request meets a connection that is closing.
    pub idle_time_max: Duration,
    /// Bytes of a request body.
    pub body_bytes_max: usize,
    /// From the end of the head to the end of the body.
    pub body_time_max: Duration,
    /// How long a body may be slower than [`Limits::body_bytes_per_second_min`].
    pub body_grace: Duration,
    /// Bytes per second a body must bring, averaged since the end of the head, after the grace.
    pub body_bytes_per_second_min: usize,
    /// How long a peer may take no byte of what waits for it. What the operating system has taken off
    /// our hands counts as taken; it asks for more only once a good part of that has gone.
    pub write_time_max: Duration,
    /// How long a peer that sends no more may wait for the answer to its last request. One that has
    /// gone looks the same, and is taken for gone after that.
    pub half_closed_time_max: Duration,
    /// How long a connection waits, once its last answer was sent, for a peer that sends nothing to
    /// close it too.
    pub linger_time_max: Duration,
    /// Pause after a failed accept (file descriptors used up), before the next try.
    pub accept_pause: Duration,

    // JSON-RPC
    /// Nesting of arrays and objects in a message of a client.
    pub json_depth_max: usize,
    /// Nesting of arrays and objects in a message of a child.
    pub child_json_depth_max: usize,
    /// Messages in a batch, where there are batches: in 2025-03-26, and where a server in this
    /// process takes them in every revision.
    pub batch_len_max: usize,

    // Servers without sessions
    /// Requests that wait for their answer at once; those that are answered at once do not count.
    pub runs_max: usize,

    // Sessions
    /// Sessions at once; then the oldest idle one gives way, or `initialize` is refused.
    pub sessions_max: usize,
    /// How long a session may be unused, counted from the end of its last request.
    pub session_idle_max: Duration,
    /// Requests in flight in a session.
    pub in_flight_max: usize,
    /// Messages that wait in a session for a client to open a stream.
    pub queue_len_max: usize,
    /// Bytes of those messages.
    pub queue_bytes_max: usize,
    /// Events a stream keeps for `Last-Event-ID`.
    pub replay_len_max: usize,
    /// Bytes of those events.
    pub replay_bytes_max: usize,
    /// Bytes of the events that all streams of a session keep together; then the streams that ended
    /// first, and after them the one that keeps most, give way.
    pub session_replay_bytes_max: usize,
    /// Streams of a session that are kept after their end, for `Last-Event-ID`.
    pub ended_streams_max: usize,
    /// GET streams open at once in a session; then the oldest gives way.
    pub listen_streams_max: usize,
    /// Silence on an open stream after which a comment line is sent.
    pub keep_alive_period: Duration,
    /// Bytes on their way to a session's client at which its child is no longer read.
    pub outbound_bytes_high: usize,
    /// Bytes on their way to a session's client at which its child is read again.
    pub outbound_bytes_low: usize,
    /// Bytes on their way to a session's client at which its GET streams end, and over HTTP+SSE the
    /// session with its one stream: not all that comes there can be held back.
    pub outbound_bytes_max: usize,

    // Children
    /// Children that are opened at once for requests that belong to no session; further requests
    /// wait until one of them is open.
    pub openings_max: usize,
    /// From the `initialize` of a client to the child's answer, the search for the era of the command
    /// included; in HTTP+SSE also from opening a stream to `initialize`.
    pub startup_time_max: Duration,
    /// The same until one child of the command has answered `initialize`: the first start may
    /// install packages.
    pub first_startup_time_max: Duration,
    /// From a question of a child to the next one that is put to the client together with it.
    pub settle_time: Duration,
    /// From taking back a request that a child may have asked something for, or that it may log about,
    /// to not expecting any more of it; a child that might still ask is ended then. Also for what a
    /// child that was opened may ask by itself.
    pub cancel_time_max: Duration,
    /// From starting the first child of a command, which is asked for its era, to taking its silence
    /// for an answer, but never more than half of the time it has to start. Also for its list of tools, while a
    /// request waits for that.
    pub probe_time_max: Duration,
    /// From a request, its last sign of progress, or the answer to what it asked the client, to its
    /// answer.
    pub request_time_max: Duration,
    /// From a request to its answer, whatever progress it shows; for requests of the child too. Also
    /// from sending a client away with questions to its coming back.
    pub request_total_max: Duration,
    /// Bytes of a line on a child's standard output; a longer one is skipped.
    pub line_bytes_max: usize,
    /// Bytes read from a child's standard output at a time.
    pub pipe_read_bytes: usize,
    /// Bytes written to a child's standard input at a time.
    pub pipe_write_bytes: usize,
    /// Lines of a child that are no message and are logged one after the other.
    pub noise_lines_burst: usize,
    /// Lines of a child that are no message and are logged in a second, from then on.
    pub noise_lines_per_second: usize,
    /// Bytes that wait for a child to read them. One message is always taken.
    pub stdin_bytes_max: usize,
    /// Requests of a child that wait for the client's answer.
    pub child_requests_max: usize,
    /// Lines of a child's standard error that are logged one after the other.
    pub stderr_lines_burst: usize,
    /// Lines of a child's standard error that are logged in a second, from then on.
    pub stderr_lines_per_second: usize,
    /// Bytes of a child's standard error kept for the report of its end, and for the end of a burst
    /// of too many lines.
    pub stderr_tail_bytes: usize,
    /// From closing a child's standard input to SIGTERM, and from SIGTERM to SIGKILL.
    pub stop_grace: Duration,
    /// From a child's exit, or its last message after that, to giving up on what its pipes may
    /// still hold.
    pub exit_grace: Duration,
    /// From a child's exit to giving up on its pipes, whatever still comes from them.
    pub exit_time_max: Duration,
    /// Longest pause between failed starts of the child.
    pub start_pause_max: Duration,

    // Log
    /// Events of one kind and reason that a peer can cause as often as it likes, and that are
    /// logged in a second. Those for debugging are not counted.
    pub log_repeats_per_second: usize,
    /// Requests that are logged in a second; further ones are counted in one line.
    pub log_requests_per_second: usize,

    // Shutdown
    /// From the wish to stop to taking no new connections. Meanwhile everything is served as before,
    /// and `/readyz` says 503, so that a load balancer stops sending clients here first.
    pub stop_delay: Duration,
    /// Once everything has been answered: how long a connection stays open for a request that its
    /// client sent before it could know. It is refused in order, so nobody is left without an
    /// answer.
    pub farewell_time_max: Duration,
    /// From the wish to stop to stopping by force.
    pub drain_time_max: Duration,
}

impl Limits {
    /// Requests and streams that may be open at once: an eighth of the connections is left for
    /// probes and for requests that are answered at once.
    pub fn open_requests_max(&self) -> usize {
        (self.connections_max - self.connections_max / 8).max(1)
    }

    /// Streams that may be open at once: GET streams, those of HTTP+SSE and `subscriptions/listen`.
    pub fn open_streams_max(&self) -> usize {
        (self.connections_max - self.connections_max / 4).max(1)
    }

    /// The share of `max` that one peer address may have: three quarters, because a proxy in front
    /// is one address for all its clients.
    pub(crate) fn peer_share(max: usize) -> usize {
        max - max / 4
    }

    /// The share of `max` that one principal may have.
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
            runs_max: 1024,
            sessions_max: 100,
            session_idle_max: Duration::from_secs(300),
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
            stdin_bytes_max: 8 * MIB,
            child_requests_max: 100,
            stderr_lines_burst: 500,
            stderr_lines_per_second: 50,
            stderr_tail_bytes: 4 * KIB,
            stop_grace: Duration::from_secs(5),
            exit_grace: Duration::from_millis(20),
            exit_time_max: Duration::from_secs(1),
            start_pause_max: Duration::from_secs(10),
            log_repeats_per_second: 5,
            log_requests_per_second: 100,
            stop_delay: Duration::ZERO,
            farewell_time_max: Duration::from_millis(250),
            drain_time_max: Duration::from_secs(30),
        }
    }
}
