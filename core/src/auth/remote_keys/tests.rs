use serde_json::json;

use super::*;

const JWKS: &str = "https://auth.example.com/jwks";
const ISSUER: &str = "https://auth.example.com/tenant";

fn at(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

/// Returns a JWKS with keys of these ids.
fn jwks(ids: &[&str]) -> Fetched {
    let part = "A".repeat(43);
    let key = |id: &&str| json!({"kty": "EC", "crv": "P-256", "x": part, "y": part, "kid": id});
    answer(&json!({"keys": ids.iter().map(key).collect::<Vec<_>>()}).to_string())
}

fn answer(body: &str) -> Fetched {
    Fetched { status: 200, body: body.into(), ..Fetched::default() }
}

fn status(status: u16) -> Result<Fetched, FetchError> {
    Ok(Fetched { status, ..Fetched::default() })
}

fn url_of(fetch: &Fetch) -> &str {
    &fetch.url
}

fn in_use(keys: &RemoteKeys, now: Instant) -> JwtKeys {
    keys.learned(now).unwrap_or_default()
}

fn unknown(keys: &mut RemoteKeys, id: Option<&str>, now: Instant) -> Prospect {
    keys.handle_unknown_key(Algorithm::ES256, id, now)
}

/// Returns a machine with keys that were fetched at 0 s.
fn fetched(answer: Fetched) -> RemoteKeys {
    let mut keys = RemoteKeys::new(KeysUrl::Jwks(JWKS.into()));
    keys.poll_fetch(at(0)).expect("the first fetch is due at once");
    keys.handle_fetched(Ok(answer), at(0));
    keys
}

#[test]
fn keys_are_fetched_at_once_and_again_after_the_period() {
    let mut keys = RemoteKeys::new(KeysUrl::Jwks(JWKS.into()));
    assert!(in_use(&keys, at(0)).is_empty());
    let fetch = keys.poll_fetch(at(0)).unwrap();
    assert_eq!((&*fetch.url, fetch.method), (JWKS, FetchMethod::Get { etag: None }));
    assert_eq!(keys.poll_fetch(at(0)), None, "one fetch at a time");
    assert_eq!(keys.poll_timeout(), Instant::FAR);
    let event = keys.handle_fetched(Ok(jwks(&["a", "b"])), at(1));
    assert_eq!(event, Some(RemoteEvent::KeysFetched { url: JWKS.into(), keys: 2 }));
    assert!(!in_use(&keys, at(1)).is_empty());
    assert_eq!(keys.poll_timeout(), at(301));
    assert_eq!(keys.poll_fetch(at(300)), None);
    assert!(keys.poll_fetch(at(301)).is_some());
}

#[test]
fn an_unchanged_set_is_asked_for_by_its_etag_and_logged_once() {
    let mut keys = fetched(Fetched { etag: Some("\"1\"".into()), ..jwks(&["a"]) });
    let fetch = keys.poll_fetch(at(300)).unwrap();
    assert_eq!(fetch.method, FetchMethod::Get { etag: Some("\"1\"".into()) });
    assert_eq!(keys.handle_fetched(status(304), at(300)), None);
    assert!(!in_use(&keys, at(300)).is_empty());
    // A server that sends the same keys again has not changed them either.
    keys.poll_fetch(at(600)).unwrap();
    assert_eq!(keys.handle_fetched(Ok(jwks(&["a"])), at(600)), None);
    assert_eq!(keys.poll_timeout(), at(900));
}

#[test]
fn cache_control_sets_the_period_within_bounds() {
    for (header, seconds) in [
        ("max-age=900", 900),
        ("public, Max-Age=\"120\"", 120),
        ("max-age=0", 60),
        ("no-store", 300),
        ("max-age=99999999999", 3600),
        ("max-age=-1", 300),
    ] {
        let keys = fetched(Fetched { cache_control: Some(header.into()), ..jwks(&["a"]) });
        assert_eq!(keys.poll_timeout(), at(seconds), "{header}");
    }
}

#[test]
fn a_flood_of_unknown_keys_causes_few_fetches() {
    let mut keys = fetched(jwks(&["a"]));
    let mut fetches = 0;
    // 100 tokens a second for a minute, each with another key.
    for tick in 0..6000 {
        let now = at(20) + Duration::from_millis(10) * tick;
        let prospect = unknown(&mut keys, Some(&format!("invented-{tick}")), now);
        if keys.poll_fetch(now).is_some() {
            assert_eq!(prospect, Prospect::Wait);
            fetches += 1;
            keys.handle_fetched(Ok(jwks(&["a"])), now + Duration::from_millis(5));
        } else {
            assert_eq!(prospect, Prospect::None, "at {now:?}");
        }
        assert!(keys.looked_for.len() <= REFETCHES_AT_ONCE as usize + 1);
    }
    // Four at once, and one in ten seconds.
    assert_eq!(fetches, 9);
}

#[test]
fn one_unknown_key_causes_one_fetch() {
    let mut keys = fetched(jwks(&["a"]));
    for (id, prospect) in [
        (Some("b"), Prospect::Wait),
        (Some("b"), Prospect::None),
        (Some("c"), Prospect::Wait),
        (Some("d"), Prospect::Wait),
        (Some("d"), Prospect::None),
        (Some("b"), Prospect::None),
    ] {
        assert_eq!(unknown(&mut keys, id, at(1)), prospect, "{id:?}");
        assert_eq!(keys.poll_fetch(at(1)).is_some(), prospect == Prospect::Wait, "{id:?}");
        keys.handle_fetched(Ok(jwks(&["a"])), at(1));
    }
    assert_eq!(unknown(&mut keys, Some("b"), at(11)), Prospect::Wait, "a while later");
}

#[test]
fn a_rotated_key_is_there_after_one_fetch() {
    let mut keys = fetched(jwks(&["a"]));
    // This fetch began before the rotation, so it is none for the new key.
    assert!(keys.poll_fetch(at(300)).is_some());
    assert_eq!(unknown(&mut keys, Some("b"), at(301)), Prospect::Wait);
    assert_eq!(keys.handle_fetched(Ok(jwks(&["a"])), at(302)), None);
    assert_eq!(unknown(&mut keys, Some("b"), at(302)), Prospect::Wait);
    assert!(keys.poll_fetch(at(302)).is_some());
    assert_eq!(unknown(&mut keys, Some("b"), at(302)), Prospect::Wait, "it is on its way");
    let event = keys.handle_fetched(Ok(jwks(&["a", "b"])), at(303));
    assert_eq!(event, Some(RemoteEvent::KeysFetched { url: JWKS.into(), keys: 2 }));
    assert_eq!(unknown(&mut keys, Some("b"), at(303)), Prospect::Known, "it came meanwhile");
    // And so are the next ones, however fast they follow.
    for id in ["c", "d", "e"] {
        assert_eq!(unknown(&mut keys, Some(id), at(303)), Prospect::Wait, "{id}");
        assert!(keys.poll_fetch(at(303)).is_some());
        keys.handle_fetched(Ok(jwks(&[id])), at(303));
    }
}

#[test]
fn without_keys_a_request_waits_for_the_fetch_but_not_for_a_pause() {
    let mut keys = RemoteKeys::new(KeysUrl::Jwks(JWKS.into()));
    assert_eq!(unknown(&mut keys, None, at(0)), Prospect::Wait, "it is due");
    keys.poll_fetch(at(0)).unwrap();
    assert_eq!(unknown(&mut keys, None, at(1)), Prospect::Wait, "it is on its way");
    keys.handle_fetched(Err(FetchError::TimedOut), at(5));
    assert_eq!(unknown(&mut keys, None, at(5)), Prospect::None, "a pause");
    assert_eq!(keys.poll_fetch(at(5)), None);
    assert_eq!(unknown(&mut keys, None, at(6)), Prospect::Wait, "the next one is due");
    keys.poll_fetch(at(6)).unwrap();
    let event = keys.handle_fetched(Ok(jwks(&["a"])), at(6));
    assert!(matches!(event, Some(RemoteEvent::KeysFetched { keys: 1, .. })), "{event:?}");
}

#[test]
fn old_keys_stay_in_use_while_fetches_fail_but_not_for_ever() {
    let mut keys = fetched(jwks(&["a"]));
    let mut now = at(300);
    let mut pauses = Vec::new();
    while now < at(24 * 3600) {
        keys.poll_fetch(now).expect("a fetch is due");
        let event = keys.handle_fetched(Err(FetchError::TimedOut), now);
        let Some(RemoteEvent::KeysFailed { pause, has_keys, why, .. }) = event else {
            panic!("{event:?}");
        };
        assert!(has_keys && &*why == "no answer in time");
        pauses.push(pause.as_secs());
        // A token with an unknown key does not bypass the pause.
        assert_eq!(unknown(&mut keys, Some("b"), now), Prospect::None);
        now = keys.poll_timeout();
    }
    assert_eq!(pauses[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
    assert!(!in_use(&keys, at(24 * 3600 - 1)).is_empty());
    assert!(in_use(&keys, at(24 * 3600)).is_empty());
    // They come back.
    keys.poll_fetch(now).unwrap();
    let event = keys.handle_fetched(Ok(jwks(&["a"])), now);
    assert!(matches!(event, Some(RemoteEvent::KeysFetched { .. })), "the recovery is logged");
    assert!(!in_use(&keys, now).is_empty());
    assert_eq!(keys.poll_timeout(), now + PERIOD);
}

#[test]
fn a_bad_answer_replaces_no_keys() {
    for (answer, reason) in [
        (status(500), "it answered with status 500"),
        (status(302), "it answered with status 302; redirects are not followed"),
        (Ok(answer("<html>")), "it is no JWK set (RFC 7517)"),
        (
            Ok(answer(r#"{"keys": []}"#)),
            "it has no public key for signatures of RSA, P-256, P-384 or Ed25519",
        ),
        (Err(FetchError::TooLong), "the answer is too long"),
        (Err(FetchError::Failed("connection refused".into())), "connection refused"),
    ] {
        let mut keys = fetched(jwks(&["a"]));
        let before = in_use(&keys, at(0));
        keys.poll_fetch(at(300)).unwrap();
        let event = keys.handle_fetched(answer, at(300));
        let Some(RemoteEvent::KeysFailed { why, .. }) = event else { panic!("{event:?}") };
        assert_eq!(&*why, reason);
        assert_eq!(in_use(&keys, at(300)), before);
    }
    // Without keys there is nothing that 304 could mean.
    let mut keys = RemoteKeys::new(KeysUrl::Jwks(JWKS.into()));
    keys.poll_fetch(at(0)).unwrap();
    assert!(matches!(
        keys.handle_fetched(status(304), at(0)),
        Some(RemoteEvent::KeysFailed { has_keys: false, .. })
    ));
}

#[test]
fn a_symmetric_key_that_everyone_can_read_is_not_used() {
    let secret = "x".repeat(64);
    let shared = json!({"kty": "oct", "kid": "s", "k": secret});
    let mut set: serde_json::Value = serde_json::from_slice(&jwks(&["a"]).body).unwrap();
    set["keys"].as_array_mut().unwrap().push(shared);
    let keys = in_use(&fetched(answer(&set.to_string())), at(0));
    assert_eq!((keys.len(), keys.has_symmetric()), (1, false));
}

#[test]
fn the_issuer_alone_leads_to_the_keys() {
    let mut keys = RemoteKeys::new(KeysUrl::Issuer(ISSUER.into()));
    let fetch = keys.poll_fetch(at(0)).unwrap();
    assert_eq!(
        url_of(&fetch),
        "https://auth.example.com/.well-known/oauth-authorization-server/tenant"
    );
    assert_eq!(keys.handle_fetched(status(404), at(0)), None);
    let fetch = keys.poll_fetch(at(0)).unwrap();
    assert_eq!(url_of(&fetch), "https://auth.example.com/.well-known/openid-configuration/tenant");
    let metadata = format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{JWKS}"}}"#);
    assert_eq!(keys.handle_fetched(Ok(answer(&metadata)), at(0)), None);
    assert_eq!(url_of(&keys.poll_fetch(at(0)).unwrap()), JWKS);
    keys.handle_fetched(Ok(jwks(&["a"])), at(0));
    assert!(!in_use(&keys, at(0)).is_empty());
    // The next time only the keys are fetched, until that fails.
    assert_eq!(url_of(&keys.poll_fetch(at(300)).unwrap()), JWKS);
    keys.handle_fetched(status(410), at(300));
    let fetch = keys.poll_fetch(at(301)).unwrap();
    assert!(url_of(&fetch).contains("/.well-known/"));
}

#[test]
fn metadata_of_another_issuer_or_with_a_bad_url_is_not_used() {
    for metadata in [
        format!(r#"{{"issuer":"https://evil.example.com","jwks_uri":"{JWKS}"}}"#),
        format!(r#"{{"issuer":"{ISSUER}/","jwks_uri":"{JWKS}"}}"#),
        format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"http://auth.example.com/jwks"}}"#),
        format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"file:///etc/passwd"}}"#),
        format!(r#"{{"issuer":"{ISSUER}"}}"#),
        "[]".into(),
    ] {
        let mut keys = RemoteKeys::new(KeysUrl::Issuer(ISSUER.into()));
        for _ in 0..2 {
            keys.poll_fetch(at(0)).unwrap();
            assert_eq!(keys.handle_fetched(Ok(answer(&metadata)), at(0)), None, "{metadata}");
        }
        keys.poll_fetch(at(0)).unwrap();
        let event = keys.handle_fetched(status(404), at(0));
        let Some(RemoteEvent::KeysFailed { url, why, .. }) = event else { panic!("{event:?}") };
        assert_eq!(&*url, metadata_urls(ISSUER)[0], "the first answer is the reason");
        assert!(!why.contains("404"), "{metadata}: {why}");
        assert_eq!(keys.poll_timeout(), at(1));
    }
}
