//! Modern clients for tests, and their view of the bridge.

use serde_json::json;

use super::rig::*;
use crate::config::{BridgeOptions, ChildEra, Config};
use crate::engine::*;
use crate::http::*;
use crate::limits::Limits;
use crate::principal::Principal;
use crate::protocol::Revision;

/// Returns a bridge that serves every revision, and knows that no tool has headers.
pub(super) fn bridge(bridge: BridgeOptions, limits: Limits) -> Rig {
    let mut rig = curious_bridge(bridge, limits);
    rig.engine.pool.as_mut().expect("a command").know_tools();
    rig
}

/// Returns a bridge that serves every revision.
pub(super) fn curious_bridge(bridge: BridgeOptions, limits: Limits) -> Rig {
    Rig::of(Config { bridge, revisions: Revision::ALL.into(), ..config(limits) })
}

/// Returns a bridge for a command of this era.
pub(super) fn bridge_of(child_era: ChildEra) -> Rig {
    bridge(BridgeOptions { child_era, ..BridgeOptions::default() }, Limits::default())
}

/// A modern client's description of itself.
#[derive(Clone, Debug)]
pub(super) struct Modern {
    pub(super) accept: Accept,
    pub(super) principal: Principal,
    /// Its capabilities.
    pub(super) capabilities: &'static str,
    /// Members of `_meta` besides those that every request has.
    pub(super) meta: &'static str,
}

impl Modern {
    pub(super) fn new() -> Modern {
        let principal = Principal::of(None);
        Modern { accept: BOTH, principal, capabilities: "{}", meta: "" }
    }

    /// Supports questions.
    pub(super) fn able(self) -> Modern {
        Modern { capabilities: r#"{"elicitation":{}}"#, ..self }
    }

    /// Returns a client with these credentials.
    pub(super) fn named(name: &str) -> Modern {
        Modern { principal: Principal::of(Some(name.as_bytes())), ..Modern::new() }
    }

    /// Returns the body of a request: `params` are members of an object, or empty.
    pub(super) fn body(&self, id: &str, method: &str, params: &str) -> String {
        let (comma, extra) = (if params.is_empty() { "" } else { "," }, self.meta);
        let capabilities = self.capabilities;
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{{params}{comma}"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{capabilities}{extra}}}}}}}"#
        )
    }
}

impl Rig {
    /// Sends a request of a modern client, with its required headers.
    pub(super) fn ask(
        &mut self,
        client: &Modern,
        id: &str,
        method: &str,
        params: &str,
    ) -> ExchangeId {
        self.modern_post(client, &client.body(id, method, params))
    }

    /// Sends a POST of a modern client, with its required headers.
    pub(super) fn modern_post(&mut self, client: &Modern, body: &str) -> ExchangeId {
        self.modern_post_with(client, body, &[])
    }

    /// Sends a POST of a modern client with these `Mcp-Param-…` headers.
    pub(super) fn modern_post_with(
        &mut self,
        client: &Modern,
        body: &str,
        params: &[(&str, &str)],
    ) -> ExchangeId {
        let params = params.iter().map(|(name, value)| ((*name).into(), value.as_bytes().into()));
        let said = parse(body);
        let name = &said["params"];
        let name = name.get("name").or(name.get("uri")).or(name.get("taskId"));
        let mirrored = McpRequestHeaders {
            method: said["method"].as_str().unwrap_or_default().as_bytes().into(),
            name: name.and_then(|name| name.as_str()).map(|name| name.as_bytes().into()),
            params: params.collect(),
        };
        let legacy = Client {
            accept: client.accept,
            principal: client.principal,
            revision: RevisionHeader::Served(Revision::V2026_07_28),
            ..Client::new()
        };
        let (head, body) = self.posted(&legacy, body);
        let head = McpHead { request_headers: Some(Box::new(mirrored)), ..head };
        self.request(Request::Post { head, body })
    }

    /// Returns the latest child.
    pub(super) fn last_child(&self) -> ChildId {
        *self.children.keys().last().expect("a child")
    }

    /// Returns the lines to a child since the last call, as JSON.
    pub(super) fn told(&mut self, child: ChildId) -> Vec<serde_json::Value> {
        self.fed(child).iter().map(|line| parse(line)).collect()
    }

    /// Returns the status and body of an exchange with a complete answer, as JSON.
    pub(super) fn json(&self, exchange: ExchangeId) -> (u16, serde_json::Value) {
        let (status, body) = self.reply(exchange);
        (status, if body.is_empty() { json!(null) } else { parse(body) })
    }
}
