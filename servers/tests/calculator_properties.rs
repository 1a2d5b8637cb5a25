//! Properties of the calculator: all numbers are right, as checked by another library.

mod arithmetic;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use dashu_base::{Abs, Signed};
use dashu_ratio::RBig;
use pontoon_core::server::{
    Arguments, Client, Content, Notifications, Outcome, Reply, Request, RequestContext, RpcError,
    Server, ToolResult,
};
use pontoon_core::{Duration, Instant, Principal, Revision, StateKey};
use pontoon_servers::calculator::{Calculator, Expression, Settings};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use self::arithmetic::{Impossible, decimal, evaluate, exactly, operate};

fn ask(name: &str, arguments: &str, random: u64, is_tool: bool) -> Result<Reply, RpcError> {
    let owner: BTreeMap<String, Box<RawValue>> = serde_json::from_str(arguments).unwrap();
    let arguments: Arguments<'_> =
        owner.iter().map(|(name, value)| (name.as_str().into(), value.get())).collect();
    let request = match is_tool {
        true => Request::CallTool { name, arguments: &arguments },
        false => Request::GetPrompt { name, arguments: &arguments },
    };
    let seal = StateKey::new([0; 32]);
    let context = RequestContext {
        now: Instant::ZERO,
        arrived: Instant::ZERO,
        unix_time: Duration::ZERO,
        revision: Revision::NEWEST_LEGACY,
        client: &Client::default(),
        http: None,
        session: None,
        principal: &Principal::Anonymous,
        random,
        seal: &seal,
    };
    let mut handler = Calculator::new(Settings::default()).new_handler();
    match handler.evaluate(&request, &context, &mut Notifications::default()) {
        Outcome::Done(done) => done,
        Outcome::Wait(..) => panic!("{name} waits"),
    }
}

