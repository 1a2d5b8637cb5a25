//! The prompt `calculator-tutor`: a lesson about a topic.

mod lessons;

use pontoon_core::server::{Arguments, Outcome, Prompt, PromptArgument, RequestContext, RpcError};
use strum::{IntoStaticStr, VariantArray};

use self::lessons::Lesson;
use super::choice::Choice;
use super::dice::Dice;
use super::markdown::{numbered, prompt, quoted};
use super::problems::{Problem, problem};
use super::topic::{Difficulty, Topic};

pub(super) const NAME: &str = "calculator-tutor";

/// The level of a student.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(super) enum StudentLevel {
    Beginner,
    Intermediate,
    Advanced,
}

impl Choice for StudentLevel {}

impl StudentLevel {
    fn difficulty(self) -> Difficulty {
        match self {
            StudentLevel::Beginner => Difficulty::Easy,
            StudentLevel::Intermediate => Difficulty::Medium,
            StudentLevel::Advanced => Difficulty::Hard,
        }
    }
}

pub(super) fn definition() -> Prompt {
    Prompt {
        name: NAME,
        title: Some("Calculator tutor"),
        description: "Teaches a topic of arithmetic with a worked example and exercises, in Markdown.",
        arguments: vec![
            PromptArgument {
                name: "topic",
                description: "What to learn; the order of operations by default.",
                required: false,
            },
            PromptArgument {
                name: "studentLevel",
                description: "beginner (default), intermediate or advanced.",
                required: false,
            },
        ],
    }
}

pub(super) fn answer(arguments: &Arguments<'_>, context: &RequestContext<'_>) -> Outcome {
    match read(arguments) {
        Err(fault) => Outcome::error(fault),
        Ok((asked, level)) => {
            let topic = Topic::find(&asked).unwrap_or(Topic::OrderOfOperations);
            let description = format!("A lesson about {} ({})", topic.word(), level.word());
            prompt(description, lesson(&asked, topic, level, &mut Dice::new(context.random)))
        }
    }
}

fn read(arguments: &Arguments<'_>) -> Result<(String, StudentLevel), RpcError> {
    let topic = arguments.string("topic").unwrap_or_default();
    Ok((topic, StudentLevel::read(arguments, "studentLevel", StudentLevel::Beginner)?))
}

fn lesson(asked: &str, topic: Topic, level: StudentLevel, dice: &mut Dice) -> String {
    let Lesson { idea, method, mistake, further } = Lesson::about(topic);
    let mut problems: Vec<Problem> = Vec::new();
    for _ in 0..ATTEMPTS {
        let next = problem(topic, level.difficulty(), dice);
        if problems.len() <= EXERCISES && !problems.contains(&next) {
            problems.push(next);
        }
    }
    let (example, exercises) =
        problems.split_first().map_or((None, &[][..]), |(example, rest)| (Some(example), rest));
    let example = example.map_or_else(String::new, |example| {
        format!("{}\n\n{}", example.question, numbered(example.solution.iter().cloned()))
            + &format!("\nAnswer: **{}**\n", example.answer)
    });
    let further = match level {
        StudentLevel::Beginner => String::new(),
        _ => format!("## Further\n\n{further}\n\n"),
    };
    format!(
        "# Lesson: {}\n\n**Student level:** {}\n\n{}## The idea\n\n{idea}\n\n## How to do it\n\n{}\n\
         ## An example\n\n{example}\n## A common mistake\n\n{mistake}\n\n{further}## Exercises\n\n{}\n\
         ## Answers\n\n{}\n---\n\nTeach me this lesson. Keep the answers to yourself until I have \
         tried.\n",
        topic.word(),
        level.word(),
        note(asked),
        numbered(method.iter().map(|line| (*line).to_owned())),
        numbered(exercises.iter().map(|exercise| exercise.question.clone())),
        numbered(exercises.iter().map(Problem::answer_markdown)),
    )
}

/// Returns a note if the lesson is about another topic than requested.
fn note(asked: &str) -> String {
    if asked.trim().is_empty() || Topic::find(asked).is_some() {
        return String::new();
    }
    let topics: Vec<_> = Topic::ALL.iter().map(|it| it.word()).collect();
    format!(
        "There is no lesson about {}. There are lessons about {}; this one is where most begin.\n\n",
        quoted(asked),
        topics.join(", ")
    )
}

/// The number of exercises in a lesson.
const EXERCISES: usize = 3;

/// The maximum number of tries to find an example and exercises that all differ.
const ATTEMPTS: usize = 40;

#[cfg(test)]
mod tests;
