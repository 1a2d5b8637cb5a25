//! The syntax of a file: JSON with comments and trailing commas, and the line of each key and value.
//!
//! Never: other leniency. The library accepts line breaks in strings and white space of any script,
//! which is refused here.

use std::collections::BTreeMap;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::tokens::{Token, TokenAndRange};
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};

/// A value with its line.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The line on which it begins.
    pub(crate) line: usize,
    /// The value.
    pub(crate) value: Json,
}

/// A JSON value. A number is its text in the file.
#[derive(Clone, Debug)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// The name.
    pub(crate) name: String,
    /// The line of the name.
    pub(crate) line: usize,
    /// The value.
    pub(crate) node: Node,
}

/// An error in the syntax.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) hint: Option<String>,
}

impl SyntaxError {
    fn new(line: usize, text: impl Into<String>) -> Self {
        SyntaxError { line, text: text.into(), hint: None }
    }
}

impl Json {
    /// Returns the type, with an article.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::Text(_) => "a string",
            Json::List(_) => "a list",
            Json::Object(_) => "an object",
        }
    }

    /// Returns it as a value of `serde_json`.
    pub(crate) fn plain(&self) -> serde_json::Value {
        match self {
            Json::Null => serde_json::Value::Null,
            Json::Bool(is) => (*is).into(),
            // A number beyond the range of the library, such as 1e999, is not one for a setting.
            Json::Number(text) => {
                serde_json::from_str(text).unwrap_or_else(|_| text.clone().into())
            }
            Json::Text(text) => text.clone().into(),
            Json::List(nodes) => nodes.iter().map(|node| node.value.plain()).collect(),
            Json::Object(members) => {
                let pairs = members.iter().map(|it| (it.name.clone(), it.node.value.plain()));
                serde_json::Value::Object(pairs.collect())
            }
        }
    }
}

/// Returns the members of an object, none of another value.
pub(crate) fn members(member: &Member) -> &[Member] {
    match &member.node.value {
        Json::Object(members) => members,
        _ => &[],
    }
}

/// Returns the member of this name.
pub(crate) fn member<'a>(members: &'a [Member], name: &str) -> Option<&'a Member> {
    members.iter().find(|member| member.name == name)
}

/// Returns the names that occur more than once: the later member, and the line of the first.
pub(crate) fn duplicates(members: &[Member]) -> Vec<(&Member, usize)> {
    let mut first = BTreeMap::new();
    let mut found = Vec::new();
    for member in members {
        match first.get(member.name.as_str()) {
            Some(line) => found.push((member, *line)),
            None => drop(first.insert(member.name.as_str(), member.line)),
        }
    }
    found
}

/// Parses a file.
pub(crate) fn parse(bytes: &[u8]) -> Result<Node, SyntaxError> {
    let text = decode(bytes)?;
    let lines = Lines::new(text);
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let collect = CollectOptions { comments: CommentCollectionStrategy::AsTokens, tokens: true };
    let parsed =
        parse_to_ast(text, &collect, &options).map_err(|error| explain(&error, text, &lines))?;
    check_tokens(text, &parsed.tokens.unwrap_or_default(), &lines)?;
    match &parsed.value {
        Some(value) => Ok(node(value, &lines)),
        None => Err(SyntaxError {
            hint: Some(r#"an empty configuration is {"mcpServers": {}}"#.into()),
            ..SyntaxError::new(1, "the file is empty")
        }),
    }
}

/// Decodes UTF-8, with or without a byte order mark.
pub(crate) fn decode(bytes: &[u8]) -> Result<&str, SyntaxError> {
    let is_utf_16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    // Without a byte order mark, every other byte of ASCII in UTF-16 is zero.
    if is_utf_16 || matches!(bytes, [first, second, ..] if (*first == 0) != (*second == 0)) {
        return Err(SyntaxError {
            hint: Some("save it as UTF-8".into()),
            ..SyntaxError::new(1, "the file is in UTF-16")
        });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        SyntaxError { hint: Some("save it as UTF-8".into()), ..SyntaxError::new(line, "not UTF-8") }
    })
}

