//! The slow and simple parser: each property is determined separately, from the text, with
//! `serde_json`.

use std::fmt;

use bytes::Bytes;
use pontoon_core::testing::ID_BYTES_MAX;
use pontoon_core::{InvalidSubject, MessageKind, ParseRules, Peer, Reject};
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A parsed text, with everything that is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Faults that the parser must not overlook.
    pub(super) must_refuse: Vec<Reject>,
    /// Faults that it may name: those, and ambiguous keys.
    pub(super) may_refuse: Vec<Reject>,
    /// Whether another parser could find another id.
    pub(super) is_ambiguous: bool,
    /// The request it concerns, if it is not a message.
    pub(super) about: Option<InvalidSubject>,
    pub(super) kind: Option<MessageKind>,
    pub(super) id: Option<String>,
    pub(super) method: Option<String>,
    pub(super) progress_token: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) is_modern: bool,
    pub(super) result_revision: Option<String>,
}

const ENVELOPE: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];
const PARAMS: [&str; 10] = [
    "_meta",
    "arguments",
    "inputResponses",
    "name",
    "progressToken",
    "protocolVersion",
    "requestId",
    "requestState",
    "taskId",
    "uri",
];
const META: [&str; 5] = [
    MODERN[0],
    MODERN[1],
    "io.modelcontextprotocol/clientInfo",
    "io.modelcontextprotocol/logLevel",
    "progressToken",
];
const MODERN: [&str; 2] =
    ["io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities"];

impl Reading {
    pub(super) fn of(bytes: &[u8], rules: ParseRules) -> Reading {
        let mut reading = Reading::default();
        let text = str::from_utf8(bytes).ok();
        let Some(text) = text.filter(|text| serde_json::from_str::<&RawValue>(text).is_ok()) else {
            reading.refuse_all(Reject::BadJson);
            return reading;
        };
        let text = text.trim_ascii();
        let (depth, strings) = tokens(text);
        if depth > rules.depth_max {
            reading.refuse_all(Reject::TooDeep);
        }
        let half_pair = |quoted: &&str| serde_json::from_str::<String>(quoted).is_err();
        if rules.sender == Peer::Client && strings.iter().any(half_pair) {
            reading.refuse_all(Reject::LoneSurrogate);
        }
        match members(text) {
            Some(members) => reading.envelope(&members, rules.sender),
            None => reading.refuse(Reject::BadMessage),
        }
        reading
    }

    fn refuse(&mut self, reject: Reject) {
        self.must_refuse.push(reject);
        self.may_refuse.push(reject);
    }

    /// Refuses a text in which not even an id is reliable.
    fn refuse_all(&mut self, reject: Reject) {
        self.refuse(reject);
        self.is_ambiguous = true;
    }

