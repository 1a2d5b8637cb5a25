//! The parser of expressions.
//!
//! ```text
//! sum     = product { ("+" | "-") product }
//! product = signed { ("×" | "÷") signed }
//! signed  = { "+" | "-" } power
//! power   = value [ "^" signed ]
//! value   = ( number | "(" sum ")" ) { "%" | "²" | "³" }
//! ```

use std::fmt;

use super::{Expression, Node, RESULT_LEN_MAX, negated};
use crate::calculator::number::{NotANumber, Number};
use crate::calculator::operation::Operation;

/// A text that is not an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The number of characters before the error.
    pub at: usize,
    /// The reason.
    pub why: Why,
}

/// The reason why a text is not an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Parentheses, signs or exponents are nested too deeply.
    Deep,
    /// The text is empty.
    Empty,
    /// A number or an opening parenthesis is expected here.
    ExpectedNumber,
    /// An operator or the end is expected here.
    ExpectedOperator,
    /// The text is too long.
    Long,
    /// This is not a number, or it is too long.
    Number(NotANumber),
    /// There are too many operations.
    Operations,
    /// This parenthesis is not closed.
    Unclosed,
    /// This character has no meaning here.
    Unknown(char),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Deep => write!(f, "is nested more than {} levels deep", Expression::DEPTH_MAX),
            Why::Empty => f.write_str("is empty"),
            Why::ExpectedNumber => f.write_str("should have a number or a parenthesis here"),
            Why::ExpectedOperator => f.write_str("should have an operator or its end here"),
            Why::Long => write!(f, "is longer than {} characters", Expression::LEN_MAX),
            Why::Number(NotANumber::Malformed) => {
                f.write_str("has something here that is no number")
            }
            Why::Number(NotANumber::TooLong) => f.write_str("has too long a number here"),
            Why::Operations => {
                write!(f, "has more than {} operations", Expression::OPERATIONS_MAX)
            }
            Why::Unclosed => f.write_str("has a parenthesis here that is never closed"),
            Why::Unknown(it) => write!(f, "has {it:?} here, which is no part of arithmetic"),
        }
    }
}

pub(super) fn expression(text: &str) -> Result<Node, Unreadable> {
    if text.chars().nth(Expression::LEN_MAX).is_some() {
        return Err(Unreadable { at: 0, why: Why::Long });
    }
    let text: Vec<char> = text.chars().collect();
    let tokens = tokens(&text)?;
    if tokens.is_empty() {
        return Err(Unreadable { at: 0, why: Why::Empty });
    }
    let mut reader = Reader { tokens, next: 0, end: text.len(), depth: 0, operations: 0 };
    let node = reader.sum()?;
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.unreadable(Why::ExpectedOperator)),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Close,
    Number(Number),
    Open,
    Operator(Operation),
    Percent,
    /// A superscript 2 or 3.
    Raised(i64),
}

/// Returns the tokens and their positions.
fn tokens(text: &[char]) -> Result<Vec<(usize, Token)>, Unreadable> {
    let last = text.iter().rposition(|it| !it.is_whitespace() && !"=?".contains(*it));
    let text = &text[..last.map_or(0, |last| last + 1)];
    let mut tokens = Vec::new();
    let mut at = request_len(text);
    while at < text.len() {
        if text[at].is_whitespace() {
            at += 1;
            continue;
        }
        let (len, token) = token(&text[at..]).map_err(|why| Unreadable { at, why })?;
        tokens.push((at, token));
        at += len;
    }
    Ok(tokens)
}

/// Parses the token at the start of `text`, and returns its length.
fn token(text: &[char]) -> Result<(usize, Token), Why> {
    let token = match text[0] {
        '0'..='9' | '.' => return number(text),
        '*' if text.get(1) == Some(&'*') => return Ok((2, Token::Operator(Operation::Power))),
        '(' => Token::Open,
        ')' => Token::Close,
        '%' => Token::Percent,
        '²' => Token::Raised(2),
        '³' => Token::Raised(3),
        '+' => Token::Operator(Operation::Add),
        '-' | '−' | '–' => Token::Operator(Operation::Subtract),
        '*' | '×' | '·' | '∙' => Token::Operator(Operation::Multiply),
        '/' | '÷' | ':' | '∕' => Token::Operator(Operation::Divide),
        '^' => Token::Operator(Operation::Power),
        other => return word(text).ok_or(Why::Unknown(other)),
    };
    Ok((1, token))
}

