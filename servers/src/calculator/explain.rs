//! The prompt `explain-calculation`: a worked calculation, with as much detail as requested.

use pontoon_core::server::{Arguments, Outcome, Prompt, PromptArgument, RpcError};
use strum::{IntoStaticStr, VariantArray};

use super::choice::Choice;
use super::expression::{Expression, Step, Unreadable, approximately, written};
use super::markdown::{numbered, prompt, quoted};
use super::number::Number;
use super::operation::{NoResult, Operation};

pub(super) const NAME: &str = "explain-calculation";

/// The detail of an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Level {
    Basic,
    Intermediate,
    Advanced,
}

impl Choice for Level {}

pub(super) fn definition() -> Prompt {
    Prompt {
        name: NAME,
        title: Some("Explain a calculation"),
        description: "Works out a calculation step by step, checks it, and explains it in Markdown.",
        arguments: vec![
            PromptArgument {
                name: "calculation",
                description: "The calculation, for example 2 + 3 * 4.",
                required: true,
            },
            PromptArgument {
                name: "level",
                description: "basic, intermediate (default) or advanced.",
                required: false,
            },
        ],
    }
}

pub(super) fn answer(arguments: &Arguments<'_>) -> Outcome {
    match read(arguments) {
        Err(fault) => Outcome::error(fault),
        Ok((calculation, level)) => prompt(
            format!("Explanation of {} ({})", quoted(&calculation), level.word()),
            explain(&calculation, level),
        ),
    }
}

fn read(arguments: &Arguments<'_>) -> Result<(String, Level), RpcError> {
    let calculation = arguments.string("calculation");
    let calculation = calculation
        .ok_or_else(|| RpcError::invalid_params("params.arguments.calculation must be a string"))?;
    Ok((calculation, Level::read(arguments, "level", Level::Intermediate)?))
}

fn explain(calculation: &str, level: Level) -> String {
    let expression = match Expression::parse(calculation) {
        Ok(expression) => expression,
        Err(unreadable) => return unreadable_markdown(calculation, &unreadable),
    };
    let title = format!("# Explanation: {expression}\n\n**Level:** {}\n\n", level.word());
    let (body, has_steps) = match Work::of(&expression) {
        Err((steps, none)) => (impossible_markdown(&steps, none), !steps.is_empty()),
        Ok(work) => (work.to_markdown(level), !work.steps.is_empty()),
    };
    let request = match has_steps {
        true => {
            "Explain this calculation to me, following the steps above. They were computed exactly."
        }
        false => "Explain to me what is said above.",
    };
    format!("{title}{body}---\n\n{request}\n")
}

/// A calculation with its steps and its result.
pub(super) struct Work {
    expression: Expression,
    /// The steps, and the rest of the expression after each.
    steps: Vec<(Step, Expression)>,
    result: Number,
}

impl Work {
    /// Works out an expression, or returns the steps before the one without a result.
    pub(super) fn of(expression: &Expression) -> Result<Work, (Vec<String>, NoResult)> {
        let mut rest = expression.clone();
        let mut steps = Vec::new();
        while let Some(step) = rest.step() {
            match step {
                Ok(step) => steps.push((step, rest.clone())),
                Err(none) => return Err((lines(&steps), none)),
            }
        }
        match rest.as_number().cloned() {
            Some(result) => Ok(Work { expression: expression.clone(), steps, result }),
            None => Err((lines(&steps), NoResult::TooLarge)),
        }
    }

    /// Returns the result.
    pub(super) fn result(&self) -> &Number {
        &self.result
    }

    /// Returns a line for each step.
    pub(super) fn lines(&self) -> Vec<String> {
        lines(&self.steps)
    }

    /// Returns the inverse of the last step, or another form of it.
    pub(super) fn check(&self) -> Option<String> {
        self.steps.last().and_then(|(step, _)| check(step))
    }

