use serde_json::json;

use super::*;
use crate::calculator::tests::Visitor;

fn lesson(arguments: serde_json::Value) -> String {
    Visitor::new().prompt(NAME, arguments).unwrap()
}

#[test]
fn a_lesson_has_all_its_parts() {
    let text = lesson(json!({ "topic": "percentages", "studentLevel": "advanced" }));
    let headings: Vec<_> = text.lines().filter(|line| line.starts_with('#')).collect();
    assert_eq!(
        headings,
        [
            "# Lesson: percentages",
            "## The idea",
            "## How to do it",
            "## An example",
            "## A common mistake",
            "## Further",
            "## Exercises",
            "## Answers",
        ]
    );
    assert!(text.contains("**Student level:** advanced\n"), "{text}");
}

#[test]
fn without_arguments_it_begins_where_most_begin() {
    let text = lesson(json!({}));
    assert!(text.starts_with("# Lesson: order of operations\n\n**Student level:** beginner\n"));
    assert!(!text.contains("## Further") && !text.contains("There is no lesson"), "{text}");
}

#[test]
fn a_topic_there_is_no_lesson_about_is_said_to_be_one() {
    let text = lesson(json!({ "topic": "cooking" }));
    assert!(text.contains("There is no lesson about `cooking`."), "{text}");
}

#[test]
fn a_level_there_is_not_is_named() {
    let wish = json!({ "studentLevel": "expert" });
    let fault = Visitor::new().prompt(NAME, wish).unwrap_err();
    let message = "params.arguments.studentLevel must be one of beginner, intermediate, advanced";
    assert_eq!((fault.code, &*fault.message), (-32602, message));
}

#[test]
fn what_the_lessons_say_is_right() {
    use crate::calculator::expression::Expression;

    let value = |text: &str| Expression::parse(text).unwrap().value().unwrap();
    for (left, right) in [
        ("27 + 15", "42"),
        ("48 + 37 + 52", "137"),
        ("52 - 38", "14"),
        ("3 - 5", "-2"),
        ("12 × 13", "12 × 10 + 12 × 3"),
        ("1 ÷ 8", "0.125"),
        ("1/2 + 1/3", "5/6"),
        ("100 + 100 × 10%", "110"),
        ("110 - 110 × 10%", "99"),
        ("1.1 × 0.9", "0.99"),
        ("0.1 + 0.2", "0.3"),
        ("2 + 3 × 4", "14"),
        ("2^3^2", "512"),
        ("-2^2", "-4"),
        ("(-2)^2", "4"),
    ] {
        assert_eq!(value(left), value(right), "{left} = {right}");
    }
}
