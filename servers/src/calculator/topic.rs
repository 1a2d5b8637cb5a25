//! The topics of problems and lessons.

use strum::{IntoStaticStr, VariantArray};

use super::choice::Choice;

/// A topic of arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Topic {
    Addition,
    Subtraction,
    Multiplication,
    Division,
    Fractions,
    Percentages,
    Decimals,
    #[strum(serialize = "order of operations")]
    OrderOfOperations,
    Algebra,
}

impl Choice for Topic {}

impl Topic {
    /// Returns the topic of a text, by its words; more specific topics come first.
    pub(super) fn find(text: &str) -> Option<Topic> {
        let text = text.to_lowercase();
        let is_about = |words: &[&str]| words.iter().any(|word| text.contains(word));
        WORDS.iter().find(|(_, words)| is_about(words)).map(|(topic, _)| *topic)
    }
}

/// The difficulty of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Difficulty {
    Easy,
    Medium,
    Hard,
}

impl Choice for Difficulty {}

/// Parts of words that indicate a topic.
const WORDS: &[(Topic, &[&str])] = &[
    (Topic::Algebra, &["algebra", "equation", "linear", "solve for", "unknown", "variable"]),
    (
        Topic::OrderOfOperations,
        &["order of", "bodmas", "bracket", "parenthes", "pemdas", "precedence"],
    ),
    (Topic::Percentages, &["percent", "%", "discount", "interest", "tax"]),
    (Topic::Fractions, &["fraction", "denominator", "numerator", "ratio", "halves"]),
    (Topic::Decimals, &["decimal", "money", "price"]),
    (Topic::Multiplication, &["multipl", "product", "times"]),
    (Topic::Division, &["divi", "quotient", "sharing"]),
    (Topic::Subtraction, &["subtract", "difference", "minus", "take away"]),
    (Topic::Addition, &["add", "plus", "sum"]),
];