    fn to_markdown(&self, level: Level) -> String {
        let mut text = String::new();
        if self.steps.is_empty() {
            text += "There is nothing left to calculate: this is a number already.\n\n";
        } else {
            let result = approximately(&self.result);
            text += &self.plan(level);
            text += &format!("## Steps\n\n{}\n", numbered(self.explained_lines(level)));
            text += &format!("## Result\n\n**{} = {result}**\n\n", self.expression);
        }
        if let Some(check) = self.check() {
            text += &format!("## Check\n\n{check}\n\n");
        }
        if level == Level::Advanced {
            text += &self.in_depth();
        }
        text
    }

    /// Describes the order of the steps, and the reason.
    fn plan(&self, level: Level) -> String {
        match (self.steps.len(), level) {
            (1, _) => String::new(),
            (_, Level::Basic) => "## What to do first\n\nWhat is in parentheses comes first. Then \
                comes × and ÷, and at the end + and -. What is equal is done from left to right.\n\n"
                .to_owned(),
            (count, _) => {
                let order: Vec<_> = self.steps.iter().map(|(step, _)| name(step)).collect();
                format!(
                    "## Order of operations\n\nParentheses, then powers, then multiplication and \
                     division, then addition and subtraction; equals from left to right. Here that \
                     makes {count} steps: {}.\n\n",
                    order.join(", ")
                )
            }
        }
    }

    fn explained_lines(&self, level: Level) -> Vec<String> {
        let steps = self.lines().into_iter().zip(&self.steps);
        steps
            .map(|(line, (step, _))| match (level, picture(step), law(step)) {
                (Level::Basic, Some(picture), _) => format!("{line}\n   - {picture}"),
                (Level::Advanced, _, law) => format!("{line}\n   - {law}"),
                _ => line,
            })
            .collect()
    }

    fn in_depth(&self) -> String {
        let result = &self.result;
        let exact = match result.exact() {
            Some(digits) if result.is_whole() => format!("{digits}, a whole number"),
            Some(_) => format!("{result}, a fraction whose decimal expansion ends"),
            None => format!(
                "{result}, a fraction whose decimal expansion never ends: its denominator has a \
                 prime factor other than 2 and 5"
            ),
        };
        let places = result.places().and_then(|places| u32::try_from(places).ok());
        let float = match places.map(|places| result.to_json(places)) {
            Some(json) if !json.is_string() => "a 64-bit float shows these digits too",
            _ => "a 64-bit float can only come near it",
        };
        let rounded = |places| result.decimal(places);
        format!(
            "## In depth\n\n- Exact value: {exact}.\n- Rounded: {} to a whole number, {} to 2 \
             places, {} to 6 places.\n- In a computer: {float}.\n\n",
            rounded(0),
            rounded(2),
            rounded(6),
        )
    }
}

fn lines(steps: &[(Step, Expression)]) -> Vec<String> {
    steps
        .iter()
        .map(|(step, rest)| match rest.as_number() {
            Some(_) => format!("**{}:** {step}", name(step)),
            None => format!("**{}:** {step}, which leaves {rest}", name(step)),
        })
        .collect()
}

fn name(step: &Step) -> &'static str {
    if step.is_percent { "Percentage" } else { step.operation.noun() }
}

/// Describes a step with things to count, if its numbers are small.
fn picture(step: &Step) -> Option<String> {
    let (a, b) = (step.a.to_i64()?, step.b.to_i64()?);
    let repeat = |of: i64, times: i64, sign: &str| {
        vec![of.to_string(); usize::try_from(times).unwrap_or(0)].join(sign)
    };
    let is_small = |it: i64| (2..=10).contains(&it);
    Some(match step.operation {
        Operation::Add if (0..=20).contains(&b) => {
            format!("Start at {a} and go {b} up: you arrive at {}.", written(&step.result))
        }
        Operation::Subtract if (0..=20).contains(&b) => {
            format!("Start at {a} and go {b} down: you arrive at {}.", written(&step.result))
        }
        Operation::Multiply if is_small(a) => {
            format!("{a} times {b} is {} = {}.", repeat(b, a, " + "), written(&step.result))
        }
        Operation::Divide if step.is_percent => {
            format!("Percent means hundredths: {a} of 100 equal parts.")
        }
        Operation::Divide if step.result.is_whole() => {
            let each = written(&step.result);
            format!("Share {a} among {b}: each gets {each}, because {b} × {each} = {a}.")
        }
        Operation::Power if is_small(b) => {
            format!("{b} factors: {} = {}.", repeat(a, b, " × "), written(&step.result))
        }
        _ => return None,
    })
}

