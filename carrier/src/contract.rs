//! What a runtime owes: the contract between an adapter and the core, for whoever writes one.
//!
//! There is no `trait Runtime`: a trait would have to be asynchronous or not, and the contract is
//! behaviour. The suite in `tests` holds every runtime to it; a new one is mounted there by a file
//! as short as `tests/tests/smol.rs`. The three that exist have the same files in the same order:
//!
//! | file | what is in it |
//! |---|---|
//! | `lib` | `start`: makes the hub, starts the threads, runs until the end |
//! | `front` | the listener, and a task or thread for each connection |
//! | `child` | spawns children, and carries their pipes |
//! | `io` | sockets, pipes and timers as [`io`](crate::io) wants them polled |
//!
//! A runtime that polls futures enables this crate's feature `hyper`, and those four files are all
//! of it, about 300 lines. `runtime-blocking` has a server of its own between `front` and the hub.
//!
//! # The ten functions
//!
//! | function | whose | what it owes |
//! |---|---|---|
//! | `now` | carrier, [`Clock`] | monotonic microseconds; the only caller of the system's clock |
//! | `seed` | carrier, [`Hub::new`] | 32 bytes from the system, once for each engine |
//! | `accept` | runtime | a connection becomes requests, behind its guard, and the rules see each |
//! | `reply` | carrier with `hyper` | head and whole body, with `Content-Length`; keep-alive |
//! | `stream` | carrier with `hyper` | each part leaves at once, and what was taken is reported |
//! | `watch` | carrier with `hyper` | a peer that has gone is noticed while its answer is awaited |
//! | `sleep` | runtime, [`Alarm`] | one timer for the engine, one for each connection; never late |
//! | `spawn` | runtime | children with three pipes, in their own group, and nobody left a zombie |
//! | `run` | nobody | no work of the core is handed out: what takes long is a call, outside the lock |
//! | `stop` | both, [`Stopper`] | the wish to stop is a fact; the engine says what follows |
//!
//! # What the carrier gives
//!
//! [`Hub`] is the engine behind one lock. A runtime never sees an action: the hub carries them out,
//! in the order they were pushed, by one `match` without a wildcard, and under the same lock as the
//! fact they follow from. So an action is never overtaken by that of a later fact. None of them
//! waits: each is a push to a mailbox, to the bounded channel of orders or to the events for the
//! log, or a signal. Whom that wakes is woken after the lock is free, then the log is written, and
//! last the phase changes.
//!
//! - Facts that carry data come from here too: [`Hub::open`] numbers a request and hands back the
//!   [`Exchange`] on which its answer arrives; [`Pipes::carry`] frames and parses what a child
//!   writes, outside the lock. What is left to a runtime to report are
//!   [`Started`](pontoon_core::machine::Input::Started), once it listens, and [`Refused`](pontoon_core::machine::Input::Refused), for what a
//!   guard or the rules have turned away.
//! - An [`Exchange`] that is dropped, for whatever reason, is reported as closed; one that was
//!   answered by a reply without receipt already is. There is nothing to clean up by hand.
//! - With `hyper`, `http::Endpoint::converse` is the whole life of a connection, given a
//!   [`Socket`] and an [`Alarm`].
//!
//! # What a runtime brings
//!
//! **accept.** At most `connections_max` connections at once. For one more, `Endpoint::make_room` has
//! another one give way; until there is room it waits, and those after it stay in the listener's
//! backlog. After a failed accept `accept_pause` goes by. Every byte passes a
//! `core::http::Guard` before an HTTP library sees it, and its deadlines are kept. No more is read
//! from a connection than the guard has room to hold back. Accepting ends with
//! [`Phase::Serving`]; connections that have nothing to say end with it.
//!
//! **io.** Each [`Source`], [`Sink`], [`Socket`], [`Stdin`] and [`Alarm`] is polled by one task at a
//! time. A write takes what the system takes now, in one call; nothing is buffered behind it.
//! [`Stdin::poll_closed`] tells of a child that has closed its end while nothing is written.
//! An [`Alarm`] may fire early, and is then polled again; late it may not be.
//!
//! **spawn.** [`Hub::new`] returns the [`Order`]s; they are carried out one after the other, on a
//! thread that lives as long as the children, for on Linux they are killed with the thread that
//! spawned them. [`Order::command`] is complete but for the pipes a library insists on setting
//! itself. Then either [`Order::failed`], with the system's error as it is, or [`Order::spawned`];
//! of what that returns [`Pipes::carry`] gets the pipes, and [`End::reached`] what waiting for the
//! process brought. Both run to their end without each other: pipes may outlive a process, and a
//! process its pipes. Killing is not the runtime's: signals go to the group by themselves.
//!
//! **sleep.** One task runs [`Hub::keep_time`] for as long as the endpoint lives. The hub wakes it
//! when an earlier deadline turns up.
//!
//! **stop.** `start` returns a [`Running`] and has begun to listen. Its thread waits for
//! [`Hub::stopped`], which also kills what is left of children, then until the last connection has
//! ended, and returns [`Ended`]. Signals of the operating system are the program's, not the
//! runtime's.
//!
//! # What no adapter does
//!
//! - It chooses no status, no header, no body and no text: [`ReplyHead`] and `core::http::Answer`
//!   are complete, but for the framing and the date.
//! - It has no limit, deadline or period of its own; all are in `core::limits::Limits`. No timer
//!   policy either: it asks the engine or a guard for the next deadline, and calls when it has come.
//! - It retries nothing, and reports a failure once.
//! - It looks into no payload, and changes none; [`coding::encode`] packs a whole answer where the
//!   core says so.
//! - It keeps nothing without a bound. Mailboxes have none of their own because the engine has:
//!   see below.
//! - It matches on an action without `_`, so that the compiler shows where a new one is missing.
//! - It calls the engine under no lock of its own, and waits for nothing under the hub's.
//!
//! # Receipts, and who bounds what
//!
//! What the engine has pushed counts as on its way until it is reported as taken:
//! [`Sent`](pontoon_core::machine::Input::Sent) for bytes of a stream, or of a reply that asked for a receipt, and
//! [`ChildFed`](pontoon_core::machine::Input::ChildFed) for bytes a child has read. By these counts the engine closes a
//! child's gate, or refuses a request. An adapter that reports too early makes
//! memory unbounded, one that never reports stops the session. "Taken" means handed to what hands
//! it to the kernel, one part at a time: [`Exchange::taken`] is called when the transport asks for
//! a part, and so for the next only once there is room for it. [`Exchange`] reports when nothing
//! more waits, and otherwise every 64 KiB, so that a receipt is not a turn of the lock.
//!
//! A closed gate stops reading the child's output, and the child stops at its full pipe. A read
//! that already waits is let through. The lines of one read are reported 64 at a time: other
//! sessions have their turn in between.
//!
//! # Panics and threads
//!
//! A panic under the hub's lock ends the program, and with it the children: half an effect may have
//! been carried out. A panic anywhere else is that task's: the connection closes, its exchanges are
//! reported as closed by being dropped, and the locks it may have held are of things that a panic
//! cannot leave half changed.
//!
//! [`Hub`], [`Exchange`], [`Pipes`] and [`End`] may be used from any thread. A turn of the hub takes
//! microseconds; more threads than [`THREADS_MAX`] wait for it. The log is called from whichever
//! thread has caused an event, never under a lock of the engine, and in the order of events.
//!
//! # One request
//!
//! ```text
//!  1  front     takes a permit, accepts, has the connection served by a task of its own
//!  2  carrier   reads; the guard holds the head back until it is complete and clean
//!  3  hyper     parses it and calls the service
//!  4  carrier   Rules::admit judges the head; the body is read, Admission::request parses it
//!  5  carrier   Hub::open: number, mailbox and Requested under one lock
//!  6  engine    finds the session, pushes Feed to its child; returns
//!  7  child     (below) answers: ChildLine; the engine pushes Reply, or Begin, Write, Finish
//!  8  hub       puts them into the exchange's mailbox, frees the lock, wakes the service
//!  9  carrier   Exchange::answer: a whole reply, or a stream that is polled part by part
//! 10  hyper     writes; what it takes is reported as Sent where that is wanted
//! 11  carrier   the body is dropped: the guard lets the next head pass, Closed is reported
//! ```
//!
//! A request that a guard refuses never comes to 3: hyper reads a stand-in, and the service answers
//! that with the refusal, so that answers keep their order. One that the rules refuse ends at 4. A
//! peer that goes away between 5 and 11 drops the service, and so the exchange.
//!
//! # One child
//!
//! ```text
//!  1  engine    pushes Spawn; the hub makes its mailbox and puts an Order into a bounded channel
//!               (if it is full, that is a ChildSpawnFailed)
//!  2  child     the spawning thread takes it, spawns, Order::spawned: ChildSpawned
//!  3  child     one task for Pipes::carry, one that waits for the process and its End
//!  4  carrier   writes what is fed, and reports ChildFed after each write
//!  5  carrier   reads lines and standard error: ChildLine, ChildStderr
//!  6  engine    wants it to end: CloseStdin, after a grace Signal(Terminate), then Signal(Kill)
//!  7  child     the process ends: End::reached, ChildExited; the engine has its group killed
//!  8  carrier   the pipes end: ChildStderrClosed, ChildStdoutClosed
//!  9  engine    pushes Release: what is still open of its pipes is dropped
//! ```
//!
//! Facts about a child that has been released are not reported any more. One that is released
//! before it was spawned is killed as soon as it is.
//!
//! [`Alarm`]: crate::io::Alarm
//! [`Clock`]: crate::clock::Clock
//! [`coding::encode`]: crate::coding::encode
//! [`End`]: crate::child::End
//! [`End::reached`]: crate::child::End::reached
//! [`Ended`]: crate::Ended
//! [`Exchange`]: crate::exchange::Exchange
//! [`Exchange::taken`]: crate::exchange::Exchange::taken
//! [`Hub`]: crate::hub::Hub
//! [`Hub::keep_time`]: crate::hub::Hub::keep_time
//! [`Hub::new`]: crate::hub::Hub::new
//! [`Hub::open`]: crate::hub::Hub::open
//! [`Hub::stopped`]: crate::hub::Hub::stopped
//! [`Order`]: crate::child::Order
//! [`Order::command`]: crate::child::Order::command
//! [`Order::failed`]: crate::child::Order::failed
//! [`Order::spawned`]: crate::child::Order::spawned
//! [`Phase::Serving`]: crate::Phase::Serving
//! [`Pipes`]: crate::child::Pipes
//! [`Pipes::carry`]: crate::child::Pipes::carry
//! [`ReplyHead`]: pontoon_core::http::ReplyHead
//! [`Running`]: crate::Running
//! [`Sink`]: crate::io::Sink
//! [`Socket`]: crate::io::Socket
//! [`Source`]: crate::io::Source
//! [`Stdin`]: crate::io::Stdin
//! [`Stdin::poll_closed`]: crate::io::Stdin::poll_closed
//! [`Stopper`]: crate::Stopper
//! [`THREADS_MAX`]: crate::THREADS_MAX
