//! Generators of problems for each topic.

use crate::calculator::dice::Dice;
use crate::calculator::explain::Work;
use crate::calculator::expression::{Expression, written};
use crate::calculator::number::Number;
use crate::calculator::topic::{Difficulty, Topic};

/// A problem, and its solution.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::calculator) struct Problem {
    /// The question.
    pub(in crate::calculator) question: String,
    /// The answer.
    pub(in crate::calculator) answer: String,
    /// The solution, line by line.
    pub(in crate::calculator) solution: Vec<String>,
}

impl Problem {
    /// Returns the answer, and the solution below it.
    pub(in crate::calculator) fn answer_markdown(&self) -> String {
        let lines: String = self.solution.iter().map(|line| format!("\n   - {line}")).collect();
        format!("**{}**{lines}", self.answer)
    }

    /// Returns a problem that is a calculation, with a decimal number as the answer.
    fn calculate(calculation: String) -> Problem {
        let work = work(&calculation);
        Problem {
            question: format!("{calculation} = ?"),
            answer: work.as_ref().map_or_else(String::new, |work| written(work.result())),
            solution: work.map_or_else(Vec::new, |work| work.lines()),
        }
    }
}

/// Returns a problem of this topic.
pub(in crate::calculator) fn problem(
    topic: Topic,
    difficulty: Difficulty,
    dice: &mut Dice,
) -> Problem {
    match topic {
        Topic::Addition => addition(difficulty, dice),
        Topic::Subtraction => subtraction(difficulty, dice),
        Topic::Multiplication => multiplication(difficulty, dice),
        Topic::Division => division(difficulty, dice),
        Topic::Fractions => fractions(difficulty, dice),
        Topic::Percentages => percentage(difficulty, dice),
        Topic::Decimals => decimals(difficulty, dice),
        Topic::OrderOfOperations => order(difficulty, dice),
        Topic::Algebra => equation(difficulty, dice),
    }
}

fn work(calculation: &str) -> Option<Work> {
    Expression::parse(calculation).ok().and_then(|expression| Work::of(&expression).ok())
}

fn addition(difficulty: Difficulty, dice: &mut Dice) -> Problem {
    Problem::calculate(match difficulty {
        Difficulty::Easy => format!("{} + {}", dice.between(1, 20), dice.between(1, 20)),
        Difficulty::Medium => format!("{} + {}", dice.between(25, 999), dice.between(25, 999)),
        Difficulty::Hard => format!(
            "{} + {} + {}",
            dice.between(1000, 99_999),
            dice.between(1000, 99_999),
            dice.between(1000, 99_999)
        ),
    })
}

/// Only a hard one has a negative result.
fn subtraction(difficulty: Difficulty, dice: &mut Dice) -> Problem {
    let (low, high) = match difficulty {
        Difficulty::Easy => (1, 20),
        Difficulty::Medium => (25, 999),
        Difficulty::Hard => (1000, 99_999),
    };
    let (a, b) = (dice.between(low, high), dice.between(low, high));
    let (a, b) = if difficulty == Difficulty::Hard { (a, b) } else { (a.max(b), a.min(b)) };
    Problem::calculate(format!("{a} - {b}"))
}

fn multiplication(difficulty: Difficulty, dice: &mut Dice) -> Problem {
    let (a, b) = match difficulty {
        Difficulty::Easy => (dice.between(2, 10), dice.between(2, 10)),
        Difficulty::Medium => (dice.between(11, 99), dice.between(3, 12)),
        Difficulty::Hard => (dice.between(101, 999), dice.between(13, 99)),
    };
    Problem::calculate(format!("{a} × {b}"))
}

/// There is never a remainder.
fn division(difficulty: Difficulty, dice: &mut Dice) -> Problem {
    let (quotient, divisor) = match difficulty {
        Difficulty::Easy => (dice.between(2, 10), dice.between(2, 10)),
        Difficulty::Medium => (dice.between(11, 99), dice.between(3, 12)),
        Difficulty::Hard => (dice.between(101, 999), dice.between(13, 99)),
    };
    Problem::calculate(format!("{} ÷ {divisor}", quotient * divisor))
}

fn percentage(difficulty: Difficulty, dice: &mut Dice) -> Problem {
    let (percent, of) = match difficulty {
        Difficulty::Easy => (dice.one_of(&[10, 20, 25, 50, 75]), 20 * dice.between(1, 20)),
        Difficulty::Medium => (5 * dice.between(1, 19), 20 * dice.between(1, 50)),
        Difficulty::Hard => (dice.between(1, 150), dice.between(11, 999)),
    };
    let problem = Problem::calculate(format!("{percent}% × {of}"));
    Problem { question: format!("{percent}% of {of} = ?"), ..problem }
}

fn decimals(difficulty: Difficulty, dice: &mut Dice) -> Problem {
    let (places, high) = match difficulty {
        Difficulty::Easy => (1, 99),
        Difficulty::Medium => (2, 9999),
        Difficulty::Hard => (3, 99_999),
    };
    let mut number = |places: u32, high| decimal(dice.between(11, high), places);
    let (a, b, factor) = (number(places, high), number(places, high), number(1, 99));
    Problem::calculate(match (difficulty, dice.between(0, 2)) {
        (_, 0) => format!("{a} + {b}"),
        (Difficulty::Easy, _) | (_, 1) => {
            let is_ordered = Number::parse(&a).ok() >= Number::parse(&b).ok();
            if is_ordered { format!("{a} - {b}") } else { format!("{b} - {a}") }
        }
        (Difficulty::Medium, _) => format!("{a} × {factor}"),
        (Difficulty::Hard, _) => {
            let product = work(&format!("{a} × {factor}"));
            let product = product.map_or_else(String::new, |work| written(work.result()));
            format!("{product} ÷ {factor}")
        }
    })
}

