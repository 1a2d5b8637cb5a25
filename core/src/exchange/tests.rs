//! Every form of answer, for every `Accept`, as a client sees it.

use super::*;

/// The output as one text: the status of a reply or of a stream, then its parts.
struct Recorder {
    text: String,
    now: Instant,
}

impl ResponseWriter for Recorder {
    fn now(&self) -> Instant {
        self.now
    }

    fn reply(&mut self, head: ReplyHead, body: Chunk) {
        self.text += &format!("{} {}", head.status, String::from_utf8_lossy(&body.to_vec()));
    }

    fn begin(&mut self, head: ReplyHead) {
        assert_eq!((head.status, head.content_type), (200, Some(ContentType::EventStream)));
        self.text += "stream";
    }

    fn event(&mut self, message: Chunk) {
        self.text += &format!(" {}", String::from_utf8_lossy(&message.to_vec()));
    }

    fn write(&mut self, bytes: Chunk) {
        self.text += &format!(" ({})", String::from_utf8_lossy(&bytes.to_vec()));
    }

    fn finish(&mut self) {
        self.text += " end";
    }
}

const JSON: Accept = Accept { json: true, sse: false };
const SSE: Accept = Accept { json: false, sse: true };
const BOTH: Accept = Accept { json: true, sse: true };

const PERIOD: Duration = Duration::from_secs(10);

/// A step: a message `m`, an answer `1`, one with status 400 `!`, one without room `-`, time `t`,
/// the end `.`.
fn told(accept: Accept, batch: Option<usize>, steps: &str) -> String {
    let mut out = Recorder { text: String::new(), now: Instant::ZERO };
    let mut exchange = Exchange::new(accept, batch, out.now);
    let text = |text: &str| Chunk::from(Bytes::copy_from_slice(text.as_bytes()));
    let head = |status| ReplyHead::with_body(status, ContentType::Json);
    for step in steps.chars() {
        let id = Some(b"7".as_slice());
        match step {
            'm' if exchange.takes_messages() => exchange.message(text("m"), &mut out),
            'm' => out.text += "no ",
            '!' => drop(exchange.answer(id, head(400), Some(text("!")), &mut out)),
            '-' => {
                let sent = exchange.answer(id, head(200), None, &mut out);
                assert_eq!(sent.replaced, Some(Reject::UnreadAnswers));
            }
            't' => {
                assert!(!exchange.takes_messages() || exchange.keep_alive_due(PERIOD) > out.now);
                out.now = out.now + PERIOD;
                exchange.keep_alive(PERIOD, Bytes::from_static(b"alive"), &mut out);
            }
            '.' => exchange.finish(&mut out),
            answer => {
                let answer = Some(text(&answer.to_string()));
                let sent = exchange.answer(id, head(200), answer, &mut out);
                if sent.replaced.is_some() {
                    out.text += "replaced ";
                }
            }
        }
    }
    out.text
}

#[test]
fn one_answer_is_one_body() {
    assert_eq!(told(BOTH, None, "1."), "200 1");
    assert_eq!(told(JSON, None, "m1."), "no 200 1");
    assert_eq!(told(SSE, None, "1."), "stream 1 end");
    assert_eq!(told(BOTH, None, "."), "202 ");
}

#[test]
fn a_message_begins_a_stream() {
    assert_eq!(told(BOTH, None, "mm1."), "stream m m 1 end");
    assert_eq!(told(BOTH, None, "1m."), "200 1no ");
}

#[test]
fn only_an_answer_before_anything_else_has_a_status() {
    assert_eq!(told(BOTH, None, "!."), "400 !");
    assert_eq!(told(SSE, None, "!."), "400 !");
    assert_eq!(told(BOTH, None, "m!."), "stream m ! end");
}

#[test]
fn an_answer_without_room_becomes_an_error() {
    let error = json::error(Some(b"7"), &Reject::UnreadAnswers.wire());
    let error = String::from_utf8(error.to_vec()).unwrap();
    let status = Reject::UnreadAnswers.wire().status;
    assert_eq!(told(BOTH, None, "-."), format!("{status} {error}"));
    assert_eq!(told(BOTH, None, "m-."), format!("stream m {error} end"));
    assert_eq!(told(JSON, Some(1000), "-1."), format!("200 [{error},1]"));
}

#[test]
fn the_answers_to_a_batch_wait_for_each_other() {
    assert_eq!(told(BOTH, Some(9), "12."), "200 [1,2]");
    assert_eq!(told(BOTH, Some(9), "1."), "200 [1]");
    assert_eq!(told(BOTH, Some(9), "."), "202 ");
    assert_eq!(told(BOTH, Some(9), "1m2."), "stream 1 m 2 end");
    assert_eq!(told(SSE, Some(9), "12."), "stream 1 2 end");
}

#[test]
fn a_batch_over_the_limit_is_streamed_or_refused() {
    assert_eq!(told(BOTH, Some(2), "1234."), "stream 1 2 3 4 end");
    let error = json::error(Some(b"7"), &Reject::BatchAnswerTooLarge.wire());
    let error = String::from_utf8(error.to_vec()).unwrap();
    assert_eq!(told(JSON, Some(2), "123."), format!("replaced 200 [1,2,{error}]"));
}

#[test]
fn a_quiet_exchange_becomes_a_stream() {
    assert_eq!(told(BOTH, None, "tt1."), "stream (alive) (alive) 1 end");
    assert_eq!(told(BOTH, Some(9), "1t2."), "stream 1 (alive) 2 end");
    assert_eq!(told(JSON, None, "t1."), "200 1");
    assert_eq!(told(BOTH, None, "1t."), "200 1");
    assert_eq!(told(BOTH, None, "m.t"), "stream m end");
}

#[test]
fn a_finished_stream_can_be_resumed() {
    let mut out = Recorder { text: String::new(), now: Instant::ZERO };
    let mut exchange = Exchange::new(BOTH, None, out.now);
    exchange.message(Chunk::from(Bytes::from_static(b"m")), &mut out);
    exchange.finish(&mut out);
    assert!(exchange.has_begun() && !exchange.takes_messages());
    exchange.resume(out.now);
    assert!(exchange.takes_messages());
    exchange.finish(&mut out);
    assert_eq!(out.text, "stream m end end");
}
