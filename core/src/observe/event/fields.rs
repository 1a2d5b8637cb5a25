//! The fields of events: names and values.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

use super::{Detail, Event};
use crate::ids::SessionId;
use crate::observe::Answered;
use crate::reject::Reject;
use crate::time::Duration;

/// The value of an event's field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Bytes of a child, usually UTF-8; they may hold line breaks and control characters.
    Bytes(&'a [u8]),
    /// A number.
    Count(u64),
    /// A boolean.
    Flag(bool),
    /// A name or a short sentence of the core.
    Text(Cow<'static, str>),
    /// A text of the core with a name of its own within the field.
    Named(&'static str, Cow<'static, str>),
    /// A duration.
    Time(Duration),
}

impl Event {
    /// Calls `field` with the name and the value of each field, in a fixed order.
    pub fn fields(&self, mut field: impl FnMut(&'static str, Value<'_>)) {
        match self {
            Event::ChildStarted { child, pid } => {
                field("child", count(child.0));
                field("pid", count(*pid));
            }
            Event::ChildFailed { child, error } => {
                field("child", count(child.0));
                field("error", text(error));
            }
            Event::ChildEnded { child, status, asked, unanswered, stderr, is_logged } => {
                field("child", count(child.0));
                field("status", text(status));
                field("requested", Value::Flag(*asked));
                field("pending", length(*unanswered));
                if !is_logged {
                    tail(stderr, field);
                }
            }
            Event::ChildUnusable { status, stderr, is_logged } => {
                field("status", text(status));
                if !is_logged {
                    tail(stderr, field);
                }
            }
            Event::EraFound { era, assumed } => {
                field("era", text(era));
                field("assumed", Value::Flag(*assumed));
            }
            Event::InitializeRefused { child, words } => {
                field("child", count(child.0));
                field("error", text(words));
            }
            Event::KeysFetched { url, keys } => {
                field("url", shown(url));
                field("keys", length(*keys));
            }
            Event::KeysFailed { url, why, pause, has_keys: _ } => {
                field("url", shown(url));
                field("error", shown(why));
                field("retry_in", Value::Time(*pause));
            }
            Event::IntrospectionFailed { url, why } => {
                field("url", shown(url));
                field("error", shown(why));
            }
            Event::StartAwaited { command, waited } => {
                field("command", text(command));
                field("waited", Value::Time(*waited));
            }
            Event::ChildStderr { child, line } => {
                field("child", count(child.0));
                field("line", Value::Bytes(line));
            }
            Event::ChildStderrSkipped { child, lines }
            | Event::ChildNoiseSkipped { child, lines } => {
                field("child", count(child.0));
                field("lines", count(*lines));
            }
            Event::ChildGivenUp { child, status } => {
                field("child", count(child.0));
                field("reason", text(status));
            }
            Event::ChildNoise { child, flaw, excerpt, bytes } => {
                field("child", count(child.0));
                field("reason", name(flaw.name()));
                field("bytes", length(*bytes));
                field("line", Value::Bytes(excerpt));
            }
            Event::ChildNotMcp { child, excerpt } => {
                field("child", count(child.0));
                field("wrote", Value::Bytes(excerpt));
            }
            Event::Dropped { what, session } => {
                field("what", name(what.name()));
                field("session", short(*session));
            }
            Event::Refused { reject, detail } => {
                field("reason", name(reject.name()));
                field("status", count(reject.wire().status));
                match (reject.timeout(), detail) {
                    (Some((limit, option)), _) => timeout(limit, option, field),
                    (None, Some(Detail(detail))) => refused_detail(*reject, detail, field),
                    (None, None) => {}
                }
            }
            Event::TlsFailed { failure, detail: Detail(detail), peer } => {
                field("reason", name(failure.name()));
                field("detail", text(detail));
                if let Some(peer) = peer {
                    field("peer", text(&peer.to_canonical()));
                }
            }
            Event::TimedOut { method, session, limit, option } => {
                field("method", name(method));
                if let Some(session) = session {
                    field("session", short(*session));
                }
                timeout(*limit, *option, field);
            }
            Event::RequestDone(answered) => answered_fields(answered, field),
            Event::SessionOpening { session, child }
            | Event::SessionRestored { session, child }
            | Event::RestoreRefused { session, child } => {
                field("session", short(*session));
                field("child", count(child.0));
            }
            Event::SessionOpened { session, revision, peer, client } => {
                field("session", short(*session));
                field("revision", text(revision));
                if let Some(peer) = peer {
                    field("peer", text(&peer.to_canonical()));
                }
                if let Some(client) = client {
                    field("client", Value::Text(Cow::Owned(client.to_string())));
                }
            }
            Event::SessionClosed { session, why, lived } => {
                field("session", short(*session));
                field("reason", name(why.name()));
                field("lived", Value::Time(*lived));
            }
            Event::Skipped { what, reason, times } => {
                field("what", name(what));
                field("reason", name(reason));
                field("times", count(*times));
            }
            Event::StopDelayed { delay } => field("delay", Value::Time(*delay)),
            Event::Draining { sessions } => field("sessions", length(*sessions)),
            Event::StillStopping { processes } => {
                field("processes", length(*processes));
                field("hint", name("Ctrl-C or SIGTERM again ends them at once"));
            }
            Event::Stopped { forced } => field("forced", Value::Flag(*forced)),
        }
    }
}

/// Adds the refused part of a request and, if an option would allow it, that option with its value.
fn refused_detail(reject: Reject, detail: &str, mut field: impl FnMut(&'static str, Value<'_>)) {
    let (key, option) = match reject {
        Reject::ForbiddenHost => ("host", Some("--allow-host")),
        // Pages without an origin send `null`, which cannot be listed.
        Reject::ForbiddenOrigin => ("origin", detail.contains("://").then_some("--allow-origin")),
        Reject::BadMcpHeader
        | Reject::BadVariableHeader
        | Reject::MethodNotAllowed { .. }
        | Reject::NotAcceptable
        | Reject::NotFound
        | Reject::ServerBroken
        | Reject::UnsupportedMediaType => ("request", None),
        Reject::RateExceeded { .. } | Reject::ConcurrencyExceeded | Reject::ClientSessionsFull => {
            ("client", None)
        }
        _ => ("detail", None),
    };
    field(key, text(&detail));
    if let Some(option) = reject.client_limit() {
        field("option", name(option));
    }
    if let Some(option) = option {
        field("allowed_by", Value::Text(Cow::Owned(format!("{option} {detail}"))));
    }
}

fn count(number: impl Into<u64>) -> Value<'static> {
    Value::Count(number.into())
}

