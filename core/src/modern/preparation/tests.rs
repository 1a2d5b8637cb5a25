use bytes::Bytes;

use super::*;
use crate::child_spec::ChildSpec;
use crate::config::Serves;
use crate::http::{Accept, LastEvent, McpHead, RevisionHeader, SessionHeader};
use crate::json::{ParseRules, Peer};
use crate::principal::Principal;
use crate::random::IdSource;
use crate::seal::Binding;
use crate::time::Instant;

const ABLE: &str = r#"{"elicitation":{}}"#;

/// Returns the digest that is computed for a call with this many bytes of arguments.
fn digest(chance: &Arc<Rng>, bytes: usize, capabilities: &str, state: &str) -> Option<[u8; 32]> {
    let text = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"x","arguments":{{"a":"{}"}},{state}"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{capabilities}}}}}}}"#,
        "x".repeat(bytes)
    );
    let rules = ParseRules { depth_max: 128, batch_len_max: 0, sender: Peer::Client };
    let body = Body::parse(Bytes::from(text), rules).unwrap();
    let head = McpHead {
        session: SessionHeader::Absent,
        revision: RevisionHeader::Absent,
        accept: Accept { json: true, sse: true },
        last_event: LastEvent::Absent,
        request_headers: None,
        principal: Principal::Anonymous,
        permissions: None,
        grant: None,
        foreign_session: None,
        params_digest: None,
        client: None,
        http: None,
        peer: None,
        account: None,
        client_limits: None,
        child_env: None,
        arrived: Instant::ZERO,
    };
    let mut request = Request::Post { head, body };
    let command = ChildSpec { program: "server".into(), args: Vec::new(), env: None, cwd: None };
    let config = Arc::new(Config::new(Serves::Command(command)));
    Preparation::new(config, chance.clone()).prepare(&mut request);
    let Request::Post { head, .. } = request else { unreachable!() };
    head.params_digest.map(|digest| *digest)
}

#[test]
fn only_long_calls_that_can_be_asked_back_or_bring_a_genuine_state_are_hashed() {
    let chance = Arc::new(IdSource::new([1; 32]).rng(None));
    let state = |params_digest| {
        let binding =
            Binding { principal: &Principal::Anonymous, method: "tools/call", params_digest };
        let state = chance.seal.seal(&binding, Duration::from_secs(1), b"");
        format!(r#""requestState":"{state}","#)
    };
    let long = PREPARED_BYTES_MIN;
    let own = digest(&chance, long, ABLE, "");
    assert!(own.is_some());
    assert_eq!(digest(&chance, 10, ABLE, ""), None, "it takes no time");
    assert_eq!(digest(&chance, long, "{}", ""), None, "it is never asked back");
    assert_eq!(digest(&chance, long, "{}", &state(own.unwrap())), own);
    assert_eq!(digest(&chance, long, "{}", &state([0; 32])), own, "the engine compares");
    let forged = state([0; 32]).replacen("Ag", "AQ", 1);
    assert_eq!(digest(&chance, long, ABLE, &forged), None);
    assert_eq!(digest(&chance, long, ABLE, r#""requestState":7,"#), None);
}