fn number(text: &[char]) -> Result<(usize, Token), Why> {
    let digits = |from: usize| text[from..].iter().take_while(|it| it.is_ascii_digit()).count();
    let mut len = digits(0);
    if text.get(len) == Some(&'.') {
        len += 1 + digits(len + 1);
    }
    if let Some('e' | 'E') = text.get(len) {
        let sign = usize::from(matches!(text.get(len + 1), Some('+' | '-')));
        let exponent = text.get(len + 1 + sign..).map_or(0, |_| digits(len + 1 + sign));
        len += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    let number = Number::parse(&text[..len].iter().collect::<String>()).map_err(Why::Number)?;
    match number.length() > RESULT_LEN_MAX {
        true => Err(Why::Number(NotANumber::TooLong)),
        false => Ok((len, Token::Number(number))),
    }
}

/// Parses an operator in words. No letter may follow: `xy` is not `x`.
fn word(text: &[char]) -> Option<(usize, Token)> {
    WORDS.iter().find_map(|(word, operation)| {
        let len = word.chars().count();
        let found = text.get(..len)?.iter().collect::<String>().to_lowercase() == *word;
        let ends = !text.get(len).is_some_and(|it| it.is_alphabetic());
        (found && ends).then_some((len, Token::Operator(*operation)))
    })
}

/// Returns the length of the words that introduce an expression.
fn request_len(text: &[char]) -> usize {
    let begins_with = |request: &&&str| {
        let start = text.iter().take(request.len()).collect::<String>();
        start.eq_ignore_ascii_case(request)
    };
    REQUESTS.iter().find(begins_with).map_or(0, |request| request.len())
}

struct Reader {
    tokens: Vec<(usize, Token)>,
    next: usize,
    /// The end of the text.
    end: usize,
    depth: usize,
    operations: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn unreadable(&self, why: Why) -> Unreadable {
        Unreadable { at: self.tokens.get(self.next).map_or(self.end, |(at, _)| *at), why }
    }

    /// Takes the next operator if it is one of these.
    fn operator(&mut self, of: &[Operation]) -> Result<Option<Operation>, Unreadable> {
        let Some(&Token::Operator(operation)) = self.peek() else { return Ok(None) };
        if !of.contains(&operation) {
            return Ok(None);
        }
        self.count_operation()?;
        self.next += 1;
        Ok(Some(operation))
    }

    fn count_operation(&mut self) -> Result<(), Unreadable> {
        self.operations += 1;
        match self.operations > Expression::OPERATIONS_MAX {
            true => Err(self.unreadable(Why::Operations)),
            false => Ok(()),
        }
    }

    /// Parses one level deeper.
    fn deeper(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Node, Unreadable>,
    ) -> Result<Node, Unreadable> {
        if self.depth == Expression::DEPTH_MAX {
            return Err(self.unreadable(Why::Deep));
        }
        self.depth += 1;
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn sum(&mut self) -> Result<Node, Unreadable> {
        let mut left = self.product()?;
        while let Some(operation) = self.operator(&[Operation::Add, Operation::Subtract])? {
            left = Node::Binary(operation, Box::new(left), Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Node, Unreadable> {
        let mut left = self.signed()?;
        while let Some(operation) = self.operator(&[Operation::Divide, Operation::Multiply])? {
            left = Node::Binary(operation, Box::new(left), Box::new(self.signed()?));
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<Node, Unreadable> {
        let is_negative = match self.peek() {
            Some(Token::Operator(Operation::Add)) => false,
            Some(Token::Operator(Operation::Subtract)) => true,
            _ => return self.power(),
        };
        self.next += 1;
        let node = self.deeper(Self::signed)?;
        Ok(match node {
            node if !is_negative => node,
            Node::Number(number) => Node::Number(negated(&number)),
            node => Node::Negate(Box::new(node)),
        })
    }

    fn power(&mut self) -> Result<Node, Unreadable> {
        let base = self.value()?;
        match self.operator(&[Operation::Power])? {
            None => Ok(base),
            Some(operation) => {
                let exponent = self.deeper(Self::signed)?;
                Ok(Node::Binary(operation, Box::new(grouped(base)), Box::new(exponent)))
            }
        }
    }

    fn value(&mut self) -> Result<Node, Unreadable> {
        let mut node = self.primary()?;
        loop {
            node = match self.peek() {
                Some(Token::Percent) => Node::Percent(Box::new(grouped(node))),
                Some(&Token::Raised(exponent)) => {
                    let exponent = Box::new(Node::Number(Number::from(exponent)));
                    Node::Binary(Operation::Power, Box::new(grouped(node)), exponent)
                }
                _ => return Ok(node),
            };
            self.count_operation()?;
            self.next += 1;
        }
    }

    fn primary(&mut self) -> Result<Node, Unreadable> {
        match self.peek().cloned() {
            Some(Token::Number(number)) => {
                self.next += 1;
                Ok(Node::Number(number))
            }
            Some(Token::Open) => {
                let unclosed = self.unreadable(Why::Unclosed);
                self.next += 1;
                let inner = self.deeper(Self::sum)?;
                match self.peek() {
                    Some(Token::Close) => self.next += 1,
                    None => return Err(unclosed),
                    Some(_) => return Err(self.unreadable(Why::ExpectedOperator)),
                }
                Ok(match inner {
                    Node::Group(_) | Node::Number(_) => inner,
                    _ => Node::Group(Box::new(inner)),
                })
            }
            _ => Err(self.unreadable(Why::ExpectedNumber)),
        }
    }
}

/// Puts an operand in parentheses where it must be, before an operator of the same precedence.
fn grouped(node: Node) -> Node {
    match node {
        Node::Binary(..) => Node::Group(Box::new(node)),
        node => node,
    }
}

/// Operators in words; a longer one before its own beginning.
const WORDS: &[(&str, Operation)] = &[
    ("divided by", Operation::Divide),
    ("minus", Operation::Subtract),
    ("multiplied by", Operation::Multiply),
    ("of", Operation::Multiply),
    ("over", Operation::Divide),
    ("plus", Operation::Add),
    ("times", Operation::Multiply),
    ("to the power of", Operation::Power),
    ("x", Operation::Multiply),
];

/// Words that may introduce an expression. ASCII, so that bytes are characters.
const REQUESTS: &[&str] =
    &["calculate ", "compute ", "evaluate ", "explain ", "solve ", "what is "];