/// Returns the rule that a step is based on.
fn law(step: &Step) -> &'static str {
    match step.operation {
        Operation::Add => "Addition is commutative and associative: a + b = b + a.",
        Operation::Divide if step.is_percent => "By definition a% = a ÷ 100.",
        Operation::Divide => "Dividing by b is multiplying by its reciprocal: a ÷ b = a × 1/b.",
        Operation::Multiply => {
            "Multiplication is commutative, and distributive over addition: a × (b + c) = a × b + a × c."
        }
        Operation::Power => "Exponents count factors: a^m × a^n = a^(m + n), and a^-n = 1 ÷ a^n.",
        Operation::Subtract => "Subtracting b is adding its opposite: a - b = a + (-b).",
    }
}

/// Returns the inverse of a step, which must lead back to its operand.
fn check(step: &Step) -> Option<String> {
    let (opposite, by) = match step.operation {
        Operation::Add => (Operation::Subtract, &step.b),
        Operation::Divide => (Operation::Multiply, &step.b),
        Operation::Multiply if step.b.is_zero() => {
            return Some("Whatever is multiplied by 0 becomes 0.".to_owned());
        }
        Operation::Multiply => (Operation::Divide, &step.b),
        Operation::Power => return None,
        Operation::Subtract => (Operation::Add, &step.b),
    };
    let result = opposite.apply(&step.result, by).ok()?;
    let undone = Step {
        operation: opposite,
        a: step.result.clone(),
        b: by.clone(),
        result,
        is_percent: false,
    };
    (undone.result == step.a).then(|| {
        format!("Undo the last step: {undone}, which is what the {} began with.", noun(step))
    })
}

fn noun(step: &Step) -> String {
    step.operation.noun().to_lowercase()
}

fn impossible_markdown(steps: &[String], none: NoResult) -> String {
    let done = match steps {
        [] => String::new(),
        steps => format!("## Steps\n\n{}\n", numbered(steps.to_vec())),
    };
    let why = match none {
        NoResult::DivisionByZero => {
            "Dividing by 0 asks which number times 0 gives the dividend. Times 0 everything is 0, so \
             there is no such number, or any would do."
        }
        NoResult::FractionalPower => {
            "A power counts factors, and there is no half of a factor. Roots are another operation; \
             this explanation keeps to whole exponents."
        }
        NoResult::TooLarge => "The number exists, but it is longer than anybody would read.",
    };
    format!("{done}## No result\n\n**{none}**\n\n{why}\n\n")
}

/// Explains the error in an expression, and shows valid ones.
fn unreadable_markdown(calculation: &str, unreadable: &Unreadable) -> String {
    let start = unreadable.at.saturating_sub(BEFORE);
    let part: String = calculation.chars().skip(start).take(BEFORE * 2).collect();
    let part = part.replace(|it: char| it == '`' || it.is_control(), " ");
    let mark = " ".repeat(unreadable.at - start);
    format!(
        "# Explanation\n\nThis cannot be worked out step by step: it {}.\n\n\
         ```text\n{part}\n{mark}^\n```\n\n## What can be explained\n\n\
         - Numbers: `12`, `0.5`, `1e3`\n- Operations: `+`, `-`, `×` or `*`, `÷` or `/`, `^`, `%`, \
         `15% of 80`\n- Parentheses: `(2 + 3) * 4`; a product needs its sign, `2 * (3 + 4)`\n\n\
         ## An example\n\n{}\n---\n\nHelp me to write my calculation so that it can be explained.\n",
        unreadable.why,
        example(),
    )
}

fn example() -> String {
    let work = Expression::parse("2 + 3 × 4").ok().and_then(|it| Work::of(&it).ok());
    work.map_or_else(String::new, |work| {
        format!("{} is worked out like this:\n\n{}", work.expression, numbered(work.lines()))
    })
}

/// The number of characters shown before an error, and after.
const BEFORE: usize = 30;

#[cfg(test)]
mod tests;
