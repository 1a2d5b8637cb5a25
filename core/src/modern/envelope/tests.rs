use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::http::{Accept, LastEvent, McpRequestHeaders, SessionHeader};
use crate::json::{ParseRules, Peer};
use crate::principal::Principal;
use crate::time::Instant;

const RULES: ParseRules = ParseRules { depth_max: 32, batch_len_max: 10, sender: Peer::Client };
const MODERN: &str = "2026-07-28";
const META: &str = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

fn head(version: Option<&str>, method: Option<&str>) -> McpHead {
    let parsed = version.map(|text| match Revision::parse(text.as_bytes()) {
        Some(revision) => RevisionHeader::Served(revision),
        None => RevisionHeader::Other(text.into()),
    });
    let request_headers = method.map(|method| {
        Box::new(McpRequestHeaders {
            method: method.as_bytes().into(),
            ..McpRequestHeaders::default()
        })
    });
    McpHead {
        session: SessionHeader::Absent,
        revision: parsed.unwrap_or(RevisionHeader::Absent),
        accept: Accept { json: true, sse: true },
        last_event: LastEvent::Absent,
        request_headers,
        principal: Principal::Anonymous,
        permissions: None,
        grant: None,
        foreign_session: None,
        params_digest: None,
        client: None,
        http: None,
        peer: None,
        arrived: Instant::ZERO,
        account: None,
        client_limits: None,
        child_env: None,
    }
}

fn body(text: &str) -> Body {
    Body::parse(Bytes::copy_from_slice(text.as_bytes()), RULES).unwrap()
}

fn call(method: &str, meta: &str) -> Body {
    let params = if meta.is_empty() { String::new() } else { format!(r#""_meta":{meta}"#) };
    body(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}}}}}"#))
}

fn with_level(level: &str) -> String {
    META.replacen('{', &format!(r#"{{"io.modelcontextprotocol/logLevel":"{level}","#), 1)
}

fn verdict(version: Option<&str>, method: Option<&str>, body: &Body) -> Option<Reject> {
    admit(&head(version, method), body, &Revision::ALL, |_| true).err()
}

#[test]
fn every_mistake_has_its_own_answer() {
    let list = |meta| call("tools/list", meta);
    let said = Some(MODERN);
    let told = Some("tools/list");
    let unknown = META.replace(MODERN, "v999.0.0");
    let no_version = r#"{"io.modelcontextprotocol/clientCapabilities":{}}"#;
    let no_capabilities = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
    let odd_capabilities = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":[]}"#;
    let mismatch = |what| Some(Reject::HeaderMismatch(what));
    let missing = Some(Reject::MissingMeta);
    let unsupported = Some(Reject::UnsupportedRevision);
    for (what, version, method, body, expected) in [
        ("right", said, told, list(META), None),
        ("no header", None, told, list(META), mismatch(MirroredValue::Version)),
        ("no _meta", said, told, list(""), missing),
        ("no version in it", said, told, list(no_version), missing),
        ("no capabilities in it", said, told, list(no_capabilities), missing),
        ("capabilities that are none", said, told, list(odd_capabilities), missing),
        (
            "another version in the body",
            said,
            told,
            list(&unknown),
            mismatch(MirroredValue::Version),
        ),
        ("an unknown version", Some("v999.0.0"), told, list(&unknown), unsupported),
        ("the same, without _meta", Some("v999.0.0"), told, list(""), unsupported),
        ("no method", said, None, list(META), mismatch(MirroredValue::Method)),
        ("another method", said, Some("tools/call"), list(META), mismatch(MirroredValue::Method)),
        ("another case", said, Some("TOOLS/LIST"), list(META), mismatch(MirroredValue::Method)),
        ("a log level", said, told, list(&with_level("warning")), None),
        ("an unknown level", said, told, list(&with_level("loud")), Some(Reject::BadParams)),
        ("no level", said, told, list(&with_level("null").replace("\"null\"", "null")), None),
    ] {
        assert_eq!(verdict(version, method, &body), expected, "{what}");
    }
}

#[test]
fn of_a_method_that_there_is_not_nothing_else_is_wrong() {
    let text = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{{"name":"x","_meta":{}}}}}"#,
        with_level("loud")
    );
    let (head, body) = (head(Some(MODERN), Some("prompts/get")), body(&text));
    let admitted = |has| admit(&head, &body, &Revision::ALL, |_| has).err();
    assert_eq!(admitted(false), None);
    assert_eq!(admitted(true), Some(Reject::HeaderMismatch(MirroredValue::Name)));
}

#[test]
fn a_malformed_header_says_no_version() {
    let head = McpHead { revision: RevisionHeader::Malformed, ..head(None, Some("tools/list")) };
    let refused = |meta| {
        let call = call("tools/list", meta);
        (era(&head, &call, &Revision::ALL), admit(&head, &call, &Revision::ALL, |_| true).err())
    };
    assert_eq!(refused(META), (Era::Modern, Some(Reject::HeaderMismatch(MirroredValue::Version))));
    assert_eq!(refused("").0, Era::Legacy);
}

