//! The tool `calculate`: one exact operation, and its steps.
//!
//! Owns: parsing the operands with all their digits, the documented text, and the same as data.
//! Never: `f64`, so no rounding of its own and no `Infinity`.

use pontoon_core::server::{
    Arguments, Field, Kind, LogLevel, Notification, Notifications, Outcome, RequestContext,
    RpcError, Schema, Tool, ToolResult,
};
use serde_json::{Value, json};

use super::number::Number;
use super::operation::Operation;

pub(super) const NAME: &str = "calculate";

pub(super) fn tool() -> Tool {
    let input = Schema::open()
        .field(Field::new("a", Kind::Number, "The first operand; 1,000 digits at most.").required())
        .field(
            Field::new("b", Kind::Number, "The second operand; 1,000 digits at most.").required(),
        )
        .field(Field::new("op", Kind::Choice(OPERATIONS), "The operation.").required())
        .field(Field::new("stream", Kind::Boolean, "Whether to report progress.").default(false))
        .field(
            Field::new(
                "precision",
                Kind::Integer(0, PRECISION_MAX),
                "Digits after the decimal point; halves round away from zero.",
            )
            .default(PRECISION),
        );
    Tool {
        title: Some("Calculate"),
        output: Some(output()),
        annotations: Some(json!({
            "readOnlyHint": true,
            "idempotentHint": true,
            "openWorldHint": false,
        })),
        ..Tool::new(
            NAME,
            "Adds, subtracts, multiplies or divides two numbers, in exact decimal arithmetic.",
            input,
        )
    }
}

fn output() -> Value {
    let number = json!({
        "type": ["number", "string"],
        "description": "A number; its digits as a string where a 64-bit float cannot hold them.",
    });
    json!({
        "type": "object",
        "properties": {
            "operation": { "type": "string", "enum": OPERATIONS },
            "inputs": {
                "type": "object",
                "properties": { "a": number, "b": number },
                "required": ["a", "b"],
            },
            "result": number,
            "steps": { "type": "array", "items": { "type": "string" } },
            "precision": { "type": "integer", "minimum": 0, "maximum": PRECISION_MAX },
            "requestId": { "type": "string" },
        },
        "required": ["operation", "inputs", "result", "steps", "precision", "requestId"],
    })
}

pub(super) fn call(
    arguments: &Arguments<'_>,
    context: &RequestContext<'_>,
    out: &mut Notifications,
) -> Outcome {
    match Calculation::read(arguments) {
        Err(fault) => Outcome::error(fault),
        Ok(calculation) if arguments.is_set("stream") => {
            out.progress(0.1, 1.0, "Starting calculation...");
            let result = calculation.evaluate(context, out);
            if !result.is_error {
                out.progress(1.0, 1.0, "Calculation completed");
            }
            result.into()
        }
        Ok(calculation) => calculation.evaluate(context, out).into(),
    }
}

/// A calculation that can be attempted.
struct Calculation {
    a: Number,
    b: Number,
    operation: Operation,
    precision: u32,
}

impl Calculation {
    fn read(arguments: &Arguments<'_>) -> Result<Calculation, RpcError> {
        let operation = arguments.string("op").and_then(|name| Operation::parse(&name));
        Ok(Calculation {
            a: operand(arguments, "a")?,
            b: operand(arguments, "b")?,
            operation: operation.ok_or_else(|| {
                RpcError::invalid_params(format!(
                    "params.arguments.op must be one of {}",
                    OPERATIONS.join(", ")
                ))
            })?,
            precision: precision(arguments)?,
        })
    }

    fn evaluate(&self, context: &RequestContext<'_>, out: &mut Notifications) -> ToolResult {
        let exact = match self.operation.apply(&self.a, &self.b) {
            Ok(exact) => exact,
            Err(none) => return ToolResult::failure(none.to_string()),
        };
        let steps = self.steps(&exact);
        let is_exact = exact.places().is_some_and(|places| places <= self.precision as usize);
        let text = format!(
            "{}: {} {} {}\n\nSteps:\n{}",
            self.operation.verb().to_uppercase(),
            self.expression(),
            if is_exact { '=' } else { '≈' },
            exact.decimal(self.precision),
            steps.join("\n"),
        );
        self.log(context, out);
        let metadata = json!({
            "operation": self.operation.verb(),
            "inputs": { "a": whole_json(&self.a), "b": whole_json(&self.b) },
            "result": exact.to_json(self.precision),
            "steps": steps,
            "precision": self.precision,
            "requestId": context.request_id().to_string(),
        });
        let mut result = ToolResult::text(text).with(metadata.clone());
        result.extra.insert("metadata".to_owned(), metadata);
        result
    }

    fn steps(&self, exact: &Number) -> [String; 3] {
        let (a, b) = (all_digits(&self.a), all_digits(&self.b));
        let verb = self.operation.verb();
        // Only a quotient can have more digits than its operands.
        let places_max = self.precision + GUARD_DIGITS;
        let is_short = self.operation != Operation::Divide
            || exact.places().is_some_and(|places| places <= places_max as usize);
        let (sign, shown) = match exact.exact() {
            Some(digits) if is_short => ('=', digits),
            _ => ('≈', exact.decimal(places_max)),
        };
        [
            format!("Input: {a} {verb} {b}"),
            format!("{}: {} {sign} {shown}", self.operation.noun(), self.expression()),
            format!(
                "Final result ({} decimal places): {}",
                self.precision,
                exact.decimal(self.precision)
            ),
        ]
    }

    fn expression(&self) -> String {
        format!("{} {} {}", all_digits(&self.a), self.operation.sign(), all_digits(&self.b))
    }

    /// Logs the calculation for a client that has asked for debug messages.
    fn log(&self, context: &RequestContext<'_>, out: &mut Notifications) {
        if context.client.log_level.is_some() {
            let (level, logger) = (LogLevel::Debug, Some("calculator"));
            let data = json!({ "tool": NAME, "operation": self.operation.verb() });
            out.push(Notification::Log { level, logger, data });
        }
    }
}

fn operand(arguments: &Arguments<'_>, name: &str) -> Result<Number, RpcError> {
    let parsed = Number::parse(arguments.json(name).unwrap_or_default());
    parsed.map_err(|why| RpcError::invalid_params(format!("params.arguments.{name} {why}")))
}

fn precision(arguments: &Arguments<'_>) -> Result<u32, RpcError> {
    if arguments.json("precision").is_none() {
        return Ok(PRECISION);
    }
    let given = arguments.integer("precision").filter(|it| (0..=PRECISION_MAX).contains(it));
    given.and_then(|it| u32::try_from(it).ok()).ok_or_else(|| {
        RpcError::invalid_params(format!(
            "params.arguments.precision must be a whole number from 0 to {PRECISION_MAX}"
        ))
    })
}

/// Returns all digits of an operand; unlike a result's they always end.
fn all_digits(operand: &Number) -> String {
    operand.exact().unwrap_or_else(|| operand.to_string())
}

fn whole_json(operand: &Number) -> Value {
    operand.to_json(operand.places().and_then(|it| u32::try_from(it).ok()).unwrap_or(0))
}

const OPERATIONS: &[&str] = &["add", "subtract", "multiply", "divide"];

/// The default number of digits after the point.
const PRECISION: u32 = 2;
const PRECISION_MAX: i64 = 100;

/// The number of digits of an endless quotient that its step shows beyond those of the result.
const GUARD_DIGITS: u32 = 10;

#[cfg(test)]
mod tests;
