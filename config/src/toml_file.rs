//! Files in TOML, which other clients write.

use crate::syntax::{Json, Member, Node, decode};

/// Parses a file in TOML; `None` if it is something else. The lines are not kept.
pub(crate) fn parse(bytes: &[u8]) -> Option<Vec<Member>> {
    let table: toml::Table = decode(bytes).ok()?.parse().ok()?;
    Some(members(table)).filter(|members| !members.is_empty())
}

fn members(table: toml::Table) -> Vec<Member> {
    let member = |(name, value)| Member { name, line: 1, node: node(value) };
    table.into_iter().map(member).collect()
}

fn node(value: toml::Value) -> Node {
    let value = match value {
        toml::Value::String(text) => Json::Text(text),
        toml::Value::Boolean(is) => Json::Bool(is),
        toml::Value::Integer(number) => Json::Number(number.to_string()),
        toml::Value::Float(number) if number.is_finite() => Json::Number(number.to_string()),
        toml::Value::Float(number) => Json::Text(number.to_string()),
        toml::Value::Datetime(time) => Json::Text(time.to_string()),
        toml::Value::Array(values) => Json::List(values.into_iter().map(node).collect()),
        toml::Value::Table(table) => Json::Object(members(table)),
    };
    Node { line: 1, value }
}