    fn envelope(&mut self, members: &[Member<'_>], sender: Peer) {
        for member in members {
            if ENVELOPE.iter().any(|name| member.must_pass_for(name)) {
                self.refuse_all(Reject::ConfusableKey);
            } else if ENVELOPE.iter().any(|name| member.may_pass_for(name)) {
                self.may_refuse.push(Reject::ConfusableKey);
            }
        }
        if has_twice(members, &ENVELOPE) {
            self.refuse_all(Reject::DuplicateKey);
        }
        let is_child = sender == Peer::Child;
        let version = value(members, "jsonrpc");
        if version != Some("\"2.0\"") {
            self.refuse(Reject::BadVersion);
        }
        self.kind = kind(members, is_child);
        if self.kind.is_none() {
            self.refuse(Reject::BadMessage);
        }
        self.about = about(members, sender);
        let id = value(members, "id");
        match id {
            Some("null") if self.kind == Some(MessageKind::Error) => {}
            Some(id) if !is_name(id) => self.refuse(Reject::BadId),
            _ => self.id = id.map(str::to_owned),
        }
        if let Some(method) = value(members, "method") {
            self.method = string(method);
            if !method.starts_with('"') {
                self.refuse(Reject::BadMethod);
            }
        }
        self.params(value(members, "params"), is_child);
        let result = value(members, "result").and_then(self::members).unwrap_or_default();
        let revisions: Vec<_> = result.iter().filter(|m| m.key == "protocolVersion").collect();
        if let ([revision], Some(MessageKind::Result)) = (&revisions[..], self.kind) {
            self.result_revision = string(revision.value);
        }
    }

    fn params(&mut self, params: Option<&str>, may_be_null: bool) {
        let is_call = matches!(self.kind, Some(MessageKind::Request | MessageKind::Notification));
        let params = params.filter(|params| !(may_be_null && *params == "null"));
        if is_call && params.is_some_and(|params| !params.starts_with(['{', '['])) {
            self.refuse(Reject::ParamsNotObject);
        }
        let params = params.and_then(members).unwrap_or_default();
        if has_twice(&params, &PARAMS) {
            self.refuse(Reject::DuplicateKey);
        }
        let meta = value(&params, "_meta").filter(|meta| !(may_be_null && *meta == "null"));
        if is_call && meta.is_some_and(|meta| !meta.starts_with('{')) {
            self.refuse(Reject::BadParams);
        }
        let meta = meta.and_then(members).unwrap_or_default();
        if has_twice(&meta, &META) {
            self.refuse(Reject::DuplicateKey);
        }
        self.is_modern = is_call && MODERN.iter().any(|key| value(&meta, key).is_some());
        match (self.kind, self.method.as_deref()) {
            (Some(MessageKind::Request), _) => {
                self.progress_token = value(&meta, "progressToken").map(str::to_owned);
                if self.progress_token.as_deref().is_some_and(|token| !is_name(token)) {
                    self.refuse(Reject::BadParams);
                }
            }
            (_, Some("notifications/cancelled")) => self.about(value(&params, "requestId")),
            (_, Some("notifications/progress")) => self.about(value(&params, "progressToken")),
            _ => {}
        }
    }

    fn about(&mut self, subject: Option<&str>) {
        self.subject = subject.map(str::to_owned);
        if subject.is_some_and(|s| s.starts_with(['{', '[', 't', 'f', 'n'])) {
            self.refuse(Reject::BadParams);
        }
    }
}

fn has_twice(members: &[Member<'_>], names: &[&str]) -> bool {
    let count = |name: &&str| members.iter().filter(|member| member.key == *name).count();
    names.iter().any(|name| count(name) > 1)
}

fn kind(members: &[Member<'_>], is_child: bool) -> Option<MessageKind> {
    let has = |name| value(members, name).is_some();
    let is = |name| value(members, name).is_some_and(|value| !is_child || value != "null");
    match (has("method"), has("result"), has("error"), has("id")) {
        (true, false, false, true) => Some(MessageKind::Request),
        (true, false, false, false) => Some(MessageKind::Notification),
        (false, true, false, true) => Some(MessageKind::Result),
        (false, false, true, _) => Some(MessageKind::Error),
        (false, true, true, true) if !is("error") => Some(MessageKind::Result),
        (false, true, true, _) if is("error") && !is("result") => Some(MessageKind::Error),
        _ => None,
    }
}

/// Returns the request that a text concerns: the sender's own unless it looks like an answer. A
/// child's object without any sign of JSON-RPC concerns none.
fn about(members: &[Member<'_>], sender: Peer) -> Option<InvalidSubject> {
    let has = |name| value(members, name).is_some();
    let id = value(members, "id").filter(|id| is_name(id))?;
    let id = Bytes::copy_from_slice(id.as_bytes());
    match (has("method"), has("result") || has("error")) {
        (true, _) => Some(InvalidSubject::Request(id)),
        (false, true) => Some(InvalidSubject::Answer(id)),
        (false, false) if sender == Peer::Client => Some(InvalidSubject::Request(id)),
        (false, false) => has("jsonrpc").then_some(InvalidSubject::Answer(id)),
    }
}

/// Returns whether a value is a string or an integer, within the length limit. A number is an
/// integer if its last digit other than zero is not behind the point, after the exponent has moved
/// the point.
fn is_name(value: &str) -> bool {
    if value.len() > ID_BYTES_MAX {
        return false;
    }
    if value.starts_with('"') {
        return true;
    }
    if !value.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return false;
    }
    let (mantissa, exponent) = value.split_once(['e', 'E']).unwrap_or((value, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{}{fraction}", whole.trim_start_matches('-'));
    if digits.bytes().all(|digit| digit == b'0') {
        return true;
    }
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let smallest =
        exponent.parse::<i128>().ok().map(|e| e + zeros as i128 - fraction.len() as i128);
    smallest.map_or(!exponent.starts_with('-'), |exponent| exponent >= 0)
}

/// A member of an object.
pub(super) struct Member<'a> {
    /// Its key, as the text between the quotes.
    raw: &'a str,
    /// Its key, unescaped; empty if it has a lone surrogate.
    key: String,
    value: &'a str,
}

impl Member<'_> {
    /// Returns whether a plausible parser takes this key for `name`, though it is written
    /// differently.
    fn must_pass_for(&self, name: &str) -> bool {
        let key = self.key.split('\0').next().unwrap_or_default().trim();
        self.raw != name
            && (self.key == name
                || key == name
                || key.to_lowercase() == name
                || key.to_uppercase() == name.to_uppercase())
    }

    /// Returns whether it has the letters of `name`, in any form, possibly among other characters.
    fn may_pass_for(&self, name: &str) -> bool {
        if self.key.is_empty() {
            return self.raw.contains('\\');
        }
        let letters = |text: &str| -> String {
            let upper = text.chars().flat_map(char::to_uppercase);
            upper.flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
        };
        let cuts = self.key.match_indices('\0').map(|(at, _)| at).chain([self.key.len()]);
        self.raw != name && cuts.into_iter().any(|cut| letters(&self.key[..cut]) == name)
    }
}

/// Returns the value of the first member of this name.
fn value<'a>(members: &[Member<'a>], name: &str) -> Option<&'a str> {
    members.iter().find(|member| member.key == name).map(|member| member.value)
}

