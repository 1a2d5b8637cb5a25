//! The prompt `generate-problems`: exercises, and their answers.

mod make;

pub(super) use make::{Problem, problem};

use pontoon_core::server::{
    Arguments, Completion, Outcome, Prompt, PromptArgument, RequestContext, RpcError,
};

use super::choice::{Choice, completion};
use super::dice::Dice;
use super::markdown::{numbered, prompt, quoted};
use super::topic::{Difficulty, Topic};

pub(super) const NAME: &str = "generate-problems";

pub(super) fn definition() -> Prompt {
    Prompt {
        name: NAME,
        title: Some("Generate practice problems"),
        description: "Makes practice problems with worked answers, in Markdown.",
        arguments: vec![
            PromptArgument {
                name: "topic",
                description: "What to practise: addition, fractions, percentages, algebra, ….",
                required: true,
            },
            PromptArgument {
                name: "difficulty",
                description: "easy, medium (default) or hard.",
                required: false,
            },
            PromptArgument {
                name: "count",
                description: "How many, from 1 to 10; 5 by default.",
                required: false,
            },
        ],
    }
}

pub(super) fn answer(arguments: &Arguments<'_>, context: &RequestContext<'_>) -> Outcome {
    match Wish::read(arguments) {
        Err(fault) => Outcome::error(fault),
        Ok(wish) => {
            let problems = wish.problems(&mut Dice::new(context.random));
            let description = format!(
                "{} {} practice problems: {}",
                wish.count,
                wish.difficulty.word(),
                wish.title()
            );
            prompt(description, wish.to_markdown(&problems))
        }
    }
}

/// Returns the completions of `count`.
pub(super) fn complete_count(typed: &str) -> Completion {
    completion((1..=COUNT_MAX).map(|count| count.to_string()), typed)
}

/// The parsed arguments.
struct Wish {
    asked_topic: String,
    /// `None` for an unknown topic; then all topics are mixed.
    topic: Option<Topic>,
    difficulty: Difficulty,
    count: usize,
}

impl Wish {
    fn read(arguments: &Arguments<'_>) -> Result<Wish, RpcError> {
        let asked_topic = arguments
            .string("topic")
            .ok_or_else(|| RpcError::invalid_params("params.arguments.topic must be a string"))?;
        Ok(Wish {
            topic: Topic::find(&asked_topic),
            asked_topic,
            difficulty: Difficulty::read(arguments, "difficulty", Difficulty::Medium)?,
            count: count(arguments)?,
        })
    }

    fn title(&self) -> &'static str {
        self.topic.map_or("mixed arithmetic", Choice::word)
    }

    /// Returns the requested number of problems, without duplicates if there are enough.
    fn problems(&self, dice: &mut Dice) -> Vec<Problem> {
        let mut problems: Vec<Problem> = Vec::with_capacity(self.count);
        for _ in 0..self.count * ATTEMPTS {
            let topic = self.topic.unwrap_or_else(|| dice.one_of(Topic::ALL));
            let problem = problem(topic, self.difficulty, dice);
            if problems.iter().all(|other| other.question != problem.question) {
                problems.push(problem);
            }
            if problems.len() == self.count {
                break;
            }
        }
        problems
    }

    fn to_markdown(&self, problems: &[Problem]) -> String {
        let note = match self.topic {
            Some(_) => String::new(),
            None => format!(
                "{} is not a known topic ({}); here is a mix.\n\n",
                quoted(&self.asked_topic),
                Topic::ALL.iter().map(|it| it.word()).collect::<Vec<_>>().join(", ")
            ),
        };
        let questions = numbered(problems.iter().map(|problem| problem.question.clone()));
        let answers = numbered(problems.iter().map(Problem::answer_markdown));
        format!(
            "# Practice problems: {} ({})\n\n{note}## Problems\n\n{questions}\n## Answers\n\n\
             {answers}\n---\n\nGive me these problems one by one, and compare what I answer with \
             the answers above. They were computed exactly.\n",
            self.title(),
            self.difficulty.word(),
        )
    }
}

/// Parses the number of problems: a string, as all arguments of prompts are.
fn count(arguments: &Arguments<'_>) -> Result<usize, RpcError> {
    let given = arguments.string("count").unwrap_or_default();
    let given = given.trim();
    if given.is_empty() {
        return Ok(COUNT);
    }
    let count = given.parse().ok().filter(|count| (1..=COUNT_MAX).contains(count));
    count.ok_or_else(|| {
        RpcError::invalid_params(format!(
            "params.arguments.count must be a whole number from 1 to {COUNT_MAX}"
        ))
    })
}

/// The default number of problems.
const COUNT: usize = 5;
const COUNT_MAX: usize = 10;

/// The maximum number of tries for each problem. The smallest set of problems has about fifty, so
/// that a missing one is practically impossible.
const ATTEMPTS: usize = 50;

#[cfg(test)]
mod tests;
