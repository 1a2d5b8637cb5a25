use proptest::prelude::*;

use super::*;

const SOON: Duration = Duration::from_secs(1_800_000_000);
const NOW: Duration = Duration::from_secs(1_799_999_999);

fn key() -> StateKey {
    StateKey::new([7; 32])
}

fn binding() -> Binding<'static> {
    Binding { principal: &Principal::Anonymous, method: "tools/call", params_digest: [9; 32] }
}

fn sealed(payload: &[u8]) -> String {
    key().seal(&binding(), SOON, payload)
}

fn opened(text: &str) -> Result<Vec<u8>, Refused> {
    key().open(&binding(), NOW, text.as_bytes())
}

/// Returns the digest of `arguments`.
fn digest(arguments: &str) -> [u8; 32] {
    SalientParams { arguments: Some(arguments.as_bytes()), ..SalientParams::default() }.digest()
}

#[test]
fn the_format_does_not_change_unnoticed() {
    // Instances of two builds may share a key. Computed with other libraries.
    assert_eq!(
        sealed(b"payload"),
        "AgAAAaMYXFAACQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQmhRTOqb9sikQm2eM2ztwGjyfv3cVh3hT4U-zA7VoR9onBheWxvYWQ"
    );
    assert_eq!(
        digest(r#"{"b":[1,"é"],"a":null}"#).map(|byte| format!("{byte:02x}")).concat(),
        "5e2b3530c247e9e16f0c327290f1f673e70821ce302a4ae9e1fdb34ab21874c3"
    );
}

#[test]
fn a_state_is_one_word_of_the_promised_length() {
    for bytes in [0, 1, 2, 3, 100, 1000] {
        let text = sealed(&vec![0xff; bytes]);
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(text.len(), ((73 + bytes) * 4).div_ceil(3));
    }
}

#[test]
fn it_is_opened_until_it_expires() {
    let text = sealed(b"answers");
    let at = |now| key().open(&binding(), now, text.as_bytes());
    assert_eq!(at(Duration::ZERO).unwrap(), b"answers");
    assert_eq!(at(SOON - Duration::from_millis(1)).unwrap(), b"answers");
    assert_eq!(at(SOON), Err(Refused::Expired));
    assert_eq!(at(Duration::MAX), Err(Refused::Expired));
}

#[test]
fn it_is_bound_to_all_of_the_request() {
    let text = sealed(b"answers");
    let [ann, bob] = [[1; 32], [2; 32]].map(Principal::Bearer);
    let others = [
        Binding { principal: &ann, ..binding() },
        Binding { principal: &bob, ..binding() },
        Binding { principal: &Principal::Bearer([0; 32]), ..binding() },
        Binding { method: "prompts/get", ..binding() },
        Binding { method: "tools/cal", ..binding() },
        Binding { method: "tools/call ", ..binding() },
        Binding { method: "", ..binding() },
        Binding { params_digest: [8; 32], ..binding() },
    ];
    for other in &others {
        assert_eq!(key().open(other, NOW, text.as_bytes()), Err(Refused::Forged), "{other:?}");
    }
    for key in [[0; 32], [8; 32]].map(StateKey::new) {
        assert_eq!(key.open(&binding(), NOW, text.as_bytes()), Err(Refused::Forged));
    }
}

#[test]
fn an_expired_forgery_is_a_forgery() {
    let other = Binding { method: "prompts/get", ..binding() };
    assert_eq!(key().open(&other, Duration::MAX, sealed(b"").as_bytes()), Err(Refused::Forged));
}

#[test]
fn a_method_does_not_run_into_what_follows() {
    let head = Head { expires: millis(SOON), params_digest: [9; 32] }.to_bytes();
    let mac = |method, payload| {
        key().mac(&Principal::Anonymous, method, &head, payload).finalize().into_bytes()
    };
    assert_ne!(mac("ab", b""), mac("a", b"b"));
    assert_ne!(mac("ab", b""), mac("a", b""));
}

#[test]
fn other_texts_are_malformed() {
    let whole = sealed(b"");
    let version_1 = URL_SAFE_NO_PAD.encode([&[1][..], &[0; 72]].concat());
    let table = [
        "",
        "x",
        "null",
        &whole[..whole.len() - 1],
        &format!("{whole}="),
        &format!("{whole} "),
        &format!(" {whole}"),
        &format!("{whole}\n"),
        &whole.replacen('A', "+", 1),
        "state\u{e9}",
        &version_1,
        &"A".repeat(TEXT_BYTES_MAX + 1),
    ];
    for text in table {
        assert_eq!(opened(text), Err(Refused::Malformed), "{text:.80}");
    }
}

#[test]
fn the_longest_payload_is_opened() {
    let payload = vec![b'x'; PAYLOAD_BYTES_MAX];
    assert_eq!(opened(&sealed(&payload)).unwrap(), payload);
}

#[test]
fn nothing_shows_the_key() {
    assert_eq!(format!("{:?} {:#?}", key(), key()), "StateKey(…) StateKey(…)");
}

#[test]
fn spelling_does_not_count_among_parameters() {
    let same = [
        r#"{"a":1,"b":{"c":[true,"é"]}}"#,
        r#" { "b" : { "c" : [ true , "\u00e9" ] } , "a" : 1.0 } "#,
        "{\"b\":{\"c\":[true,\"é\"]},\r\n\"a\":10e-1}",
    ];
    for other in same {
        assert_eq!(digest(other), digest(same[0]), "{other}");
    }
    for other in ["{}", "null", "", r#"{"a":2,"b":{"c":[true,"é"]}}"#, r#"{"a":1}"#, "not JSON"] {
        assert_ne!(digest(other), digest(same[0]), "{other}");
    }
}

#[test]
fn every_parameter_counts_as_what_it_is() {
    let of = |name, uri, arguments| SalientParams { name, uri, arguments }.digest();
    let x = Some(&br#""x""#[..]);
    let all = [
        of(None, None, None),
        of(x, None, None),
        of(None, x, None),
        of(None, None, x),
        of(x, x, None),
        of(None, None, Some(b"")),
        of(None, None, Some(b"null")),
        of(None, None, Some(b"{}")),
    ];
    for (index, one) in all.iter().enumerate() {
        assert!(!all[index + 1..].contains(one), "{index}");
    }
}

proptest! {
    #[test]
    fn what_was_sealed_is_opened(
        key: [u8; 32],
        principal in proptest::option::of(any::<[u8; 32]>()),
        method: String,
        params_digest: [u8; 32],
        payload: Vec<u8>,
        expires in 1..u64::MAX,
    ) {
        let principal = principal.map_or(Principal::Anonymous, Principal::Bearer);
        let binding = Binding { principal: &principal, method: &method, params_digest };
        let expires = Duration::from_millis(expires);
        let text = StateKey::new(key).seal(&binding, expires, &payload);
        let open = |now| StateKey::new(key).open(&binding, now, text.as_bytes());
        prop_assert_eq!(open(expires - Duration::from_millis(1)), Ok(payload));
        prop_assert_eq!(open(expires), Err(Refused::Expired));
    }

    #[test]
    fn no_other_text_is_opened(payload: Vec<u8>, at: prop::sample::Index, byte: u8) {
        let text = sealed(&payload);
        let mut other = text.clone().into_bytes();
        other[at.index(text.len())] = byte;
        if other != text.as_bytes() {
            let open = key().open(&binding(), NOW, &other);
            prop_assert!(matches!(open, Err(Refused::Forged | Refused::Malformed)), "{open:?}");
        }
        let cut = at.index(text.len());
        prop_assert!(opened(&text[..cut]).is_err());
        prop_assert!(opened(&text[cut + 1..]).is_err());
    }

    #[test]
    fn no_bit_of_a_state_is_spare(payload: Vec<u8>, at: prop::sample::Index, bit in 0..8u8) {
        let mut state = URL_SAFE_NO_PAD.decode(sealed(&payload)).unwrap();
        let at = at.index(state.len());
        state[at] ^= 1u8 << bit;
        let refused = if at == 0 { Refused::Malformed } else { Refused::Forged };
        prop_assert_eq!(opened(&URL_SAFE_NO_PAD.encode(state)), Err(refused));
    }

    #[test]
    fn no_text_is_too_strange(text: Vec<u8>) {
        prop_assert!(key().open(&binding(), NOW, &text).is_err());
    }
}
