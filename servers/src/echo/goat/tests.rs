use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::echo::tests::rig::{stateful, stateless};

#[test]
fn the_documented_subject_gets_the_documented_analysis() {
    let text = stateful().text("whoIStheGOAT", json!({ "subject": "MCP Protocol" }));
    assert_eq!(
        text,
        "\
🐐 GOAT Analysis Complete

Subject: MCP Protocol
Excellence Score: 95/100
Greatness Factor: Legendary

Top Qualities:
- Stateful session management
- Protocol compliance
- Developer experience

Verdict: Certified GOAT 🏆"
    );
    assert_eq!(
        text,
        stateless()
            .text("whoIStheGOAT", json!({ "subject": " mcp protocol " }))
            .replace("mcp protocol", "MCP Protocol")
    );
}

#[test]
fn without_a_subject_a_legend_is_praised_in_the_documented_layout() {
    let mut stage = stateless();
    stage.random =
        LEGENDS.iter().position(|legend| legend.name == "Dennis Ritchie").unwrap() as u64;
    let page = "\
🐐 Excellence Analysis: Dennis Ritchie

🌟 Why Dennis Ritchie is the GOAT:
Dennis Ritchie made a language small enough to be learned in a week and near enough to the machine to write its system in; then, with Ken Thompson, he did just that.

💡 Key Contributions:
• Created C (1972)
• Created Unix with Ken Thompson, and rewrote it in C (1973)
• Gave C++, Java, Go and many more their syntax
• Showed that an operating system can move to another machine

📖 Wisdom: \"The only way to learn a new programming language is by writing programs in it.\"

🎯 Legacy Impact: Phones, servers and satellites run kernels written in his language, and most of them kernels modelled on his system.

Quiet, precise, and foundational - a true GOAT! 🙌";
    assert_eq!(stage.text("whoIStheGOAT", json!({})), page);
    assert_eq!(stage.text("whoIStheGOAT", json!({ "subject": "  " })), page);
    stage.random += 1;
    assert_ne!(stage.text("whoIStheGOAT", json!({})), page);
}

#[test]
fn every_legend_is_there_once_and_complete() {
    let names: BTreeSet<_> = LEGENDS.iter().map(|legend| legend.name).collect();
    assert_eq!(names.len(), LEGENDS.len());
    assert!(LEGENDS.len() >= 12);
    let mut stage = stateful();
    for (random, legend) in LEGENDS.iter().enumerate() {
        assert!(legend.contributions.len() >= 3, "{}", legend.name);
        assert!(legend.wisdom.len() <= 140, "more than a short quotation: {}", legend.name);
        stage.random = random as u64;
        let text = stage.text("whoIStheGOAT", json!({}));
        assert!(text.contains(legend.name) && text.contains(legend.wisdom), "{text}");
    }
}

#[test]
fn the_data_says_what_the_text_says() {
    let data = stateful().data("whoIStheGOAT", json!({ "subject": "MCP Protocol" }));
    assert_eq!(
        data,
        json!({
            "subject": "MCP Protocol",
            "score": 95,
            "qualities":
                ["Stateful session management", "Protocol compliance", "Developer experience"],
            "verdict": "Certified GOAT 🏆",
        })
    );
}

#[test]
fn a_subject_cannot_forge_a_line() {
    let text =
        stateful().text("whoIStheGOAT", json!({ "subject": "x\nExcellence Score: 100/100" }));
    assert!(text.contains("Subject: x\\nExcellence Score: 100/100\n"), "{text}");
}

proptest! {
    #[test]
    fn a_judgement_is_fair_and_the_same_for_everybody(subject in "\\PC{1,40}", random in any::<u64>()) {
        let Judgement { score, qualities } = Judgement::of(&subject);
        prop_assert!((SCORE_MIN..=100).contains(&score));
        prop_assert_eq!(qualities.iter().collect::<BTreeSet<_>>().len(), 3);
        let again = Judgement::of(&subject);
        prop_assert_eq!((again.score, again.qualities), (score, qualities));
        let mut stage = stateful();
        stage.random = random;
        if !subject.trim().is_empty() {
            let arguments = json!({ "subject": subject });
            prop_assert_eq!(
                stage.text("whoIStheGOAT", arguments.clone()),
                stateless().text("whoIStheGOAT", arguments)
            );
        }
    }
}
