//! Arithmetic expressions: parsed, and evaluated one step at a time.
//!
//! Owns: [`Expression`], a tree of operations, and their order. Never: unbounded work. The length
//! of the text, its depth, the number of its operations and the digits of every result have limits.

mod read;
mod write;

use num_rational::BigRational;

pub use read::{Unreadable, Why};
pub(super) use write::{approximately, written};

use super::number::Number;
use super::operation::{NoResult, Operation};

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression(Node);

/// An operation with its result.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The operation.
    pub operation: Operation,
    /// The first operand.
    pub a: Number,
    /// The second operand.
    pub b: Number,
    /// The result.
    pub result: Number,
    /// Whether it was written as `a%`; then `b` is 100.
    pub is_percent: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Binary(Operation, Box<Node>, Box<Node>),
    /// An expression in parentheses; never a single number.
    Group(Box<Node>),
    /// An expression after a minus; never a single number.
    Negate(Box<Node>),
    Number(Number),
    Percent(Box<Node>),
}

impl Expression {
    /// The maximum length of a text, in characters.
    pub const LEN_MAX: usize = 500;

    /// The maximum nesting depth of parentheses, signs and exponents.
    pub const DEPTH_MAX: usize = 32;

    /// The maximum number of operations in an expression.
    pub const OPERATIONS_MAX: usize = 64;

    /// Parses an expression: numbers, `+ - × ÷ ^ %`, parentheses, and other common notations of
    /// these, such as `*`, `/`, `times` and `²`. An equals sign at the end is ignored.
    ///
    /// # Errors
    ///
    /// It is not an expression, or exceeds the limits.
    pub fn parse(text: &str) -> Result<Expression, Unreadable> {
        read::expression(text).map(Expression)
    }

    /// Returns the value.
    ///
    /// # Errors
    ///
    /// One of its operations has no result.
    pub fn value(&self) -> Result<Number, NoResult> {
        let mut rest = self.clone();
        while let Some(step) = rest.step() {
            step?;
        }
        // Without further steps it is a number.
        rest.as_number().cloned().ok_or(NoResult::TooLarge)
    }

    /// Returns the number that it is, if no operation is left.
    pub fn as_number(&self) -> Option<&Number> {
        match &self.0 {
            Node::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Carries out the next operation: parentheses first, then percentages, powers, multiplications
    /// and divisions, additions and subtractions, and of equals the leftmost. Returns `None` when
    /// it has become a number.
    ///
    /// # Errors
    ///
    /// The operation has no result. The expression is unchanged.
    pub fn step(&mut self) -> Option<Result<Step, NoResult>> {
        let (_, node) = self.0.next(0)?;
        let step = node.perform();
        self.0.tidy();
        step
    }
}

impl Node {
    /// Returns the next operation among those with known operands, and its precedence.
    fn next(&mut self, depth: usize) -> Option<((usize, u8), &mut Node)> {
        if let Some(urgency) = self.urgency() {
            return Some(((depth, urgency), self));
        }
        match self {
            Node::Number(_) => None,
            Node::Group(inner) => inner.next(depth + 1),
            Node::Negate(inner) | Node::Percent(inner) => inner.next(depth),
            Node::Binary(_, left, right) => match (left.next(depth), right.next(depth)) {
                (Some(left), Some(right)) if right.0 > left.0 => Some(right),
                (Some(left), _) => Some(left),
                (None, right) => right,
            },
        }
    }

    /// Returns the precedence of an operation, or `None` if its operands are not yet known.
    fn urgency(&self) -> Option<u8> {
        match self {
            Node::Percent(of) => of.is_number().then_some(3),
            Node::Binary(operation, left, right) => (left.is_number() && right.is_number())
                .then_some(match operation {
                    Operation::Power => 2,
                    Operation::Divide | Operation::Multiply => 1,
                    Operation::Add | Operation::Subtract => 0,
                }),
            _ => None,
        }
    }

    fn is_number(&self) -> bool {
        matches!(self, Node::Number(_))
    }

    /// Replaces an operation by its result, or returns `None` if its operands are not numbers.
    fn perform(&mut self) -> Option<Result<Step, NoResult>> {
        let (operation, a, b, is_percent) = match self {
            Node::Percent(of) => (Operation::Divide, of.number()?, Number::from(100), true),
            Node::Binary(operation, left, right) => {
                (*operation, left.number()?, right.number()?, false)
            }
            _ => return None,
        };
        let result = match operation.apply(&a, &b) {
            Ok(result) if result.length() > RESULT_LEN_MAX => return Some(Err(NoResult::TooLarge)),
            Ok(result) => result,
            Err(none) => return Some(Err(none)),
        };
        *self = Node::Number(result.clone());
        Some(Ok(Step { operation, a, b, result, is_percent }))
    }

    fn number(&self) -> Option<Number> {
        match self {
            Node::Number(number) => Some(number.clone()),
            _ => None,
        }
    }

    /// Removes parentheses and signs around single numbers.
    fn tidy(&mut self) {
        match self {
            Node::Binary(_, left, right) => {
                left.tidy();
                right.tidy();
            }
            Node::Percent(inner) => inner.tidy(),
            Node::Group(inner) | Node::Negate(inner) => inner.tidy(),
            Node::Number(_) => {}
        }
        let plain = match self {
            Node::Group(inner) => inner.number(),
            Node::Negate(inner) => inner.number().map(|number| negated(&number)),
            _ => None,
        };
        if let Some(number) = plain {
            *self = Node::Number(number);
        }
    }
}

fn negated(number: &Number) -> Number {
    Number::of(-BigRational::clone(number.as_ratio()))
}

/// The maximum number of digits of a result, numerator and denominator together: more than a person
/// reads.
const RESULT_LEN_MAX: usize = 300;

#[cfg(test)]
mod tests;
