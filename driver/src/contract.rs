//! The contract between an adapter and the core, for authors of a runtime.
//!
//! There is no `trait Runtime`: a trait would have to be asynchronous or not, and the contract is
//! behaviour. The suite in `tests` checks it for every runtime; a new runtime is added there by a
//! file as short as `tests/tests/smol.rs`. The existing three have the same files, except that
//! `runtime-blocking` has `connection` in place of `front`, and `respond`, which writes the heads of
//! responses:
//!
//! | file | content |
//! |---|---|
//! | `lib` | `start`: creates the site, starts the threads, runs until the end |
//! | `front` | the listeners, and a task or thread for each connection |
//! | `child` | starts children, and transfers the bytes of their pipes |
//! | `io` | sockets, pipes and timers that implement the traits of [`io`](crate::io) |
//!
//! A runtime that has an executor enables this crate's feature `hyper`, and those four files are all
//! of it, about 300 lines. `runtime-blocking` polls one future on each thread, and waits itself in
//! between; its connections are [`PolledConnection`]s, without hyper.
//!
//! # The ten functions
//!
//! | function | owner | obligation |
//! |---|---|---|
//! | `now` | driver, [`Clock`] | monotonic microseconds; the only caller of the system's clock |
//! | `seed` | driver, [`Site::new`] | 32 bytes from the system, once for each engine |
//! | `accept` | runtime | a connection becomes requests, behind its guard, and the rules check each |
//! | `reply` | driver | head and whole body, with `Content-Length`; keep-alive |
//! | `stream` | driver | each part is sent at once, and accepted bytes are reported |
//! | `watch` | driver | a peer that disconnects is noticed while its answer is pending |
//! | `sleep` | runtime, [`Alarm`] | one timer for the engine, one for each connection; never late |
//! | `spawn` | runtime | children with three pipes, in their own group, without zombies |
//! | `run` | driver | a job is carried out without the lock, by the thread that reported its input |
//! | `stop` | both, [`Stopper`] | a request to stop is an input; the engine decides what follows |
//!
//! # The driver's part
//!
//! [`Site`] is the program: its servers, each with a [`Driver`], and what the listeners share. With
//! several servers its table finds the endpoint of a request by the path, before anything else; with
//! one server everything belongs to that. An update replaces the table as a whole. A replaced or
//! removed engine drains, and no connection is closed for it.
//!
//! [`Driver`] is one engine behind one lock. A runtime never sees an action: the driver carries them out,
//! in the order they were pushed, by one `match` without a wildcard, and under the same lock as the
//! input they follow from. So an action is never overtaken by that of a later input. None of them
//! waits: each is a push to a slot, to the bounded channel of orders or to the events for the
//! log, or a signal. After the lock is released, tasks are woken, then the log is written, and last
//! the phase changes.
//!
//! - Inputs with data come from here too: [`Driver::open`] numbers a request and returns the
//!   [`Exchange`] for its answer; [`ChildIo::run`] frames and parses a child's output, outside the
//!   lock. A runtime itself reports only [`Started`](pontoon_core::Input::Started), once
//!   it listens, and [`Refused`](pontoon_core::Input::Refused), for requests that a guard
//!   or the rules refused.
//! - An [`Exchange`] that is dropped, for any reason, is reported as closed, unless it was answered
//!   by a reply without receipt. No other cleanup is needed.
//! - `http::Front::converse`, or [`PolledConnection::poll`], serves a connection from start to end,
//!   with TLS if [`Site`] has settings for it, given a [`Socket`] and an [`Alarm`].
//!
//! # The runtime's part
//!
//! **accept.** [`Site::accept`] accepts connections, at most `connections_max` at once. For one
//! more it closes another one; until then it waits, and later ones stay in the listener's backlog.
//! After a failed accept it pauses for `accept_pause`, and if there are no descriptors left, closes
//! a connection. A runtime adds a [`Listener`], and starts a task or a thread that keeps the
//! [`Permit`] for as long as the connection is open. Every byte passes a
//! [`pontoon_core::http::Guard`] before an HTTP library sees it, and its deadlines are kept. A
//! connection is read no further than the guard has room to keep. While a head waits for a verdict,
//! the guard is told with [`Guard::pause_body`](pontoon_core::http::Guard::pause_body), because the
//! client is not waited for then. Accepting ends with [`Phase::Serving`]; idle connections end with
//! it.
//!
//! **io.** Each [`Source`], [`Sink`], [`Socket`], [`Stdin`] and [`Alarm`] is polled by one task at
//! a time. A write passes to the system what it accepts now, in one call, without a buffer behind
//! it. [`Stdin::poll_closed`] reports a child that has closed its end while nothing is written. An
//! [`Alarm`] may fire early, and is then polled again; it must not fire late.
//!
//! **spawn.** [`Site::new`] returns the channel of [`SpawnRequest`]s. They are carried out one
//! after the other, on a thread that lives as long as the children, because on Linux children are
//! killed when the thread that started them ends. [`SpawnRequest::command`] is complete, except for
//! the pipes that some libraries set themselves. Then the runtime calls [`SpawnRequest::failed`],
//! with the system's error unchanged, or [`SpawnRequest::spawned`], which returns two values:
//! [`ChildIo::run`] gets the pipes, and [`ExitWaiter::exited`] the result of waiting for the
//! process. Both run to their end independently: pipes may outlive a process, and a process its
//! pipes. A runtime does not kill; the driver sends signals to the group.
//!
//! **sleep.** One task runs [`Site::keep_time`] for as long as the program lives. A driver wakes
//! it for an earlier deadline.
//!
//! **stop.** `start` returns a [`Running`] and listens already. Its thread waits for
//! [`Site::stopped`], which also kills the remaining children, then until the last connection has
//! ended, and returns [`Ended`]. Signals of the operating system belong to the program, not to the
//! runtime.
//!
//! # Rules for adapters
//!
//! - It chooses no status, no header, no body and no text: a [`ResponseHead`] is complete, except for
//!   the date.
//! - It has no limit, deadline or period of its own; all are in [`pontoon_core::Limits`]. It
//!   has no timer policy either: it asks the engine or a guard for the next deadline, and calls when
//!   that has passed.
//! - It retries nothing, and reports a failure once.
//! - It reads and changes no payload.
//! - It keeps nothing without a bound. Slots have none of their own because the engine bounds
//!   them: see below.
//! - It matches on an action without `_`, so that the compiler shows where a new one is missing.
//! - It calls the engine under no lock of its own, and waits for nothing under the driver's.
//!
//! # Receipts and bounds
//!
//! Bytes that the engine has pushed count as on their way until they are reported as accepted:
//! [`Sent`](pontoon_core::Input::Sent) for bytes of a stream, or of a reply that asked for
//! a receipt, and [`ChildStdinAcked`](pontoon_core::Input::ChildStdinAcked) for bytes that
//! a child's standard input accepted. By these counts the engine pauses reading a child's output,
//! or refuses a request. An adapter that reports too early makes memory unbounded; one that never
//! reports stops the session. "Accepted" means passed on towards the kernel, one part at a time:
//! [`Exchange::taken`] is called when the transport asks for a part, and so for the next only once
//! there is room for it. [`Exchange`] reports when nothing more waits, and otherwise every 64 KiB,
//! so that not every receipt takes the lock.
//!
//! A closed gate pauses reading the child's standard output or standard error, and the child blocks
//! on its full pipe. A read in progress still completes. The lines of one read are reported 64 at a
//! time, so that other sessions get a turn in between.
//!
//! # Panics and threads
//!
//! A panic under the driver's lock ends the program, and with it the children, because half an
//! action may have been carried out. A panic anywhere else ends that task: the connection closes,
//! its exchanges are reported as closed by being dropped, and the locks it may have held protect
//! data that a panic cannot leave half changed.
//!
//! [`Driver`], [`Exchange`], [`ChildIo`] and [`ExitWaiter`] may be used from any thread. A turn of
//! the driver takes microseconds; more threads than [`THREADS_MAX`] would wait for it. The log is
//! called on the thread that caused an event, never under a lock of the engine, and in the order of
//! events.
//!
//! # One request
//!
//! ```text
//!  1  front     accepts, gets a permit, serves the connection with a task of its own
//!  2  driver    reads; the guard keeps the head until it is complete and valid
//!  3  hyper     parses it and calls the service
//!  4  driver    Site::admit finds the endpoint, whose Rules check the head; the body is read,
//!               Admission::request parses it
//!  5  driver    Driver::open: number, slot and Requested under one lock
//!  6  engine    finds the session, pushes WriteStdin to its child; returns
//!  7  child     (below) answers: ChildLine; the engine pushes Reply, or Begin, Write, Finish
//!  8  driver    puts them into the exchange's slot, frees the lock, wakes the service
//!  9  driver    Exchange::answer: a whole reply, or a stream that is polled part by part
//! 10  hyper     writes; what it takes is reported as Sent where that is wanted
//! 11  driver    the body is dropped: the guard lets the next head pass, Closed is reported
//! ```
//!
//! A request that a guard refuses never gets to 3: hyper reads a stand-in, and the service answers
//! that with the refusal, so that answers keep their order. One that the rules refuse ends at 4. A
//! peer that disconnects between 5 and 11 drops the service, and so the exchange.
//!
//! # One child
//!
//! ```text
//!  1  engine    pushes Spawn; the driver makes its slot and puts a SpawnRequest into a bounded
//!               channel (if it is full, that is a ChildSpawnFailed)
//!  2  child     the spawning thread takes it, spawns, SpawnRequest::spawned: ChildSpawned
//!  3  child     one task for ChildIo::run, one for the process and its ExitWaiter
//!  4  driver    writes what is due, and reports ChildStdinAcked after each write
//!  5  driver    reads lines and standard error: ChildLine, ChildStderr
//!  6  engine    stops it: CloseStdin, after a grace Signal(Terminate), then Signal(Kill)
//!  7  child     the process ends: ExitWaiter::exited, ChildExited; the engine has its group killed
//!  8  driver    the pipes end: ChildStderrClosed, ChildStdoutClosed
//!  9  engine    pushes Release: pipes that are still open are dropped
//! ```
//!
//! No inputs about a child are reported after its release. One that is released before it was
//! started is killed as soon as it is.
//!
//! [`Alarm`]: crate::io::Alarm
//! [`Clock`]: crate::clock::Clock
//! [`ExitWaiter`]: crate::child::ExitWaiter
//! [`ExitWaiter::exited`]: crate::child::ExitWaiter::exited
//! [`Ended`]: crate::Ended
//! [`Exchange`]: crate::exchange::Exchange
//! [`Exchange::taken`]: crate::exchange::Exchange::taken
//! [`Driver`]: crate::driver::Driver
//! [`Site`]: crate::site::Site
//! [`Site::accept`]: crate::site::Site::accept
//! [`Site::keep_time`]: crate::site::Site::keep_time
//! [`Site::new`]: crate::site::Site::new
//! [`Driver::open`]: crate::driver::Driver::open
//! [`Site::stopped`]: crate::site::Site::stopped
//! [`SpawnRequest`]: crate::child::SpawnRequest
//! [`SpawnRequest::command`]: crate::child::SpawnRequest::command
//! [`SpawnRequest::failed`]: crate::child::SpawnRequest::failed
//! [`SpawnRequest::spawned`]: crate::child::SpawnRequest::spawned
//! [`Phase::Serving`]: crate::Phase::Serving
//! [`Listener`]: crate::io::Listener
//! [`Permit`]: crate::connections::Permit
//! [`PolledConnection`]: crate::http::PolledConnection
//! [`PolledConnection::poll`]: crate::http::PolledConnection::poll
//! [`ChildIo`]: crate::child::ChildIo
//! [`ChildIo::run`]: crate::child::ChildIo::run
//! [`ResponseHead`]: pontoon_core::http::ResponseHead
//! [`Running`]: crate::Running
//! [`Sink`]: crate::io::Sink
//! [`Socket`]: crate::io::Socket
//! [`Source`]: crate::io::Source
//! [`Stdin`]: crate::io::Stdin
//! [`Stdin::poll_closed`]: crate::io::Stdin::poll_closed
//! [`Stopper`]: crate::Stopper
//! [`THREADS_MAX`]: crate::THREADS_MAX
