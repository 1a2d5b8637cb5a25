use super::*;
use crate::time::Duration;

fn answered() -> Answered {
    Answered {
        id: None,
        peer: None,
        client: None,
        session: None,
        method: "ping",
        tool: None,
        status: 200,
        took: Duration::ZERO,
        error: None,
    }
}

#[test]
fn lines_above_the_limit_are_counted_in_one() {
    let requests = RequestLog::default();
    let at = |millis| Instant::ZERO + Duration::from_millis(millis);
    let write = |now| {
        let mut seen = Vec::new();
        requests.write(now, 2, answered, |event| seen.push(event));
        seen
    };
    let line = || Event::RequestDone(Box::new(answered()));
    assert_eq!(write(at(0)), [line()]);
    assert_eq!(write(at(1)), [line()]);
    assert!(!requests.has_skipped());
    for millis in 2..=999 {
        assert_eq!(write(at(millis)), []);
    }
    assert!(requests.has_skipped());
    let skipped = |times| Event::Skipped { what: "request_done", reason: "rate", times };
    assert_eq!(write(at(1000)), [skipped(998), line()]);
    assert_eq!((write(at(1001)).len(), write(at(1002)).len()), (1, 0));
    assert_eq!(requests.take_skipped(at(1999)), None, "its second is not over");
    assert_eq!(requests.take_skipped(at(2000)), Some(skipped(1)));
    assert_eq!((requests.take_skipped(at(3000)), requests.report()), (None, None));
}

#[test]
fn words_of_a_client_are_cut_short() {
    let long = "x".repeat(1000);
    let name = client_name(format!(r#"{{"name":"{long}","version":"1"}}"#).as_bytes()).unwrap();
    assert!(name.chars().count() <= 101, "{name}");
    assert_eq!(client_name(b"{}"), None);
}
