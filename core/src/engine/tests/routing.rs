//! The routes of requests, and the answer to each mistake.

use super::rig::*;
use crate::config::{BindSession, Config};
use crate::engine::*;
use crate::http::{LastEvent, Request, RevisionHeader, SessionHeader};
use crate::limits::Limits;
use crate::observe::Level;
use crate::principal::Principal;
use crate::protocol::Revision;

const MODERN: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;

fn unknown() -> (u16, i64, String) {
    (404, -32603, "Session not found or expired".to_owned())
}

fn some_session() -> SessionHeader {
    SessionHeader::Id(SessionId::parse(b"6f9619ff-8b86-4011-b42d-00c04fc964ff").unwrap())
}

#[test]
fn a_request_without_a_session_is_told_to_initialize() {
    let mut rig = Rig::new();
    let exchange = rig.call(&Client::new(), r#""q""#);
    let (status, code, text) = rig.error(exchange);
    assert_eq!((status, code), (400, -32600));
    assert!(text.contains("initialize"), "{text}");
    assert_eq!(parse(rig.reply(exchange).1)["id"], "q");
    assert!(rig.children.is_empty());
}

#[test]
fn unknown_and_foreign_sessions_are_not_found() {
    let mut rig = Rig::new();
    for session in [some_session(), SessionHeader::Foreign] {
        let client = Client { session, ..Client::new() };
        let posted = rig.call(&client, "1");
        let got = rig.get(&client);
        let deleted = rig.delete(&client);
        for exchange in [posted, got, deleted] {
            assert_eq!(rig.error(exchange), unknown());
        }
    }
}

#[test]
fn get_and_delete_need_a_session() {
    let mut rig = Rig::new();
    for exchange in [rig.get(&Client::new()), rig.delete(&Client::new())] {
        assert_eq!(rig.error(exchange).0, 400);
    }
}

#[test]
fn a_refused_notification_has_an_error_without_an_id() {
    let mut rig = Rig::new();
    let client = Client { session: some_session(), ..Client::new() };
    let exchange = rig.post(&client, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    assert_eq!(rig.error(exchange), unknown());
    assert_eq!(parse(rig.reply(exchange).1).get("id"), None);
    let exchange = rig.post(&client, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    assert_eq!(parse(rig.reply(exchange).1).get("id"), None, "that id is not the client's");
}

#[test]
fn a_session_of_another_principal_is_as_unknown_as_any() {
    let mut rig = Rig::new();
    let owner = Client { principal: Principal::of(Some(b"Bearer one")), ..Client::new() };
    let (client, child) = rig.open_as(&owner, Revision::V2025_11_25);
    for credentials in [None, Some(&b"Bearer two"[..])] {
        let thief = Client { principal: Principal::of(credentials), ..client.clone() };
        let posted = rig.call(&thief, "1");
        let got = rig.get(&thief);
        let deleted = rig.delete(&thief);
        for exchange in [posted, got, deleted] {
            match credentials {
                None => assert_eq!(rig.error(exchange).0, 401),
                Some(_) => assert_eq!(rig.error(exchange), unknown()),
            }
        }
    }
    assert_eq!(rig.fed(child), [""; 0]);
    rig.call(&client, "1");
    assert_eq!(rig.fed(child).len(), 1, "its owner goes on");
    assert_eq!(rig.refused(Reject::OtherPrincipal), 3);
    assert_eq!(rig.refused(Reject::MissingCredentials), 3);
    assert_eq!(rig.refused(Reject::UnknownSession), 0);
    let event = Event::Refused { reject: Reject::OtherPrincipal, detail: None };
    assert_eq!(event.level(), Level::Warning);
    assert!(rig.events.contains(&event));
}

#[test]
fn an_unbound_session_takes_any_credentials() {
    let mut rig = Rig::of(Config { bind_session: BindSession::None, ..config(Limits::default()) });
    let owner = Client { principal: Principal::of(Some(b"Bearer one")), ..Client::new() };
    let (client, child) = rig.open_as(&owner, Revision::V2025_11_25);
    for credentials in [None, Some(&b"Bearer two"[..])] {
        rig.call(&Client { principal: Principal::of(credentials), ..client.clone() }, "1");
        assert_eq!(rig.fed(child).len(), 1, "{credentials:?}");
    }
}

#[test]
fn a_revision_that_both_sides_agreed_on_is_taken_though_it_is_not_known() {
    let mut rig = Rig::new();
    let opening = rig.post(&Client::new(), &initialize("0", "2027-01-01"));
    let child = *rig.engine.owners.keys().last().expect("a child");
    let number = rig.number(child);
    rig.child_says(child, &welcome(&number, "2027-01-01"));
    let session = rig.exchanges[&opening].head.as_ref().unwrap().session.expect("a session");
    let speaking = |revision: &str| Client {
        session: SessionHeader::Id(session),
        revision: RevisionHeader::Other(revision.into()),
        ..Client::new()
    };
    rig.call(&speaking("2027-01-01"), "1");
    assert_eq!(rig.fed(child).len(), 1);
    let other = rig.call(&speaking("2027-01-02"), "1");
    assert_eq!(rig.error(other).1, -32022);
    let opened = rig.events.iter().find(|event| matches!(event, Event::SessionOpened { .. }));
    assert!(format!("{opened:?}").contains("2027-01-01"), "{opened:?}");
    let deleted = rig.delete(&speaking("2027-01-01"));
    assert_eq!(rig.reply(deleted).0, 204);
}

#[test]
fn an_unbound_session_is_bound_to_the_first_credentials() {
    let by = |client: &Client, credentials: Option<&[u8]>| Client {
        principal: Principal::of(credentials),
        ..client.clone()
    };
    type Use = fn(&mut Rig, &Client) -> ExchangeId;
    for take in [(|rig, client| rig.call(client, "1")) as Use, |rig, client| rig.get(client)] {
        let mut rig = Rig::new();
        let (anybody, child) = rig.open_as(&Client::new(), Revision::V2025_11_25);
        rig.call(&anybody, "1");
        let owner = by(&anybody, Some(b"Bearer one"));
        let refused = rig.post(&owner, r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#);
        assert_eq!(rig.reply(refused).0, 400, "no batches in this revision");
        rig.call(&anybody, "2");
        assert_eq!(rig.fed(child).len(), 2, "what is refused takes nothing");
        take(&mut rig, &owner);
        rig.fed(child);
        for other in [anybody.clone(), by(&anybody, Some(b"Bearer two"))] {
            for exchange in [rig.call(&other, "3"), rig.get(&other), rig.delete(&other)] {
                let status = if other.principal == anybody.principal { 401 } else { 404 };
                assert_eq!(rig.error(exchange).0, status);
            }
        }
        rig.call(&owner, "4");
        assert_eq!(rig.fed(child).len(), 1, "only its owner can continue");
    }
}

#[test]
fn a_modern_request_is_told_which_revisions_there_are() {
    let mut rig = Rig::new();
    let exchange = rig.post(&Client::new(), MODERN);
    assert_eq!(rig.error(exchange), (400, -32022, "Unsupported protocol version".to_owned()));
    let answer = parse(rig.reply(exchange).1);
    assert_eq!(answer["id"], 1);
    let supported = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
    assert_eq!(answer["error"]["data"]["supported"], serde_json::json!(supported));
    assert_eq!(answer["error"]["data"]["requested"], "2026-07-28");
}

#[test]
fn an_initialize_where_no_legacy_revision_is_served_is_told_what_it_asked_for() {
    let mut rig =
        Rig::of(Config { revisions: [Revision::V2026_07_28].into(), ..config(Limits::default()) });
    for revision in [RevisionHeader::Absent, RevisionHeader::Served(Revision::V2026_07_28)] {
        let client = Client { revision, ..Client::new() };
        let exchange = rig.post(&client, &initialize("0", "2025-11-25"));
        assert_eq!(rig.error(exchange).1, -32022);
        let data = parse(rig.reply(exchange).1)["error"]["data"].clone();
        let told = serde_json::json!({"supported": ["2026-07-28"], "requested": "2025-11-25"});
        assert_eq!(data, told);
    }
}

#[test]
fn a_client_is_not_told_more_than_a_revision_it_asked_for() {
    let mut rig = Rig::new();
    let exchange = rig.post(&Client::new(), &MODERN.replace("2026-07-28", &"9".repeat(100_000)));
    let answer = parse(rig.reply(exchange).1);
    assert_eq!(answer["error"]["data"]["requested"], "9".repeat(100) + "…");
}

#[test]
fn an_unknown_revision_in_the_header_is_refused_with_those_there_are() {
    let mut rig = Rig::new();
    let (client, child) = rig.open(Revision::V2025_11_25);
    let odd = RevisionHeader::Other("1999-01-01".into());
    for client in [client, Client::new()] {
        let exchange = rig.call(&Client { revision: odd.clone(), ..client }, "1");
        assert_eq!(rig.error(exchange).0, 400);
        let data = parse(rig.reply(exchange).1)["error"]["data"].clone();
        assert_eq!(data["requested"], "1999-01-01");
    }
    assert_eq!(rig.fed(child), [""; 0]);
    let exchange = rig.get(&Client { revision: odd, ..Client::new() });
    assert_eq!(rig.error(exchange).1, -32022);
    let data = parse(rig.reply(exchange).1)["error"]["data"].clone();
    assert_eq!(
        (&data["requested"], &data["supported"][0]),
        (&"1999-01-01".into(), &"2025-11-25".into())
    );
}

#[test]
fn a_child_is_asked_for_a_revision_that_is_served() {
    let served = [Revision::V2025_03_26, Revision::V2025_06_18];
    let restricted = || Rig::of(Config { revisions: served.into(), ..config(Limits::default()) });
    for (wanted, asked_for) in [
        ("2025-11-25", "2025-06-18"),
        ("2025-06-18", "2025-06-18"),
        ("2024-11-05", "2025-06-18"),
        ("1999-01-01", "2025-06-18"),
    ] {
        let mut rig = restricted();
        rig.post(&Client::new(), &initialize("0", wanted));
        let child = rig.last_child();
        let told = parse(&rig.fed(child)[0]);
        assert_eq!(told["params"]["protocolVersion"], asked_for, "{wanted}");
        assert!(told["params"]["capabilities"].is_object(), "{told}");
    }
}

#[test]
fn a_session_may_name_the_revision_that_its_child_agreed_on() {
    let served = [Revision::V2025_11_25];
    let mut rig = Rig::of(Config { revisions: served.into(), ..config(Limits::default()) });
    let (client, child) = rig.open(Revision::V2025_06_18);
    let named = |text: &str| RevisionHeader::Other(text.into());
    let own = Client { revision: named("2025-06-18"), ..client.clone() };
    let call = rig.call(&own, "1");
    assert_eq!((rig.stage(call), rig.fed(child).len()), (Stage::Waiting, 1));
    let other = Client { revision: named("2025-03-26"), ..client };
    let refused = rig.call(&other, "2");
    assert_eq!(rig.error(refused).1, -32022);
}

#[test]
fn a_malformed_revision_is_told_in_the_words_of_the_bodys_era() {
    let mut rig = Rig::new();
    let (open, child) = rig.open(Revision::V2025_11_25);
    let of = |client: &Client| Client { revision: RevisionHeader::Malformed, ..client.clone() };
    for (client, body, expected) in [
        (of(&Client::new()), initialize("0", "2025-11-25"), (400, -32600)),
        (of(&Client::new()), request("1"), (400, -32600)),
        (of(&open), request("1"), (400, -32600)),
    ] {
        let exchange = rig.post(&client, &body);
        let (status, code, _) = rig.error(exchange);
        assert_eq!((status, code), expected, "{body}");
        assert!(!parse(rig.reply(exchange).1)["id"].is_null(), "{body}");
    }
    assert_eq!(rig.fed(child), [""; 0]);
    let listen = rig.get(&of(&open));
    assert_eq!(rig.error(listen).1, -32600);
}

/// The order in which a POST is classified: a known session, the modern era, `initialize`, an
/// unknown revision, an unknown session, no session.
#[test]
fn each_mistake_has_its_own_answer() {
    let mut rig = Rig::new();
    let (known, child) = rig.open(Revision::V2025_11_25);
    let odd = RevisionHeader::Other("x".into());
    let in_session = rig.post(&known, MODERN);
    assert_eq!(rig.stage(in_session), Stage::Waiting, "a known session is legacy");
    assert_eq!(rig.fed(child).len(), 1);

    let mut code = |client: Client, body: &str| {
        let exchange = rig.post(&client, body);
        match rig.stage(exchange) {
            Stage::Waiting => "opens".to_owned(),
            _ => {
                let (status, code, _) = rig.error(exchange);
                format!("{status} {code}")
            }
        }
    };
    let modern_initialize = MODERN.replace("tools/list", "initialize");
    let unknown = Client { session: some_session(), ..Client::new() };
    let unknown_odd = Client { revision: odd.clone(), ..unknown.clone() };
    let odd = Client { revision: odd, ..Client::new() };
    assert_eq!(code(unknown.clone(), MODERN), "400 -32022");
    assert_eq!(code(Client::new(), &modern_initialize), "400 -32022");
    assert_eq!(code(unknown.clone(), &initialize("1", "2025-11-25")), "opens");
    assert_eq!(code(odd.clone(), &initialize("1", "2025-11-25")), "opens");
    assert_eq!(code(odd, &request("1")), "400 -32022");
    assert_eq!(code(unknown_odd, &request("1")), "400 -32022");
    assert_eq!(code(unknown, &request("1")), "404 -32603");
    assert_eq!(code(Client::new(), &request("1")), "400 -32600");
}

#[test]
fn refusals_are_counted_and_logged() {
    let mut rig = Rig::new();
    rig.call(&Client::new(), "1");
    rig.input(Input::Refused { reject: Reject::ForbiddenHost, detail: None });
    assert!(rig.events.contains(&Event::Refused { reject: Reject::MissingSession, detail: None }));
    assert!(rig.events.contains(&Event::Refused { reject: Reject::ForbiddenHost, detail: None }));
    assert_eq!(rig.refused(Reject::MissingSession), 1);
    assert_eq!(rig.refused(Reject::ForbiddenHost), 1);
}

#[test]
fn a_malformed_last_event_id_is_refused() {
    let mut rig = Rig::new();
    let (client, _) = rig.open(Revision::V2025_11_25);
    let exchange = rig.request(Request::Listen { head: client.head(LastEvent::Foreign) });
    assert_eq!(rig.error(exchange).0, 400);
}