fn calculate(a: &str, op: &str, b: &str, precision: u32) -> ToolResult {
    let arguments = format!(r#"{{"a":{a},"b":{b},"op":"{op}","precision":{precision}}}"#);
    match ask("calculate", &arguments, 0, true) {
        Ok(Reply::Tool(result)) => result,
        other => panic!("{other:?}"),
    }
}

/// Returns the Markdown of a prompt.
fn prompt(name: &str, arguments: &Value, random: u64) -> Result<String, RpcError> {
    match ask(name, &arguments.to_string(), random, false)? {
        Reply::Prompt { messages, .. } => match &messages[..] {
            [message] => Ok(text(std::slice::from_ref(&message.content))),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn text(content: &[Content]) -> String {
    match content {
        [Content::Text(text)] => text.clone(),
        other => panic!("{other:?}"),
    }
}

/// Rounds a number: half of the last place away from zero.
fn rounded(value: &RBig, places: u32) -> String {
    let shifted = value.clone().abs() * RBig::from(10).pow(places as isize);
    let scaled = (shifted + RBig::from_parts(1.into(), 2_u8.into())).floor().to_string();
    let mut digits = format!("{}{scaled}", "0".repeat(places as usize));
    digits.insert(digits.len() - places as usize, '.');
    let digits = digits.trim_end_matches('0').trim_end_matches('.').trim_start_matches('0');
    match digits {
        "" => "0".to_owned(),
        digits => {
            let sign = if value.is_negative() { "-" } else { "" };
            let zero = if digits.starts_with('.') { "0" } else { "" };
            format!("{sign}{zero}{digits}")
        }
    }
}

/// Numbers in JSON notation, many of them with few digits, so that halves and zeros occur.
fn number() -> impl Strategy<Value = String> {
    let json = "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?";
    prop_oneof![
        json,
        "-?(0|[1-9][0-9]?)(\\.[0-9]{0,2}5)?",
        select(vec!["0", "-0", "0.0", "5e-1"]).prop_map(str::to_owned)
    ]
}

/// An expression in common notation, and its value.
fn written() -> impl Strategy<Value = (String, Result<RBig, Impossible>)> {
    let leaf = "(0|[1-9][0-9]?)(\\.[0-9]{1,2})?".prop_map(|text| {
        let value = Ok(decimal(&text));
        Written { text, value, binding: 5 }
    });
    let tree = leaf.prop_recursive(5, 24, 2, |inner| {
        let operation = (select(SIGNS.to_vec()), inner.clone(), inner.clone());
        prop_oneof![
            6 => operation.prop_map(|(sign, left, right)| left.operate(sign, right)),
            1 => inner.clone().prop_map(Written::negated),
            1 => inner.prop_map(Written::percent),
        ]
    });
    tree.prop_map(|written| (written.text, written.value))
}

#[derive(Clone, Debug)]
struct Written {
    text: String,
    value: Result<RBig, Impossible>,
    /// The precedence of its last operation.
    binding: u8,
}

impl Written {
    /// Returns it as an operand of an operation with this precedence.
    fn operand(&self, binding: u8) -> String {
        if self.binding < binding { format!("({})", self.text) } else { self.text.clone() }
    }

    fn operate(self, (sign, spelling, binding): (char, &str, u8), right: Written) -> Written {
        let value = self.value.clone().and_then(|a| operate(sign, a, right.value.clone()?));
        // Powers are right-associative, all others left-associative.
        let (left_binding, right_binding) =
            if sign == '^' { (binding + 1, binding) } else { (binding, binding + 1) };
        let (left, right) = (self.operand(left_binding), right.operand(right_binding));
        let text = format!("{left}{spelling}{right}");
        Written { text, value, binding }
    }

    fn negated(self) -> Written {
        let value = self.value.clone().map(|value| -value);
        Written { text: format!("-{}", self.operand(4)), value, binding: 3 }
    }

    fn percent(self) -> Written {
        let value = self.value.clone().map(|value| value / RBig::from(100));
        Written { text: format!("{}%", self.operand(5)), value, binding: 5 }
    }
}

/// Operations, their signs, and their precedence.
const SIGNS: &[(char, &str, u8)] = &[
    ('+', "+", 1),
    ('+', " plus ", 1),
    ('-', " - ", 1),
    ('-', "−", 1),
    ('×', "*", 2),
    ('×', " × ", 2),
    ('×', " times ", 2),
    ('÷', "/", 2),
    ('÷', " divided by ", 2),
    ('^', "^", 4),
    ('^', "**", 4),
];

/// Returns the sides of an equation in a solution, with `x` replaced.
fn equal_sides(line: &str, x: Option<&str>) -> Vec<RBig> {
    let line = line.rsplit_once(": ").map_or(line, |(_, statement)| statement);
    let line = line.rsplit_once(":** ").map_or(line, |(_, statement)| statement);
    let line = line.split_once(", which leaves").map_or(line, |(statement, _)| statement);
    let line = match x {
        None => line.to_owned(),
        Some(x) => with_unknown(line, x),
    };
    line.split(" = ").map(|side| evaluate(side).unwrap()).collect()
}

fn with_unknown(text: &str, x: &str) -> String {
    let mut known = String::new();
    for char in text.chars() {
        match char {
            'x' if known.ends_with(|it: char| it.is_ascii_digit()) => {
                let _ = write!(known, " × {x}");
            }
            'x' => known += x,
            other => known.push(other),
        }
    }
    known
}

/// Returns the items of the numbered list below a heading, each with the text below it.
fn items(markdown: &str, heading: &str) -> Vec<String> {
    let section = markdown.split("\n## ").find_map(|part| part.strip_prefix(heading)).unwrap();
    let section = section.split("\n---").next().unwrap();
    let mut items: Vec<String> = Vec::new();
    for line in section.lines().filter(|line| !line.is_empty()) {
        match line.split_once(". ") {
            Some((number, item)) if number.parse() == Ok(items.len() + 1) => {
                items.push(item.to_owned())
            }
            _ => *items.last_mut().unwrap() += &format!("\n{line}"),
        }
    }
    items
}

/// Checks a problem and its worked answer in the Markdown.
fn check_problem(question: &str, answer: &str) {
    let mut lines = answer.lines();
    let result = lines.next().unwrap().trim_matches('*');
    let solution: Vec<_> = lines.map(|line| line.strip_prefix("   - ").unwrap()).collect();
    assert!(!solution.is_empty(), "{question} has a solution");
    let x = result.strip_prefix("x = ");
    match (x, question.strip_prefix("Solve for x: ")) {
        (Some(_), Some(equation)) => assert_all_equal(&equal_sides(equation, x), question),
        (None, None) => {
            let calculation = question.strip_suffix(" = ?").unwrap().replace(" of ", " × ");
            assert_eq!(evaluate(&calculation), evaluate(result), "{question}");
        }
        other => panic!("{other:?}"),
    }
    for line in solution.iter().flat_map(|line| line.split(" and ")).filter(|it| it.contains('=')) {
        assert_all_equal(&equal_sides(line, x), line);
    }
}

fn assert_all_equal(sides: &[RBig], what: &str) {
    assert!(sides.len() > 1 && sides.iter().all(|side| *side == sides[0]), "{what}");
}

const TOPICS: &[&str] = &[
    "addition",
    "subtraction",
    "multiplication",
    "division",
    "fractions",
    "percentages",
    "decimals",
    "order of operations",
    "algebra",
    "knitting",
];

proptest! {
    #[test]
    fn every_result_is_the_exact_one_rounded(
        a in number(), b in number(), operation in select(vec![('+', "add"), ('-', "subtract"), ('×', "multiply"), ('÷', "divide")]),
        precision in 0..=100_u32,
    ) {
        let (sign, name) = operation;
        let result = calculate(&a, name, &b, precision);
        match operate(sign, decimal(&a), decimal(&b)) {
            Err(Impossible) => {
                prop_assert!(result.is_error);
                prop_assert_eq!(text(&result.content), "Division by zero is not allowed.");
            }
            Ok(exact) => {
                prop_assert!(!result.is_error);
                let expected = rounded(&exact, precision);
                let text = text(&result.content);
                let end = format!("Final result ({precision} decimal places): {expected}");
                prop_assert!(text.ends_with(&end), "{} does not end with {}", text, end);
                match &result.structured.unwrap()["result"] {
                    Value::String(digits) => {
                        prop_assert_eq!(digits, &expected);
                        prop_assert_ne!(expected.parse::<f64>().unwrap().to_string(), expected);
                    }
                    // `f64` is written with the fewest digits that identify it.
                    number => prop_assert_eq!(number.as_f64().unwrap().to_string(), expected),
                }
            }
        }
    }

    #[test]
    fn expressions_mean_what_people_mean_by_them((text, value) in written()) {
        let expression = Expression::parse(&text).unwrap();
        match expression.value() {
            Ok(got) => prop_assert_eq!(Ok(exactly(&got)), value, "{}", text),
            Err(pontoon_servers::calculator::NoResult::TooLarge) => {}
            Err(_) => prop_assert!(value.is_err(), "{}", text),
        }
        arithmetic::expression(text.as_bytes());
    }

    #[test]
    fn anything_can_be_read_as_an_expression_or_is_refused(
        text in "([0-9]{1,3}|[-+*/^%()x×÷²³. e=]|of|plus|\\PC){0,40}",
    ) {
        arithmetic::expression(text.as_bytes());
    }

    #[test]
    fn prompts_answer_any_text(text in "\\PC{0,600}|[0-9+*/() ^%-]{0,600}", level in "(basic|hard|Advanced||.{1,9})", random: u64) {
        for (name, arguments) in [
            ("explain-calculation", json!({"calculation": text, "level": level})),
            ("generate-problems", json!({"topic": text, "difficulty": level})),
            ("generate-problems", json!({"topic": "", "count": level})),
            ("calculator-tutor", json!({"topic": text, "studentLevel": level})),
        ] {
            match prompt(name, &arguments, random) {
                Ok(markdown) => {
                    prop_assert!(markdown.starts_with("# "));
                    prop_assert!(markdown.len() < 100_000, "{} bytes", markdown.len());
                }
                Err(fault) => {
                    prop_assert_eq!(fault.code, -32602);
                    prop_assert!(fault.message.starts_with("params.arguments."));
                }
            }
        }
    }

    #[test]
    fn problems_have_right_answers(
        topic in select(TOPICS), difficulty in select(vec!["easy", "medium", "hard"]), count in 1..=10_usize, random: u64,
    ) {
        let wish = json!({"topic": topic, "difficulty": difficulty, "count": count.to_string()});
        let markdown = prompt("generate-problems", &wish, random).unwrap();
        let (questions, answers) = (items(&markdown, "Problems"), items(&markdown, "Answers"));
        prop_assert_eq!((questions.len(), answers.len()), (count, count), "{}", markdown);
        for (at, (question, answer)) in questions.iter().zip(&answers).enumerate() {
            check_problem(question, answer);
            prop_assert!(!questions[..at].contains(question), "{} is there twice", question);
        }
    }

    #[test]
    fn lessons_have_right_answers(
        topic in select(TOPICS), level in select(vec!["beginner", "intermediate", "advanced"]), random: u64,
    ) {
        let markdown = prompt("calculator-tutor", &json!({"topic": topic, "studentLevel": level}), random).unwrap();
        let (questions, answers) = (items(&markdown, "Exercises"), items(&markdown, "Answers"));
        prop_assert_eq!((questions.len(), answers.len()), (3, 3), "{}", markdown);
        for (question, answer) in questions.iter().zip(&answers) {
            check_problem(question, answer);
        }
    }
}