/// Returns the members of an object, including duplicates, or `None` for any other value.
fn members(text: &str) -> Option<Vec<Member<'_>>> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<Member<'de>>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                members.push(Member {
                    raw: &key.get()[1..key.get().len() - 1],
                    key: string(key.get()).unwrap_or_default(),
                    value: value.get(),
                });
            }
            Ok(members)
        }
    }
    serde_json::Deserializer::from_str(text).deserialize_map(Members).ok()
}

/// Returns the elements of an array, or `None` for any other text.
pub(super) fn elements(bytes: &[u8]) -> Option<Vec<&str>> {
    let elements: Vec<&RawValue> = serde_json::from_slice(bytes).ok()?;
    Some(elements.into_iter().map(RawValue::get).collect())
}

/// Returns the characters of a string, or `None` for any other value, and for a string with a lone
/// surrogate or U+FFFD.
fn string(value: &str) -> Option<String> {
    let string: String = serde_json::from_str(value).ok()?;
    Some(string).filter(|string| !string.contains(char::REPLACEMENT_CHARACTER))
}

/// Returns the depth of a valid text, and its strings with their quotes.
fn tokens(text: &str) -> (usize, Vec<&str>) {
    let (mut depth, mut deepest, mut strings) = (0, 0, Vec::new());
    let mut string_from = None;
    let mut escaped = false;
    for (at, char) in text.char_indices() {
        match (string_from, char) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(from), '"') => {
                strings.push(&text[from..=at]);
                string_from = None;
            }
            (Some(_), _) => {}
            (None, '"') => string_from = Some(at),
            (None, '{' | '[') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (None, '}' | ']') => depth -= 1,
            (None, _) => {}
        }
    }
    (deepest, strings)
}
