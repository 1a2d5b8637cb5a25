//! `whoIStheGOAT`: for fun. A random legend of computing, or a verdict on any subject, derived from
//! a hash.

use pontoon_core::escape_untrusted;
use pontoon_core::server::{Field, Kind, RpcError, Schema, Tool, ToolResult};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Call;
use super::legends::{LEGENDS, Legend};
use super::shape::{a, list, maybe, object};
use super::text::Page;

pub(super) fn tool() -> Tool {
    let input = Schema::closed().field(Field::new(
        "subject",
        Kind::String,
        "Whom or what to analyse; a legend of computing if it is left out.",
    ));
    Tool {
        title: Some("Who is the GOAT?"),
        output: Some(object([
            ("subject", a("string")),
            ("score", maybe("integer")),
            ("qualities", list(a("string"))),
            ("verdict", a("string")),
        ])),
        ..Tool::new(
            "whoIStheGOAT",
            "For fun: praises a legend of computing, or gives a subject a score that means nothing.",
            input,
        )
    }
}

pub(super) fn answer(call: &Call<'_>) -> Result<ToolResult, RpcError> {
    let subject = call.text("subject")?;
    let subject = subject.as_deref().map(str::trim).filter(|subject| !subject.is_empty());
    Ok(match subject {
        Some(subject) => judge(call, subject),
        None => praise(&LEGENDS[(call.context.random % LEGENDS.len() as u64) as usize]),
    })
}

fn praise(legend: &Legend) -> ToolResult {
    let Legend { name, why, contributions, wisdom, legacy, is } = legend;
    let contributions_listed: String =
        contributions.iter().map(|one| format!("• {one}\n")).collect();
    let text = format!(
        "🐐 Excellence Analysis: {name}\n\n\
         🌟 Why {name} is the GOAT:\n{why}\n\n\
         💡 Key Contributions:\n{contributions_listed}\n\
         📖 Wisdom: \"{wisdom}\"\n\n\
         🎯 Legacy Impact: {legacy}\n\n\
         {is} - a true GOAT! 🙌"
    );
    ToolResult::text(text).with(json!({
        "subject": name,
        "score": null,
        "qualities": contributions,
        "verdict": "a true GOAT",
    }))
}

fn judge(call: &Call<'_>, subject: &str) -> ToolResult {
    let Judgement { score, qualities } = Judgement::of(subject);
    let (factor, verdict) = match score {
        95.. => ("Legendary", "Certified GOAT 🏆"),
        85.. => ("Epic", "GOAT in training 🐐"),
        75.. => ("Heroic", "Respected by goats 🌿"),
        _ => ("Promising", "Still climbing the mountain ⛰️"),
    };
    let subject = escape_untrusted(subject.as_bytes());
    let mut page = Page::new(call.program, "🐐 GOAT Analysis Complete");
    page.line("");
    page.line(format_args!("Subject: {subject}"));
    page.line(format_args!("Excellence Score: {score}/100"));
    page.line(format_args!("Greatness Factor: {factor}"));
    page.section("Top Qualities");
    for quality in qualities {
        page.line(format_args!("- {quality}"));
    }
    page.line("");
    page.line(format_args!("Verdict: {verdict}"));
    ToolResult::text(page.finish()).with(json!({
        "subject": subject,
        "score": score,
        "qualities": qualities,
        "verdict": verdict,
    }))
}

/// A verdict, always the same for a subject.
struct Judgement {
    score: u8,
    qualities: [&'static str; 3],
}

impl Judgement {
    fn of(subject: &str) -> Judgement {
        Judgement::salted(SALT, subject)
    }

    fn salted(salt: u32, subject: &str) -> Judgement {
        let hash = Sha256::new().chain_update(salt.to_be_bytes());
        let hash = hash.chain_update(subject.to_lowercase()).finalize();
        let mut left = QUALITIES.to_vec();
        let qualities = [1, 2, 3].map(|at| left.remove(usize::from(hash[at]) % left.len()));
        Judgement { score: SCORE_MIN + hash[0] % (101 - SCORE_MIN), qualities }
    }
}

/// The minimum score, so that no verdict is unkind.
const SCORE_MIN: u8 = 60;

/// Found by trial: with it the documented example, "MCP Protocol", gets the documented verdict.
const SALT: u32 = 129_775;

const QUALITIES: [&str; 12] = [
    "Attention to detail",
    "Developer experience",
    "Elegance under pressure",
    "Fearless curiosity",
    "Generosity with credit",
    "Kindness to beginners",
    "Protocol compliance",
    "Relentless simplicity",
    "Stateful session management",
    "Taste in naming things",
    "Timeless documentation",
    "Unreasonable patience",
];

#[cfg(test)]
mod tests;
