//! The identities of both sides: the client's description of itself, and the child's.
//!
//! Owns: the result of `initialize`, and the parts of it that later requests need.

use std::sync::Arc;

use super::subscriptions::Filter;
use super::{FacadeCx, LegacyFacade};
use crate::json::object::Object;
use crate::json::{Answer, line};
use crate::legacy_facade::{FromWorker, RequestFlags, ToWorker};
use crate::protocol::Revision;
use crate::reject::{Flaw, Reject};
use crate::server::LogLevel;
use crate::translate::modern_child::{self, Caller};

/// The maximum length of the client's description in bytes, because every request carries it.
const CLIENT_INFO_BYTES_MAX: usize = 16 * 1024;

/// The description of the client, and of the features it was offered.
#[derive(Debug)]
pub(super) struct Client {
    /// The negotiated revision.
    pub(super) revision: Revision,
    /// Its capabilities, as in every request (JSON text).
    pub(super) capabilities: Box<[u8]>,
    /// Its `clientInfo` (JSON text).
    info: Option<Box<[u8]>>,
    /// Its log level, as in every request (JSON text).
    log_level: Option<Box<[u8]>>,
    offers: Offers,
}

/// An `initialize` that waits for the child's description.
#[derive(Clone, Copy, Debug)]
pub(super) struct PendingInitialize {
    /// The number of `server/discover`.
    pub(super) number: u64,
    call: u64,
}

/// The features of the child that the client was offered.
#[derive(Clone, Debug, Default)]
struct Offers {
    lists: Filter,
    logging: bool,
    subscriptions: bool,
}

impl Default for Client {
    fn default() -> Client {
        Client {
            revision: Revision::NEWEST_LEGACY,
            capabilities: Box::from(*b"{}"),
            info: None,
            log_level: None,
            offers: Offers::default(),
        }
    }
}

impl Client {
    /// Returns its description for requests.
    pub(super) fn caller(&self) -> Caller<'_> {
        Caller {
            capabilities: &self.capabilities,
            info: self.info.as_deref(),
            log_level: self.log_level.as_deref(),
        }
    }

    /// Returns the lists whose changes it is notified of.
    pub(super) fn lists(&self) -> Filter {
        self.offers.lists.clone()
    }

    /// Returns whether it was offered resource subscriptions.
    pub(super) fn may_subscribe(&self) -> bool {
        self.offers.subscriptions
    }

    /// Returns whether its requests ask for log messages.
    pub(super) fn wants_logs(&self) -> bool {
        self.log_level.is_some()
    }
}

impl LegacyFacade {
    /// Handles the client's `initialize`. If the child's description is unknown, it is requested
    /// first.
    pub(super) fn initialize(&mut self, call: u64, params: Option<&[u8]>, at: &mut FacadeCx<'_>) {
        match self.read_client(params) {
            Ok(client) => self.client = client,
            Err(answer) => return self.answer(call, answer),
        }
        if let Some(known) = self.discovery.take() {
            return self.answer_initialize(call, &known);
        }
        let number = at.next_upstream();
        let params = modern_child::own(None);
        let id = number.to_string();
        let line = line::request(id.as_bytes(), "server/discover", Some(&params));
        self.send_upstream(ToWorker::Request {
            number,
            line: line.into(),
            flags: RequestFlags::default(),
        });
        self.opening = Some(PendingInitialize { number, call });
    }

    fn read_client(&self, params: Option<&[u8]>) -> Result<Client, Answer<'static>> {
        let bad = || refusal(Reject::BadParams);
        let params = params.and_then(Object::read).ok_or_else(bad)?;
        let wanted = params.text("protocolVersion").ok_or_else(bad)?;
        let revision = Revision::agreed(&wanted, &self.served);
        let is_object = |text: &&[u8]| text.starts_with(b"{");
        let capabilities = params.some("capabilities").filter(is_object);
        let info = params.some("clientInfo").filter(is_object);
        let said = capabilities.map_or(0, <[u8]>::len) + info.map_or(0, <[u8]>::len);
        if said > CLIENT_INFO_BYTES_MAX {
            return Err(bad());
        }
        let capabilities = modern_child::client_capabilities(capabilities, revision);
        let info = info.map(Box::from);
        Ok(Client { revision, capabilities: capabilities.into(), info, ..Client::default() })
    }

    /// Handles the result of `server/discover`.
    pub(super) fn on_discovery(&mut self, opening: PendingInitialize, heard: &FromWorker) {
        let PendingInitialize { number, call } = opening;
        match heard {
            FromWorker::Notification { .. } => {
                self.opening = Some(PendingInitialize { number, call })
            }
            FromWorker::Lost { reject, .. } => self.fail(call, *reject),
            FromWorker::Answer { message, .. } => match Answer::of(message) {
                Some(Answer::Error(error)) => {
                    self.answer(call, modern_child::error("initialize", &error, None));
                }
                Some(Answer::Result(result)) => {
                    let result: Arc<[u8]> = Arc::from(&*result);
                    self.answer_initialize(call, &result);
                    self.discovery = Some(result);
                }
                None => {}
            },
        }
    }

    fn answer_initialize(&mut self, call: u64, discovery: &[u8]) {
        match modern_child::initialize(discovery, self.client.revision) {
            Some(told) => {
                self.client.offers = offers(discovery);
                self.answer(call, Answer::result(told));
            }
            None => self.fail(call, Reject::BadAnswer(Flaw::Result)),
        }
    }

    /// Returns the child's result of `server/discover` (JSON text), if this session requested it,
    /// so that the next need not.
    pub(crate) fn take_discovery(&mut self) -> Option<Arc<[u8]>> {
        self.discovery.take()
    }

    /// Handles `logging/setLevel`.
    pub(super) fn set_level(&mut self, call: u64, params: Option<&[u8]>) {
        if !self.client.offers.logging {
            return self.answer(call, refusal(Reject::UnknownMethod));
        }
        let level = params.and_then(Object::read).and_then(|params| {
            let level = params.text("level")?;
            LogLevel::parse(&level).ok()
        });
        let Some(level) = level else { return self.answer(call, refusal(Reject::BadParams)) };
        self.client.log_level = Some(format!("\"{}\"", level.as_str()).into_bytes().into());
        self.answer(call, empty_result());
    }
}

/// Returns the features in the child's result of `server/discover`.
fn offers(result: &[u8]) -> Offers {
    let result = Object::read_or_empty(Some(result));
    let capabilities = Object::read_or_empty(result.get("capabilities"));
    let has = |area: &str, what: &str| {
        capabilities.object(area).is_some_and(|area| area.get(what) == Some(b"true"))
    };
    Offers {
        lists: Filter {
            prompts: has("prompts", "listChanged"),
            resources: has("resources", "listChanged"),
            tools: has("tools", "listChanged"),
            ..Filter::default()
        },
        logging: capabilities.object("logging").is_some(),
        subscriptions: has("resources", "subscribe"),
    }
}

/// Returns an error of this side.
pub(super) fn refusal(reject: Reject) -> Answer<'static> {
    let wire = reject.wire();
    Answer::error(wire.code, &wire.message)
}

/// Returns an empty result.
pub(super) fn empty_result() -> Answer<'static> {
    Answer::result(b"{}".to_vec())
}
