//! The resources: constants, formulas, the uptime, the request itself, and an empty history.

use pontoon_core::server::{
    Contents, Event, Notifications, Outcome, Reply, RequestContext, Resource, RpcError, Task,
    Template, Wait,
};
use serde_json::{Value, json};

use super::request;

pub(super) fn resources() -> Vec<Resource> {
    let resource = |uri, name, description| Resource { uri, name, description, mime_type: JSON };
    vec![
        resource(CONSTANTS, "Mathematical constants", "Pi and e, to five digits."),
        resource(STATS, "Uptime", "How long this process has been running; it counts nothing."),
        resource(FORMULAS, "Formula library", "Ten formulas, each with its name and category."),
        resource(REQUEST, "Current request", "The request that reads it; secrets are masked."),
    ]
}

pub(super) fn templates() -> Vec<Template> {
    vec![Template {
        uri_template: HISTORY_TEMPLATE,
        name: "Calculation history",
        description: "Never found: a server without state remembers no calculation.",
        mime_type: JSON,
    }]
}

pub(super) fn read(uri: &str, context: &RequestContext<'_>) -> Outcome {
    match uri {
        CONSTANTS => contents(uri, CONSTANTS_JSON.to_owned()),
        STATS => Outcome::Wait(Wait::Stats, Box::new(Stats)),
        FORMULAS => contents(uri, pretty(&formulas())),
        REQUEST => contents(uri, pretty(&request::describe(uri, context))),
        _ if !is_uri(uri) => Outcome::error(RpcError::invalid_params("params.uri is not a URI")),
        _ if is_history(uri) => Outcome::error(RpcError::resource_not_found(uri, "404 Not Found")),
        _ => {
            Outcome::error(RpcError::resource_not_found(uri, format!("Resource not found: {uri}")))
        }
    }
}

/// `calculator://stats`, waiting for the facts.
#[derive(Debug)]
struct Stats;

impl Task for Stats {
    fn resume(
        self: Box<Self>,
        event: Event<'_>,
        _: &RequestContext<'_>,
        _: &mut Notifications,
    ) -> Outcome {
        let Event::Sampled(facts) = event else {
            return Outcome::Wait(Wait::Stats, self);
        };
        let uptime = u64::try_from(facts.process.uptime.as_millis()).unwrap_or(u64::MAX);
        contents(STATS, pretty(&json!({ "uptimeMs": uptime })))
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

fn contents(uri: &str, text: String) -> Outcome {
    let (uri, mime_type) = (uri.to_owned(), JSON.to_owned());
    Outcome::Done(Ok(Reply::Resource(vec![Contents::Text { uri, mime_type, text }])))
}

fn formulas() -> Value {
    FORMULA_LIBRARY
        .iter()
        .map(|(name, formula, category)| {
            json!({ "name": name, "formula": formula, "category": category })
        })
        .collect()
}

/// Returns whether a URI matches the template of the history.
fn is_history(uri: &str) -> bool {
    let id = uri.strip_prefix(HISTORY_TEMPLATE.trim_end_matches("{id}"));
    id.is_some_and(|id| !id.is_empty() && !id.contains(['/', '?', '#']))
}

/// Returns whether a text has the form of a URI (RFC 3986, section 3), or of one in other scripts
/// (RFC 3987).
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|it: char| it.is_ascii_alphabetic())
        && scheme.chars().all(|it| it.is_ascii_alphanumeric() || "+-.".contains(it));
    let is_clean = rest
        .chars()
        .all(|it| !it.is_control() && !it.is_whitespace() && !"\"<>\\^`{|}".contains(it));
    let is_escaped = |part: &str| {
        part.get(..2).is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    is_scheme && !rest.is_empty() && is_clean && rest.split('%').skip(1).all(is_escaped)
}

const CONSTANTS: &str = "calculator://constants";
const FORMULAS: &str = "formulas://library";
const HISTORY_TEMPLATE: &str = "calculator://history/{id}";
const REQUEST: &str = "request://current";
const STATS: &str = "calculator://stats";

const JSON: &str = "application/json";

const CONSTANTS_JSON: &str = "{\n  \"pi\": 3.14159,\n  \"e\": 2.71828\n}";

/// Names, formulas and categories.
const FORMULA_LIBRARY: [(&str, &str, &str); 10] = [
    ("Area of a circle", "A = π × r^2", "geometry"),
    ("Circumference of a circle", "C = 2 × π × r", "geometry"),
    ("Pythagorean theorem", "a^2 + b^2 = c^2", "geometry"),
    ("Volume of a sphere", "V = 4/3 × π × r^3", "geometry"),
    ("Quadratic formula", "x = (-b ± √(b^2 - 4 × a × c)) / (2 × a)", "algebra"),
    ("Slope of a line", "m = (y2 - y1) / (x2 - x1)", "algebra"),
    ("Arithmetic mean", "x̄ = (x1 + x2 + … + xn) / n", "statistics"),
    ("Compound interest", "A = P × (1 + r/n)^(n × t)", "finance"),
    ("Simple interest", "I = P × r × t", "finance"),
    ("Distance at constant speed", "d = v × t", "physics"),
];

#[cfg(test)]
mod tests;
