//! Arguments of prompts with a few possible words.

use pontoon_core::server::{Arguments, Completion, RpcError};
use strum::VariantArray;

/// A word out of a few.
pub(super) trait Choice: Copy + VariantArray + Into<&'static str> {
    /// All of them, in the order of the catalog.
    const ALL: &'static [Self] = Self::VARIANTS;

    /// Returns the word.
    fn word(self) -> &'static str {
        self.into()
    }

    /// Parses the argument `name`, ignoring case; `default` if it was left out or left empty.
    ///
    /// # Errors
    ///
    /// It is another word.
    fn read(arguments: &Arguments<'_>, name: &str, default: Self) -> Result<Self, RpcError> {
        let given = arguments.string(name).unwrap_or_default();
        let given = given.trim();
        if given.is_empty() {
            return Ok(default);
        }
        let found = Self::ALL.iter().find(|it| it.word().eq_ignore_ascii_case(given));
        found.copied().ok_or_else(|| {
            let words: Vec<_> = Self::ALL.iter().map(|it| it.word()).collect();
            let words = words.join(", ");
            RpcError::invalid_params(format!("params.arguments.{name} must be one of {words}"))
        })
    }

    /// Returns the words that begin with the typed text.
    fn complete(typed: &str) -> Completion {
        completion(Self::ALL.iter().map(|it| it.word().to_owned()), typed)
    }
}

/// Returns the words that begin with the typed text, ignoring case.
pub(super) fn completion(words: impl Iterator<Item = String>, typed: &str) -> Completion {
    let typed = typed.trim_start().to_lowercase();
    let values: Vec<_> = words.filter(|word| word.starts_with(&typed)).collect();
    Completion { total: values.len(), values }
}