#[test]
fn a_name_is_said_in_the_header_too() {
    let named = |method: &str, key: &str, value: &str, header: Option<&str>| {
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"{key}":{value},"_meta":{META}}}}}"#
        );
        let mut head = head(Some(MODERN), Some(method));
        let mirrored = head.request_headers.as_mut().unwrap();
        mirrored.name = header.map(|header| header.as_bytes().into());
        admit(&head, &body(&text), &Revision::ALL, |_| true).err()
    };
    let mismatch = Some(Reject::HeaderMismatch(MirroredValue::Name));
    for (method, key) in [
        ("tools/call", "name"),
        ("prompts/get", "name"),
        ("resources/read", "uri"),
        ("tasks/get", "taskId"),
        ("tasks/update", "taskId"),
        ("tasks/cancel", "taskId"),
    ] {
        assert_eq!(named(method, key, r#""a b""#, Some("a b")), None, "{method}");
        assert_eq!(named(method, key, r#""\u00e4""#, Some("=?base64?w6Q=?=")), None, "{method}");
        assert_eq!(named(method, key, r#""a""#, Some("A")), mismatch, "{method}");
        assert_eq!(named(method, key, r#""a""#, None), mismatch, "{method}");
        assert_eq!(named(method, key, r#""a""#, Some("=?base64?YQ?=")), mismatch, "{method}");
        // The error here is not one of the header.
        assert_eq!(named(method, key, "1", None), None, "{method}");
    }
    assert_eq!(named("tools/list", "name", r#""a""#, None), None);
}

#[test]
fn a_legacy_version_may_not_be_asked_for_in_the_modern_way() {
    let old = META.replace(MODERN, "2025-11-25");
    let body = call("tools/list", &old);
    let reject = verdict(Some("2025-11-25"), Some("tools/list"), &body);
    assert_eq!(reject, Some(Reject::UnsupportedRevision));
}

#[test]
fn where_the_modern_era_is_not_served_that_is_what_is_said() {
    let head = head(Some(MODERN), None);
    let call = call("tools/list", "");
    let refused = admit(&head, &call, &Revision::LEGACY, |_| true);
    assert_eq!(refused.err(), Some(Reject::UnsupportedRevision));
}

#[test]
fn answers_and_batches_are_not_for_this_era() {
    let answer = body(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    assert_eq!(verdict(Some(MODERN), None, &answer), Some(Reject::BadMessage));
    let batch = body(r#"[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]"#);
    assert_eq!(verdict(Some(MODERN), None, &batch), Some(Reject::BatchNotAllowed));
    let notification = body(r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#);
    assert_eq!(verdict(Some(MODERN), None, &notification), None);
}

#[test]
fn the_era_of_a_message() {
    let of = |version, body: &Body, served: &[_]| era(&head(version, None), body, served);
    let modern = |version, body: &Body| of(version, body, &Revision::ALL) == Era::Modern;
    let with_meta = call("tools/list", META);
    let without = call("tools/list", "");
    let initialize = call("initialize", "");
    assert!(modern(None, &with_meta) && modern(Some("2025-06-18"), &with_meta));
    assert!(modern(Some(MODERN), &without) && modern(Some("2031-01-01"), &without));
    assert!(!modern(None, &without) && !modern(Some("2025-06-18"), &without));
    // The result of `initialize` decides the version.
    assert!(!modern(Some(MODERN), &initialize) && !modern(Some("2031-01-01"), &initialize));
    assert!(modern(Some(MODERN), &call("initialize", META)));
    // If only the modern era is served, everything but `initialize` counts as modern.
    let alone = [Revision::V2026_07_28];
    assert_eq!(of(None, &without, &alone), Era::Modern);
    assert_eq!(of(None, &initialize, &alone), Era::Legacy);
}

proptest! {
    /// For any headers and body, a message has one era. A modern message is either admitted or
    /// refused for one reason, and never for one of the legacy era.
    #[test]
    fn every_request_has_one_era_or_one_refusal(
        version in prop::option::of(prop_oneof![
            Just(MODERN.to_owned()),
            Just("2025-06-18".to_owned()),
            "[!-~]{1,12}",
        ]),
        method in prop::option::of(prop_oneof![Just("tools/list".to_owned()), "[!-~]{0,12}"]),
        said in prop_oneof![Just("tools/list"), Just("initialize"), Just("ping")],
        meta in prop_oneof![Just(String::new()), Just(META.to_owned()), Just("{}".to_owned()),
            "[0-9a-z.-]{1,10}".prop_map(|other| META.replace(MODERN, &other))],
    ) {
        let (head, body) = (head(version.as_deref(), method.as_deref()), call(said, &meta));
        if era(&head, &body, &Revision::ALL) == Era::Legacy {
            // Nothing in it is modern, unless it is `initialize`.
            prop_assert!(!meta.contains("protocolVersion"));
            prop_assert!(said == "initialize" || version.as_deref() != Some(MODERN));
            return Ok(());
        }
        match admit(&head, &body, &Revision::ALL, |_| true) {
            Ok(_) => {
                prop_assert_eq!(version.as_deref(), Some(MODERN));
                prop_assert_eq!(method.as_deref(), Some(said));
                prop_assert_eq!(&*meta, META);
            }
            Err(reject) => prop_assert!(matches!(
                reject,
                Reject::HeaderMismatch(_) | Reject::MissingMeta | Reject::UnsupportedRevision
            )),
        }
    }
}
