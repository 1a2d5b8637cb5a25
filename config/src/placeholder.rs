//! Texts that look like the variables of other programs, or like a value that is still to be
//! filled in.

/// The form of a variable of a shell.
pub(crate) const SHELL: &str = "$NAME";

/// Returns whether a variable of a shell begins where a word does.
pub(crate) fn is_whole(text: &str) -> bool {
    let mut dollars =
        text.match_indices('$').filter(|(at, _)| !name_at(&text[at + 1..]).is_empty());
    dollars.any(|(at, _)| !text[..at].ends_with(char::is_alphanumeric))
}

/// Returns the form of the first such text, as the warning names it.
pub(crate) fn form(text: &str) -> Option<&'static str> {
    let at = |sign: char| text.match_indices(sign).map(|(at, _)| &text[at + 1..]);
    let is_braced = |open: &str, name_end: &str| {
        let mut starts = text.match_indices(open).map(|(at, _)| &text[at + open.len()..]);
        starts.any(|rest| rest.split_once(name_end).is_some_and(|(name, _)| is_template(name)))
    };
    if at('$').any(|rest| rest.strip_prefix("input:").is_some_and(|id| !id.is_empty())) {
        return Some("$input:…");
    }
    if at('$').any(|rest| !name_at(rest).is_empty()) {
        return Some(SHELL);
    }
    let mut percents = at('%').map(|rest| (name_at(rest), rest));
    if percents.any(|(name, rest)| is_windows_name(name) && rest[name.len()..].starts_with('%')) {
        return Some("%NAME%");
    }
    if is_braced("{{", "}}") {
        return Some("{{NAME}}");
    }
    if is_braced("{env:", "}") {
        return Some("{env:NAME}");
    }
    if is_braced("{", "}") {
        return Some("{NAME}");
    }
    let in_angles = |rest: &str| {
        let inner = rest.split_once('>').map(|(inner, _)| inner);
        inner.is_some_and(|it| it.starts_with(char::is_alphabetic) && !it.contains(['<', '@', '/']))
    };
    if at('<').any(in_angles) {
        return Some("<text>");
    }
    let lower = text.to_ascii_lowercase();
    let is_start = |at: usize| !lower[..at].ends_with(|char: char| char.is_alphanumeric());
    let mut yours = ["your_", "your-"].iter().flat_map(|word| lower.match_indices(word));
    yours.any(|(at, _)| is_start(at)).then_some("YOUR_…")
}

/// Returns the problem and the hint of the warning about a form. They do not quote the text, which
/// can be a password with such a sign in it.
pub(crate) fn explain(form: &str) -> (String, &'static str) {
    match form {
        SHELL | "%NAME%" | "{env:NAME}" => (
            format!("{form} is no variable here; the server gets the text as it is"),
            "a variable is written ${NAME}",
        ),
        _ => (
            format!("looks like a placeholder ({form}); the server gets the text as it is"),
            "write the value, or a variable of the environment: ${NAME}",
        ),
    }
}

/// Returns the name of a variable at the start of a text; empty if there is none.
pub(crate) fn name_at(text: &str) -> &str {
    let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_';
    if text.starts_with(|char: char| char.is_ascii_digit()) {
        return "";
    }
    &text[..text.find(|char| !is_part(char)).unwrap_or(text.len())]
}

/// Returns whether a text is the name of a variable.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && name_at(text) == text
}

/// Returns whether `%…%` is a variable: neither a byte of an encoded URL nor part of a date format.
fn is_windows_name(name: &str) -> bool {
    name.len() > 1 && !(name.len() == 2 && name.chars().all(|char| char.is_ascii_hexdigit()))
}

/// Returns whether the text between braces can be the name of something to fill in.
fn is_template(inner: &str) -> bool {
    let inner = inner.trim();
    let is_part = |char: char| char.is_ascii_alphanumeric() || "_-.".contains(char);
    inner.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
        && inner.chars().all(is_part)
}