/// Formats `digits` with this many of them after the point.
fn decimal(digits: i64, places: u32) -> String {
    Number::ratio(digits, 10_i64.pow(places)).decimal(places)
}

fn order(difficulty: Difficulty, dice: &mut Dice) -> Problem {
    let mut small = || dice.between(2, 9);
    let (a, b, c, d) = (small(), small(), small(), small());
    Problem::calculate(match difficulty {
        Difficulty::Easy => format!("{a} + {b} × {c}"),
        Difficulty::Medium => format!("({a} + {b}) × {c} - {d}"),
        Difficulty::Hard => format!("{a} × ({b} + {c})^2 - {} ÷ {d}", d * (a + b + c)),
    })
}

fn fractions(difficulty: Difficulty, dice: &mut Dice) -> Problem {
    let mut part = |low, high| {
        let denominator = dice.between(low, high);
        (dice.between(1, denominator - 1), denominator)
    };
    let (first, second) = match difficulty {
        Difficulty::Easy => {
            let (a, denominator) = part(4, 12);
            let (b, _) = part(denominator, denominator);
            ((a, denominator), (b, denominator))
        }
        Difficulty::Medium => (part(3, 8), part(3, 8)),
        Difficulty::Hard => (part(5, 15), part(5, 15)),
    };
    let signs =
        if difficulty == Difficulty::Hard { &['+', '-', '×', '÷'][..] } else { &['+', '-'] };
    fraction_problem(first, dice.one_of(signs), second)
}

/// Returns a problem with two fractions, as numerator and denominator, all of them positive.
fn fraction_problem((a, b): (i64, i64), sign: char, (c, d): (i64, i64)) -> Problem {
    let common = b / gcd(b, d) * d;
    let (left, right) = (a * (common / b), c * (common / d));
    // The greater fraction goes first, so that the result is not negative.
    let swapped = sign == '-' && left < right;
    let (left, right) = if swapped { (right, left) } else { (left, right) };
    let ((a, b), (c, d)) = if swapped { ((c, d), (a, b)) } else { ((a, b), (c, d)) };
    let (how, top, bottom) = match sign {
        '×' => (format!("Numerators and denominators: ({a} × {c})/({b} × {d})"), a * c, b * d),
        '÷' => (format!("With the reciprocal: {a}/{b} × {d}/{c}"), a * d, b * c),
        _ => {
            let top = if sign == '-' { left - right } else { left + right };
            (format!("Over {common}: {left}/{common} {sign} {right}/{common}"), top, common)
        }
    };
    let answer = Number::ratio(top, bottom).to_string();
    let unreduced = format!("{top}/{bottom}");
    let mut solution = vec![format!("{how} = {unreduced}")];
    if unreduced != answer {
        solution.push(format!("In lowest terms: {unreduced} = {answer}"));
    }
    // Parentheses keep each fraction together where that matters.
    let calculation = match sign {
        '÷' => format!("({a}/{b}) ÷ ({c}/{d})"),
        _ => format!("{a}/{b} {sign} {c}/{d}"),
    };
    Problem { question: format!("{calculation} = ?"), answer, solution }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The unknown is an integer.
fn equation(difficulty: Difficulty, dice: &mut Dice) -> Problem {
    let (x, b) = (dice.between(2, 15), dice.between(1, 30));
    let (a, c) = match difficulty {
        Difficulty::Easy => (1, 0),
        Difficulty::Medium => (dice.between(2, 9), 0),
        Difficulty::Hard => {
            let c = dice.between(2, 6);
            (c + dice.between(1, 5), c)
        }
    };
    // a × x + b = c × x + d
    let d = a * x + b - c * x;
    let left = format!("{} + {b}", times_x(a));
    let right = match c {
        0 => d.to_string(),
        c => format!("{} + {d}", times_x(c)),
    };
    let mut solution = Vec::new();
    if c != 0 {
        solution.push(format!(
            "Subtract {} on both sides: {} + {b} = {d}",
            times_x(c),
            times_x(a - c)
        ));
    }
    solution.push(format!("Subtract {b} on both sides: {} = {}", times_x(a - c), d - b));
    if a - c != 1 {
        solution.push(format!("Divide both sides by {}: x = {x}", a - c));
    }
    let value = |factor: i64, rest: i64| format!("{factor} × {x} + {rest} = {}", factor * x + rest);
    solution.push(match c {
        0 => format!("Check: {}", value(a, b)),
        c => format!("Check: {} and {}", value(a, b), value(c, d)),
    });
    Problem {
        question: format!("Solve for x: {left} = {right}"),
        answer: format!("x = {x}"),
        solution,
    }
}

fn times_x(factor: i64) -> String {
    if factor == 1 { "x".to_owned() } else { format!("{factor}x") }
}
