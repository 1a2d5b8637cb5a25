//! Formatting of expressions, so that they parse to the same ones.

use std::fmt;

use super::{Expression, Node, Step};
use crate::calculator::number::Number;
use crate::calculator::operation::Operation;

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Node::Number(number) => f.write_str(&written(number)),
            node => fmt::Display::fmt(node, f),
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Binary(operation, left, right) => {
                let binds = *operation == Operation::Power;
                let left = Operand { node: left, is_first: !binds };
                let right = Operand { node: right, is_first: false };
                write!(f, "{left} {} {right}", operation.sign())
            }
            Node::Group(inner) => write!(f, "({inner})"),
            Node::Negate(inner) => write!(f, "-{}", Operand { node: inner, is_first: false }),
            Node::Number(number) => f.write_str(&written(number)),
            Node::Percent(inner) => write!(f, "{}%", Operand { node: inner, is_first: false }),
        }
    }
}

/// An operand; a number that could be parsed as an operation gets parentheses.
struct Operand<'a> {
    node: &'a Node,
    /// Whether no operator comes before it.
    is_first: bool,
}

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.node.to_string();
        let is_fraction = self.node.is_number() && text.contains('/');
        let is_signed = text.starts_with('-') && !self.is_first;
        if is_fraction || is_signed { write!(f, "({text})") } else { f.write_str(&text) }
    }
}

/// Formats the operation and its result.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (a, b) = (Node::Number(self.a.clone()), Node::Number(self.b.clone()));
        if self.is_percent {
            write!(f, "{}% = ", Operand { node: &a, is_first: false })?;
        }
        let operation = Node::Binary(self.operation, Box::new(a), Box::new(b));
        write!(f, "{operation} = {}", written(&self.result))
    }
}

/// Formats a number with all its digits, or as a fraction where these would be too many.
pub(in crate::calculator) fn written(number: &Number) -> String {
    match number.places() {
        Some(places) if places <= PLACES_MAX => number.decimal(places as u32),
        _ => number.to_string(),
    }
}

/// Formats a number as [`written`] does, and adds an approximation to a fraction.
pub(in crate::calculator) fn approximately(number: &Number) -> String {
    let text = written(number);
    if text.contains('/') { format!("{text} ≈ {}", number.decimal(6)) } else { text }
}

/// The maximum number of digits after the point, beyond which a fraction is used.
const PLACES_MAX: usize = 12;
