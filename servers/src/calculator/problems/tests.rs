use serde_json::json;

use super::*;
use crate::calculator::tests::Visitor;

fn refusal(arguments: serde_json::Value) -> String {
    let fault = Visitor::new().prompt(NAME, arguments).unwrap_err();
    assert_eq!(fault.code, -32602);
    fault.message.into_owned()
}

#[test]
fn a_sheet_has_problems_and_worked_answers() {
    let mut visitor = Visitor::new();
    let wish = json!({ "topic": "Fractions", "difficulty": "hard", "count": "2" });
    assert_eq!(
        visitor.prompt(NAME, wish).unwrap(),
        "# Practice problems: fractions (hard)

## Problems

1. 2/5 × 2/10 = ?
2. 4/6 + 4/6 = ?

## Answers

1. **2/25**
   - Numerators and denominators: (2 × 2)/(5 × 10) = 4/50
   - In lowest terms: 4/50 = 2/25
2. **4/3**
   - Over 6: 4/6 + 4/6 = 8/6
   - In lowest terms: 8/6 = 4/3

---

Give me these problems one by one, and compare what I answer with the answers above. They were \
         computed exactly.
"
    );
}

#[test]
fn five_medium_problems_are_made_unless_something_else_is_asked_for() {
    for arguments in [
        json!({ "topic": "addition" }),
        json!({ "topic": "addition", "difficulty": "", "count": " " }),
    ] {
        let text = Visitor::new().prompt(NAME, arguments).unwrap();
        assert!(text.starts_with("# Practice problems: addition (medium)\n"), "{text}");
        assert_eq!(text.matches(" = ?").count(), 5);
    }
}

#[test]
fn the_same_chance_makes_the_same_problems_and_another_makes_others() {
    let mut visitor = Visitor::new();
    let mut sheet = |random| {
        visitor.random = random;
        visitor.prompt(NAME, json!({ "topic": "multiplication" })).unwrap()
    };
    let (first, second) = (sheet(1), sheet(2));
    assert_ne!(first, second);
    assert_eq!(first, sheet(1));
}

#[test]
fn an_unknown_topic_gives_something_of_each() {
    let wish = json!({ "topic": "`rm -rf`\n# knitting", "count": "10" });
    let text = Visitor::new().prompt(NAME, wish).unwrap();
    assert!(text.starts_with("# Practice problems: mixed arithmetic (medium)\n"), "{text}");
    assert!(text.contains("`'rm -rf' # knitting` is not a known topic"), "{text}");
}

#[test]
fn topics_are_found_by_the_words_people_use() {
    for (text, topic) in [
        ("Adding up", Some(Topic::Addition)),
        ("long division", Some(Topic::Division)),
        ("Times tables", Some(Topic::Multiplication)),
        ("fraction addition", Some(Topic::Fractions)),
        ("discounts", Some(Topic::Percentages)),
        ("PEMDAS", Some(Topic::OrderOfOperations)),
        ("linear equations", Some(Topic::Algebra)),
        ("take away", Some(Topic::Subtraction)),
        ("decimal numbers", Some(Topic::Decimals)),
        ("", None),
        ("geometry", None),
    ] {
        assert_eq!(Topic::find(text), topic, "{text}");
    }
    assert!(Topic::ALL.iter().all(|topic| Topic::find(topic.word()) == Some(*topic)));
}

#[test]
fn a_count_that_is_none_is_named() {
    for count in ["0", "11", "-4", "abc", "2.5", "1e1", "99999999999999999999"] {
        let message = "params.arguments.count must be a whole number from 1 to 10";
        assert_eq!(refusal(json!({ "topic": "addition", "count": count })), message, "{count}");
    }
    assert_eq!(refusal(json!({})), "params.arguments.topic must be a string");
    assert_eq!(
        refusal(json!({ "topic": "addition", "difficulty": "extreme" })),
        "params.arguments.difficulty must be one of easy, medium, hard"
    );
}
