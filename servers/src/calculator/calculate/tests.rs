use pontoon_core::server::{Client, LogLevel, Notification, ToolResult};
use serde_json::json;

use crate::calculator::tests::{Visitor, text};

fn calculate(arguments: &str) -> ToolResult {
    Visitor::new().call("calculate", arguments).unwrap()
}

fn refusal(arguments: &str) -> String {
    let fault = Visitor::new().call("calculate", arguments).unwrap_err();
    assert_eq!(fault.code, -32602);
    fault.message.into_owned()
}

/// Returns the result of `a op b` in the text.
fn result(a: &str, op: &str, b: &str, precision: u32) -> String {
    let arguments = format!(r#"{{"a":{a},"b":{b},"op":"{op}","precision":{precision}}}"#);
    let result = calculate(&arguments);
    assert!(!result.is_error);
    let text = text(&result.content);
    let end = text.rsplit_once(": ").unwrap().1;
    let title = text.lines().next().unwrap();
    let ends = |sign| title.ends_with(&format!(" {sign} {end}"));
    assert!(ends('=') || ends('≈'), "{text}");
    end.to_owned()
}

#[test]
fn the_documented_example_is_answered_as_documented() {
    let result = calculate(r#"{ "a": 100, "b": 5, "op": "divide", "precision": 4 }"#);
    assert_eq!(
        text(&result.content),
        "DIVIDE: 100 ÷ 5 = 20\n\nSteps:\nInput: 100 divide 5\nDivision: 100 ÷ 5 = 20\n\
         Final result (4 decimal places): 20"
    );
    let metadata = json!({
        "operation": "divide",
        "inputs": { "a": 100, "b": 5 },
        "result": 20,
        "steps": [
            "Input: 100 divide 5",
            "Division: 100 ÷ 5 = 20",
            "Final result (4 decimal places): 20",
        ],
        "precision": 4,
        "requestId": "00000000-0000-4001-bf4a-7c159e3779b9",
    });
    assert_eq!(result.extra["metadata"], metadata);
    assert_eq!(result.structured, Some(metadata));
}

#[test]
fn each_operation_has_its_sign_and_its_name() {
    for (op, lines) in [
        ("add", "ADD: 7 + 2 = 9|Input: 7 add 2|Addition: 7 + 2 = 9"),
        ("subtract", "SUBTRACT: 7 - 2 = 5|Input: 7 subtract 2|Subtraction: 7 - 2 = 5"),
        ("multiply", "MULTIPLY: 7 × 2 = 14|Input: 7 multiply 2|Multiplication: 7 × 2 = 14"),
        ("divide", "DIVIDE: 7 ÷ 2 = 3.5|Input: 7 divide 2|Division: 7 ÷ 2 = 3.5"),
    ] {
        let result = calculate(&format!(r#"{{"a":7,"b":2,"op":"{op}"}}"#));
        let text = text(&result.content);
        for line in lines.split('|') {
            assert!(text.lines().any(|it| it == line), "{line:?} is missing in {text:?}");
        }
        assert!(text.contains("Final result (2 decimal places): "));
    }
}

#[test]
fn decimals_are_decimals() {
    assert_eq!(result("0.1", "add", "0.2", 20), "0.3");
    assert_eq!(result("1.005", "add", "0", 2), "1.01");
    assert_eq!(result("-1.005", "add", "0", 2), "-1.01");
    assert_eq!(result("2.675", "multiply", "1", 2), "2.68");
    assert_eq!(result("9007199254740993", "add", "0", 0), "9007199254740993");
    assert_eq!(result("1e21", "add", "1", 0), "1000000000000000000001");
    assert_eq!(result("1E+2", "add", "2.50e-1", 2), "100.25");
    assert_eq!(result("10", "divide", "4", 2), "2.5");
    assert_eq!(result("10", "divide", "3", 0), "3");
    assert_eq!(result("2", "divide", "3", 100), format!("0.{}7", "6".repeat(99)));
    assert_eq!(result("-1", "divide", "1000", 2), "0");
    assert_eq!(result("1e308", "multiply", "10", 2), format!("1{}", "0".repeat(309)));
}

#[test]
fn an_endless_quotient_is_shown_as_one() {
    let text = text(&calculate(r#"{"a":10,"b":3,"op":"divide"}"#).content).to_owned();
    assert_eq!(
        text,
        "DIVIDE: 10 ÷ 3 ≈ 3.33\n\nSteps:\nInput: 10 divide 3\nDivision: 10 ÷ 3 ≈ 3.333333333333\n\
         Final result (2 decimal places): 3.33"
    );
}

#[test]
fn a_number_no_float_can_hold_is_given_as_its_digits() {
    for (arguments, result) in [
        (r#"{"a":0.1,"b":0.2,"op":"add"}"#, json!(0.3)),
        (r#"{"a":2,"b":0.5,"op":"multiply"}"#, json!(1)),
        (r#"{"a":-7,"b":0,"op":"multiply"}"#, json!(0)),
        (r#"{"a":9007199254740992,"b":0,"op":"add"}"#, json!(9_007_199_254_740_992_u64)),
        (r#"{"a":9007199254740992,"b":1,"op":"add"}"#, json!("9007199254740993")),
        (r#"{"a":1e300,"b":0,"op":"add"}"#, json!(1e300)),
        (r#"{"a":1e308,"b":10,"op":"multiply"}"#, json!(format!("1{}", "0".repeat(309)))),
    ] {
        assert_eq!(calculate(arguments).structured.unwrap()["result"], result, "{arguments}");
    }
    let precise = r#"{"a":1,"b":3,"op":"divide","precision":30}"#;
    let third = json!(format!("0.{}", "3".repeat(30)));
    assert_eq!(calculate(precise).structured.unwrap()["result"], third);
}

#[test]
fn nothing_is_divided_by_zero() {
    for zero in ["0", "-0", "0.0", "-0.000", "0e5", "0e999999999999"] {
        let result = calculate(&format!(r#"{{"a":1,"b":{zero},"op":"divide","stream":true}}"#));
        assert!(result.is_error);
        assert_eq!(text(&result.content), "Division by zero is not allowed.");
        assert_eq!((result.structured, result.extra.len()), (None, 0));
    }
}

#[test]
fn what_cannot_be_written_out_is_refused() {
    for a in [
        "1e1000",
        "-1e1000",
        "1e999999",
        "1e-1001",
        "1e99999999999999999999999",
        "1e-9999999999999999999",
    ] {
        assert_eq!(
            refusal(&format!(r#"{{"a":{a},"b":1,"op":"add"}}"#)),
            "params.arguments.a has more than 1000 digits when written out"
        );
    }
    let long = "7".repeat(1001);
    assert!(
        refusal(&format!(r#"{{"a":1,"b":{long},"op":"add"}}"#)).starts_with("params.arguments.b")
    );
    let most = "7".repeat(1000);
    assert_eq!(result(&most, "subtract", &most, 0), "0");
    assert_eq!(result("1e999", "divide", "1e-999", 0).len(), 1999);
    assert_eq!(result("1e-500", "multiply", "1e-500", 100), "0");
}

#[test]
fn arguments_that_are_none_are_named() {
    for (arguments, message) in [
        (r#"{"b":1,"op":"add"}"#, "params.arguments.a is not a number"),
        (r#"{"a":1,"b":"2","op":"add"}"#, "params.arguments.b is not a number"),
        (r#"{"a":1,"b":[],"op":"add"}"#, "params.arguments.b is not a number"),
        (
            r#"{"a":1,"b":2,"op":"Add"}"#,
            "params.arguments.op must be one of add, subtract, multiply, divide",
        ),
        (r#"{"a":1,"b":2}"#, "params.arguments.op must be one of add, subtract, multiply, divide"),
    ] {
        assert_eq!(refusal(arguments), message);
    }
    for precision in ["-1", "101", "2.7", "\"2\"", "1e99", "[]"] {
        assert_eq!(
            refusal(&format!(r#"{{"a":1,"b":2,"op":"add","precision":{precision}}}"#)),
            "params.arguments.precision must be a whole number from 0 to 100"
        );
    }
    calculate(r#"{"a":1,"b":2,"op":"add","precision":2.0,"more":null}"#);
}

#[test]
fn progress_is_reported_if_it_is_streamed() {
    let mut visitor = Visitor::new();
    visitor.call("calculate", r#"{"a":1,"b":2,"op":"add","stream":true}"#).unwrap();
    let said: Vec<_> = visitor.notices.iter().map(|(_, notice)| notice.clone()).collect();
    let progress = |progress, message: &str| Notification::Progress {
        progress,
        total: Some(1.0),
        message: Some(message.to_owned()),
    };
    assert_eq!(
        said,
        [progress(0.1, "Starting calculation..."), progress(1.0, "Calculation completed")]
    );
    let mut visitor = Visitor::new();
    visitor.call("calculate", r#"{"a":1,"b":2,"op":"add"}"#).unwrap();
    assert_eq!(visitor.notices, []);
}

#[test]
fn a_failure_does_not_complete() {
    let mut visitor = Visitor::new();
    visitor.call("calculate", r#"{"a":1,"b":0,"op":"divide","stream":true}"#).unwrap();
    assert_eq!(visitor.notices.len(), 1);
}

#[test]
fn a_client_that_asked_for_messages_hears_of_it() {
    let mut visitor = Visitor::new();
    visitor.client = Client { log_level: Some(LogLevel::Debug), ..Client::default() };
    visitor.call("calculate", r#"{"a":1,"b":2,"op":"add"}"#).unwrap();
    let [(_, Notification::Log { level, data, .. })] = &visitor.notices[..] else {
        panic!("{:?}", visitor.notices)
    };
    assert_eq!(
        (*level, data),
        (LogLevel::Debug, &json!({"tool": "calculate", "operation": "add"}))
    );
}
