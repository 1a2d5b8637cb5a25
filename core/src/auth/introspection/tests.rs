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

/// Lets the issuer answer about a token; returns the outcome and the seconds for which it holds.
fn ask(answer: Result<Fetched, FetchError>) -> (Introspected, u64, bool) {
    let mut machine = machine();
    assert_eq!(machine.ask(b"token", at(0)), Prospect::Wait);
    let fetch = machine.poll_fetch(at(0)).expect("the token is to be sent");
    let FetchId::Token(digest) = fetch.id;
    let (learned, event) = machine.handle_fetched(digest, answer, UNIX);
    (learned.outcome, (learned.until - UNIX).as_secs(), event.is_some())
}

#[test]
fn a_token_is_sent_once_with_the_credentials() {
    let mut machine = machine();
    for _ in 0..2 {
        assert_eq!(machine.ask(b"a+b c", at(0)), Prospect::Wait);
    }
    let fetch = machine.poll_fetch(at(0)).unwrap();
    assert_eq!(machine.ask(b"a+b c", at(0)), Prospect::Wait);
    assert_eq!(machine.poll_fetch(at(0)), None, "it is sent already");
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

#[test]
fn requests_and_waiting_tokens_are_bounded() {
    let mut machine = machine();
    let ask =
        |machine: &mut Introspection, n: usize| machine.ask(format!("t{n}").as_bytes(), at(0));
    let accepted = (0..1000).filter(|n| ask(&mut machine, *n) == Prospect::Wait).count();
    assert_eq!(accepted, WAITING_MAX);
    let sent = std::iter::from_fn(|| machine.poll_fetch(at(0))).count();
    assert_eq!(sent, IN_FLIGHT_MAX);
    // The issuer answers nothing: those that have waited for too long are not sent any more.
    assert_eq!(machine.poll_fetch(at(5)), None);
    assert!(machine.waiting.is_empty());
}
