//! Arguments of prompts that are one of a few words.

use pontoon_core::server::{Arguments, Completion, Fault};

/// A word out of a few.
pub(super) trait Choice: Copy + 'static {
    /// All of them, as they are offered.
    const ALL: &'static [Self];

    /// The word.
    fn word(self) -> &'static str;

    /// Reads the argument `name`, in any case; `default` if it was left out or left empty.
    ///
    /// # Errors
    ///
    /// It is another word.
    fn read(arguments: &Arguments<'_>, name: &str, default: Self) -> Result<Self, Fault> {
        let given = arguments.string(name).unwrap_or_default();
        let given = given.trim();
        if given.is_empty() {
            return Ok(default);
        }
        let found = Self::ALL.iter().find(|it| it.word().eq_ignore_ascii_case(given));
        found.copied().ok_or_else(|| {
            let words: Vec<_> = Self::ALL.iter().map(|it| it.word()).collect();
            let words = words.join(", ");
            Fault::invalid_params(format!("params.arguments.{name} must be one of {words}"))
        })
    }

    /// The words that begin so.
    fn complete(typed: &str) -> Completion {
        completion(Self::ALL.iter().map(|it| it.word().to_owned()), typed)
    }
}

/// The words that begin so, in any case.
pub(super) fn completion(words: impl Iterator<Item = String>, typed: &str) -> Completion {
    let typed = typed.trim_start().to_lowercase();
    let values: Vec<_> = words.filter(|word| word.starts_with(&typed)).collect();
    Completion { total: values.len(), values }
}
