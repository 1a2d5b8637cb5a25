use pontoon_core::Duration;
use pontoon_core::server::Notification;

use crate::calculator::tests::{Visitor, text};

#[test]
fn its_description_says_who_is_sent_progress() {
    assert!(super::tool().description.contains("requests with a progressToken"));
}

#[test]
fn five_steps_take_a_second() {
    let mut visitor = Visitor::new();
    let start = visitor.now;
    let result = visitor.call("demo_progress", "{}").unwrap();
    assert_eq!(text(&result.content), "Progress demonstration completed with 5 steps");
    assert_eq!(visitor.now, start + Duration::from_secs(1));
    let steps: Vec<_> = visitor
        .notices
        .iter()
        .map(|(at, notice)| match notice {
            Notification::Progress { progress, total: Some(1.0), message: Some(message) } => {
                (at.since(start).as_millis(), *progress, &**message)
            }
            other => panic!("not progress: {other:?}"),
        })
        .collect();
    assert_eq!(
        steps,
        [
            (200, 0.2, "Progress step 1 of 5"),
            (400, 0.4, "Progress step 2 of 5"),
            (600, 0.6, "Progress step 3 of 5"),
            (800, 0.8, "Progress step 4 of 5"),
            (1000, 1.0, "Progress step 5 of 5"),
        ]
    );
}