/// Returns a text that may hold words of another server.
fn shown(text: &str) -> Value<'static> {
    Value::Text(Detail::of_text(text).as_str().to_owned().into())
}

fn length(number: usize) -> Value<'static> {
    Value::Count(u64::try_from(number).unwrap_or(u64::MAX))
}

fn name(name: &'static str) -> Value<'static> {
    Value::Text(Cow::Borrowed(name))
}

fn text(shown: &impl fmt::Display) -> Value<'static> {
    Value::Text(Cow::Owned(shown.to_string()))
}

/// Returns a prefix of a session id, enough to tell sessions apart, too short to use.
fn short(session: SessionId) -> Value<'static> {
    Value::Text(Cow::Owned(format!("{session:?}")))
}

fn answered_fields(answered: &Answered, mut field: impl FnMut(&'static str, Value<'_>)) {
    let Answered { id, peer, client, session, method, tool, status, took, error } = answered;
    if let Some(id) = id {
        field("context", Value::Named("requestId", Cow::Owned(id.to_string())));
    }
    field("method", name(method));
    if let Some(tool) = tool {
        field("tool", text(tool));
    }
    field("status", count(*status));
    field("took", Value::Time(*took));
    field("ok", Value::Flag(error.is_none()));
    if let Some(error) = error {
        field("error", name(error));
    }
    if let Some(session) = session {
        field("session", short(*session));
    }
    if let Some(client) = client {
        field("client", text(client));
    }
    if let Some(peer) = peer {
        field("peer", text(&peer.to_canonical()));
    }
}

fn timeout(
    limit: Duration,
    option: Option<&'static str>,
    mut field: impl FnMut(&'static str, Value<'_>),
) {
    field("limit", Value::Time(limit));
    if let Some(option) = option {
        field("option", name(option));
    }
}

fn tail(stderr: &Bytes, mut field: impl FnMut(&'static str, Value<'_>)) {
    if !stderr.is_empty() {
        field("stderr", Value::Bytes(stderr));
    }
}
