use super::*;

const UNIX: Duration = Duration::from_secs(1_800_000_000);

fn at(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

fn machine() -> Introspection {
    Introspection::new(&IntrospectionConfig {
        url: "https://auth.example.com/introspect".into(),
        client_id: "pontoon".into(),
        client_secret: Secret::new("s e:cret"),
    })
}

fn body(body: &str) -> Result<Fetched, FetchError> {
    Ok(Fetched { status: 200, body: body.into(), ..Fetched::default() })
}

fn digest_of(fetch: &Fetch) -> TokenDigest {
    match fetch.id {
        FetchId::Token(digest) => digest,
        FetchId::Keys => panic!("a fetch of keys"),
    }
}

/// Lets the issuer answer about a token; returns the outcome and the seconds for which it holds.
fn ask(answer: Result<Fetched, FetchError>) -> (Introspected, u64, bool) {
    let mut machine = machine();
    assert_eq!(machine.ask(b"token", None, at(0)), Prospect::Wait);
    let fetch = machine.poll_fetch().expect("the token is to be sent");
    let digest = digest_of(&fetch);
    let (learned, event) = machine.handle_fetched(digest, answer, UNIX);
    (learned.outcome, (learned.until - UNIX).as_secs(), event.is_some())
}

#[test]
fn a_token_is_sent_once_with_the_credentials() {
    let mut machine = machine();
    for _ in 0..2 {
        assert_eq!(machine.ask(b"a+b c", None, at(0)), Prospect::Wait);
    }
    let fetch = machine.poll_fetch().unwrap();
    assert_eq!(machine.ask(b"a+b c", None, at(0)), Prospect::Wait);
    assert_eq!(machine.poll_fetch(), None, "it is sent already");
    let debug = format!("{fetch:?} {machine:?}");
    assert!(!debug.contains("a%2B") && !debug.contains("Basic"), "a secret is shown: {debug}");
    let FetchMethod::Post { form, authorization } = fetch.method else { panic!("not a POST") };
    assert_eq!(form.as_str(), "token=a%2Bb%20c&token_type_hint=access_token");
    // RFC 6749, section 2.3.1: both parts are encoded first.
    let credentials = STANDARD.encode("pontoon:s%20e%3Acret");
    assert_eq!(authorization.as_str(), format!("Basic {credentials}"));
}

#[test]
fn an_active_token_is_known_for_a_while_but_not_longer_than_it_is_valid() {
    for (left, seconds) in [(None, 30), (Some(1000), 30), (Some(7), 7)] {
        let exp = left.map_or(String::new(), |left| format!(r#","exp":{}"#, UNIX.as_secs() + left));
        let answer = body(&format!(r#"{{"active":true,"sub":"ada"{exp}}}"#));
        let (outcome, holds, _) = ask(answer);
        assert!(matches!(outcome, Introspected::Active(_)), "{outcome:?}");
        assert_eq!(holds, seconds);
    }
}

#[test]
fn an_inactive_token_is_not_asked_about_again_at_once() {
    for answer in [
        r#"{"active":false}"#,
        r#"{"active":true,"sub":"ada","token_type":"DPoP"}"#,
        r#"{"active":true,"sub":"ada","exp":1000000000}"#,
    ] {
        assert_eq!(ask(body(answer)), (Introspected::Inactive, 10, false), "{answer}");
    }
}

#[test]
fn a_failure_is_neither_a_yes_nor_a_no() {
    for answer in [
        Err(FetchError::TimedOut),
        Err(FetchError::TooLong),
        Ok(Fetched { status: 401, ..Fetched::default() }),
        Ok(Fetched { status: 302, ..Fetched::default() }),
        body("<html>"),
        body(r#"{"active":"true"}"#),
        body(r#"{"error":"invalid_request"}"#),
        body(r#"{"active":true,"sub":7}"#),
    ] {
        assert_eq!(ask(answer.clone()), (Introspected::Unavailable, 1, true), "{answer:?}");
    }
}

/// Returns an address.
fn peer(number: u8) -> Option<IpAddr> {
    Some(IpAddr::from([192, 0, 2, number]))
}

fn token(number: usize) -> Vec<u8> {
    format!("t{number}").into_bytes()
}

/// Asks about tokens of one address until one is refused; returns the number of the others.
fn flood(
    machine: &mut Introspection,
    peer: Option<IpAddr>,
    tokens: std::ops::Range<usize>,
) -> usize {
    let mut ask = |number: &usize| machine.ask(&token(*number), peer, at(0)) == Prospect::Wait;
    tokens.take_while(|number| ask(number)).count()
}

#[test]
fn an_address_cannot_take_the_places_of_others() {
    let mut machine = machine();
    let shares = [1, 2, 3].map(|number: u8| {
        let from = usize::from(number) * 1000;
        flood(&mut machine, peer(number), from..from + 1000)
    });
    assert_eq!(shares, [128, 64, 32]);
    assert_eq!(machine.ask(b"other", peer(4), at(0)), Prospect::Wait);
    assert!((0..=u8::MAX).all(|number| flood(&mut machine, peer(number), 9000..9001) <= 1));
    assert!(machine.waiting.len() <= WAITING_MAX);
}

#[test]
fn the_address_with_the_fewest_requests_in_progress_is_next() {
    let mut machine = machine();
    flood(&mut machine, peer(1), 0..100);
    let sent: Vec<_> = std::iter::from_fn(|| machine.poll_fetch()).collect();
    assert_eq!(sent.len(), IN_FLIGHT_MAX);
    assert_eq!(machine.ask(b"other", peer(2), at(1)), Prospect::Wait);
    let first = digest_of(&sent[0]);
    machine.handle_fetched(first, body(r#"{"active":false}"#), UNIX);
    let next = machine.poll_fetch().expect("a request");
    assert_eq!(next.id, FetchId::Token(TokenDigest::of(b"other")), "before 96 of another address");
}

/// No token leaves without a verdict, for which all requests with it wait.
#[test]
fn a_token_that_waits_for_too_long_gets_a_verdict() {
    let mut machine = machine();
    flood(&mut machine, peer(1), 0..IN_FLIGHT_MAX);
    let sent: Vec<_> = std::iter::from_fn(|| machine.poll_fetch()).collect();
    assert_eq!(machine.ask(b"token", peer(1), at(0)), Prospect::Wait);
    assert_eq!(machine.poll_timeout(), at(5));
    let just_before = at(4) + Duration::from_micros(999_999);
    assert_eq!(machine.poll_expired(just_before, UNIX), None);
    // A second request with this token joins the first one at the last moment.
    assert_eq!(machine.ask(b"token", peer(2), just_before), Prospect::Wait);
    assert_eq!(machine.waiting.len(), 1);
    let (digest, learned, event) = machine.poll_expired(at(5), UNIX).expect("a verdict");
    assert_eq!(digest, TokenDigest::of(b"token"));
    assert_eq!(learned.outcome, Introspected::Unavailable);
    assert_eq!((learned.until - UNIX).as_secs(), 1);
    assert!(event.is_some());
    assert_eq!(machine.poll_expired(at(5), UNIX), None);
    assert_eq!(machine.poll_timeout(), Instant::FAR);
    // Those that were sent get theirs by the results of their requests.
    for fetch in sent {
        let digest = digest_of(&fetch);
        let (learned, event) = machine.handle_fetched(digest, Err(FetchError::TimedOut), UNIX);
        assert_eq!(learned.outcome, Introspected::Unavailable);
        assert_eq!(event, None, "a failure was reported a moment ago");
    }
    let later = UNIX + EVENT_PERIOD;
    let (_, event) = machine.handle_fetched(digest, Err(FetchError::TimedOut), later);
    assert!(event.is_some());
}