fn explain(error: &ParseError, file: &str, lines: &Lines) -> SyntaxError {
    let (before, rest) = file.split_at(error.range().start);
    let line = lines.of(before.len());
    let (text, hint) = match error.kind() {
        // `"mcpServers": {…}`, as documents of servers show it.
        ParseErrorKind::MultipleRootJsonValues | ParseErrorKind::UnexpectedToken
            if before.trim_start().starts_with('"') && rest.starts_with(':') =>
        {
            ("the { before this key is missing".to_owned(), r#"write {"mcpServers": {…}}"#)
        }
        _ if rest.starts_with(['“', '”', '„', '‘', '’']) => {
            ("typographic quotes are not JSON".to_owned(), "use straight quotes: \"")
        }
        ParseErrorKind::MultipleRootJsonValues => {
            ("there is more text after the end of the object".to_owned(), "one file has one object")
        }
        ParseErrorKind::SingleQuotedStringsNotAllowed => {
            ("single quotes are not JSON".to_owned(), "use double quotes")
        }
        ParseErrorKind::ExpectedStringObjectProperty => {
            ("a key is expected, in double quotes".to_owned(), r#"write "key": value"#)
        }
        ParseErrorKind::UnterminatedObject => {
            ("the text ends before the object that begins here".to_owned(), "add the missing }")
        }
        ParseErrorKind::UnterminatedArray => {
            ("the text ends before the list that begins here".to_owned(), "add the missing ]")
        }
        ParseErrorKind::ExpectedComma => {
            ("a comma is missing after this value".to_owned(), "add , between values")
        }
        // The text of the library quotes the file.
        ParseErrorKind::String(_) => (
            "invalid string".to_owned(),
            r#"it ends with ", and \ begins an escape: \\, \", \u00e9"#,
        ),
        kind => (
            format!("not JSON: {kind}"),
            "a value is an object, a list, a string in double quotes, a number, true, false or null",
        ),
    };
    SyntaxError { hint: Some(hint.to_owned()), ..SyntaxError::new(line, text) }
}

/// Refuses control characters in strings, and white space that is not that of JSON.
fn check_tokens(
    text: &str,
    tokens: &[TokenAndRange<'_>],
    lines: &Lines,
) -> Result<(), SyntaxError> {
    let is_space = |char: char| matches!(char, ' ' | '\t' | '\r' | '\n');
    let mut end = 0;
    for token in tokens {
        let range = token.range;
        let gap = &text[end..range.start];
        if let Some(at) = gap.find(|char| !is_space(char)) {
            return Err(SyntaxError::new(
                lines.of(end + at),
                "unexpected character between values",
            ));
        }
        end = range.end;
        if let Token::String(_) = token.token
            && let Some(at) = text[range.start..range.end].find(|char| char < ' ')
        {
            return Err(SyntaxError {
                hint: Some(r"write a line break as \n, a tab as \t".into()),
                ..SyntaxError::new(lines.of(range.start + at), "control character in a string")
            });
        }
    }
    match text[end..].find(|char| !is_space(char)) {
        Some(at) => Err(SyntaxError::new(lines.of(end + at), "unexpected character at the end")),
        None => Ok(()),
    }
}

fn node(value: &ast::Value<'_>, lines: &Lines) -> Node {
    let line = lines.of(value.range().start);
    let value = match value {
        ast::Value::NullKeyword(_) => Json::Null,
        ast::Value::BooleanLit(it) => Json::Bool(it.value),
        ast::Value::NumberLit(it) => Json::Number(it.value.to_owned()),
        ast::Value::StringLit(it) => Json::Text(it.value.clone().into_owned()),
        ast::Value::Array(it) => {
            Json::List(it.elements.iter().map(|value| node(value, lines)).collect())
        }
        ast::Value::Object(it) => {
            let member = |it: &ast::ObjectProp<'_>| Member {
                name: it.name.as_str().to_owned(),
                line: lines.of(it.range.start),
                node: node(&it.value, lines),
            };
            Json::Object(it.properties.iter().map(member).collect())
        }
    };
    Node { line, value }
}

/// The lines of a text.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Lines(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// Returns the line of a byte.
    fn of(&self, at: usize) -> usize {
        1 + self.0.partition_point(|end| *end < at)
    }
}
