//! Secrets in names and in command lines, and how a command line is shown without them.

use crate::placeholder::is_name;

/// The text that stands for a secret.
pub(crate) const MASK: &str = "***";

/// Words of names whose value is hidden.
const WORDS: [&str; 21] = [
    "auth",
    "authorization",
    "bearer",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "dsn",
    "jwt",
    "key",
    "keys",
    "mnemonic",
    "otp",
    "pass",
    "passphrase",
    "pat",
    "pin",
    "pwd",
    "session",
    "sig",
    "signature",
];

/// Parts of names whose value is hidden.
const PARTS: [&str; 9] = [
    "accesskey",
    "apikey",
    "connectionstring",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "seedphrase",
    "token",
];

/// Last words of names that tell something about a secret and do not hold it.
const ABOUT: [&str; 30] = [
    "algorithm",
    "count",
    "dir",
    "enabled",
    "endpoint",
    "env",
    "expiry",
    "file",
    "folder",
    "format",
    "header",
    "host",
    "id",
    "issuer",
    "length",
    "limit",
    "max",
    "method",
    "mode",
    "name",
    "path",
    "port",
    "prefix",
    "provider",
    "region",
    "timeout",
    "ttl",
    "type",
    "uri",
    "url",
];

/// Quotes of a shell.
const QUOTES: [char; 2] = ['"', '\''];

/// Characters between the pairs of a value such as `Server=db;Password=…`.
const SEPARATORS: [char; 3] = [';', ',', '&'];

/// The maximum number of parts of a value that are looked at; the rest is hidden.
const PARTS_MAX: usize = 100;

/// Beginnings of well-known tokens.
const TOKENS: [&str; 16] = [
    "sk-",
    "sk_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "AKIA",
    "AIza",
    "eyJ",
    "hf_",
    "npm_",
];

/// Returns whether the value of this name is hidden.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    let joined = words.concat();
    words.iter().any(|word| WORDS.contains(&word.as_str()))
        || PARTS.iter().any(|part| joined.contains(part))
}

/// Returns whether the value of this name is a secret, so that it should not be in a file.
pub(crate) fn holds_secret(name: &str) -> bool {
    let words = words(name);
    let last = words.iter().rev().find(|word| !word.chars().all(|char| char.is_ascii_digit()));
    is_secret_name(name) && last.is_some_and(|last| !ABOUT.contains(&last.as_str()))
}

/// Returns whether a literal text can be a secret: it is more than a number, a switch or a path.
pub(crate) fn can_be_secret(text: &str) -> bool {
    let is_path = text.starts_with(['/', '~']) || text.starts_with("./");
    let is_word = ["true", "false", "yes", "no", "none", "null"].contains(&text);
    let is_number = text.chars().all(|char| char.is_ascii_digit() || char == '.');
    !(is_path || is_word || is_number || text.starts_with("--") || text.contains("${"))
}

/// Returns whether a value shows by its form that it is a secret.
pub(crate) fn looks_secret(value: &str) -> bool {
    mask(&[value]).iter().any(|masked| masked.is_plain)
}

/// Splits a name into its words, in lower case: `OPENAI_API_KEY`, `--api-key` and `apiKey` alike.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for char in name.chars() {
        if !char.is_alphanumeric() || (char.is_uppercase() && after_lower) {
            words.push(String::new());
        }
        after_lower = char.is_lowercase();
        if char.is_alphanumeric() {
            words.last_mut().expect("a word").extend(char.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A word of a command line without its secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Masked {
    /// The text to show.
    pub(crate) text: String,
    /// Whether a secret was hidden that stands in the file itself.
    pub(crate) is_plain: bool,
    /// Whether a secret was hidden that comes from a variable.
    pub(crate) is_reference: bool,
}

/// Hides the secrets of a command line.
pub(crate) fn mask(line: &[impl AsRef<str>]) -> Vec<Masked> {
    let line: Vec<&str> = line.iter().map(AsRef::as_ref).collect();
    let is_env = line.first().is_some_and(|program| program.rsplit('/').next() == Some("env"));
    let mut before = "";
    let mut in_header = false;
    let mut masked = Vec::new();
    for text in line {
        let mut writer = Writer { is_env, ..Writer::default() };
        // The value of a header in words of its own: `Authorization:`, `Bearer`, the token.
        in_header = is_name_of_header(before) || (in_header && scheme(before).is_some());
        match in_header {
            true => writer.hide(text, scheme(text).is_none()),
            false => writer.argument(before, text),
        }
        masked.push(writer.out);
        before = text;
    }
    masked
}

/// Writes one word of a command line.
#[derive(Default)]
struct Writer {
    out: Masked,
    /// Whether the program sets variables by assignments.
    is_env: bool,
    /// The number of parts of a value.
    parts: usize,
}

impl Writer {
    fn show(&mut self, text: &str) {
        self.out.text += text;
    }

    /// Writes the mask. `is_secret` tells whether the text is known to be a secret.
    fn hide(&mut self, text: &str, is_secret: bool) {
        self.show(MASK);
        self.out.is_reference |= is_secret && text.contains("${");
        self.out.is_plain |= is_secret && can_be_secret(text) && !text.is_empty();
    }

    /// Writes an argument after the one before it.
    fn argument(&mut self, before: &str, text: &str) {
        if let Some(name) = flag_of_secret(before) {
            self.hide(text, holds_secret(name));
        } else if matches!(before, "-e" | "--env") {
            self.assignment(text);
        } else if matches!(before, "-u" | "--user" | "--basic") && text.contains(':') {
            // user:password, or user:group.
            let (user, password) = text.split_once(':').unwrap_or_default();
            self.show(user);
            self.show(":");
            self.hide(password, false);
        } else {
            let bare = text.trim_start_matches(QUOTES);
            self.show(&text[..text.len() - bare.len()]);
            if !self.header(bare) {
                self.text(bare);
            }
        }
    }

    /// Writes one word, a flag or assignment whose value can be more words, or a script.
    fn text(&mut self, text: &str) {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return self.hide(text, false);
        }
        if is_json_with_secret(text) {
            return self.hide(text, true);
        }
        let name = text.split('=').next().unwrap_or_default();
        if !text.contains(char::is_whitespace) || !name.contains(char::is_whitespace) {
            return self.word(text);
        }
        let mut before = "";
        let mut parts = text.split_inclusive(char::is_whitespace);
        while let Some(part) = parts.next() {
            let word = part.trim_end();
            let bare = word.trim_start_matches(['"', '\'', '(']);
            self.show(&word[..word.len() - bare.len()]);
            if is_name_of_header(bare) {
                // The rest is the value of a header.
                self.show(bare);
                self.show(" ");
                // A variable of the shell is no secret in plain text.
                let value: String = parts.collect();
                return self.hide(&value, !value.contains('$'));
            }
            match flag_of_secret(before).or(scheme(before)) {
                Some(name) => self.hide(bare, holds_secret(name)),
                None => self.word(bare),
            }
            self.show(&part[word.len()..]);
            if self.out.text.trim_end().ends_with(MASK) {
                self.skip_to_quote(word, &mut parts);
            }
            if !word.is_empty() {
                before = bare;
            }
        }
    }

    /// Leaves out the words after a hidden one, up to the quote that ends it.
    fn skip_to_quote<'t>(&mut self, word: &str, parts: &mut impl Iterator<Item = &'t str>) {
        let is_open = |quote: &&char| word.matches(**quote).count() % 2 == 1;
        let Some(quote) = ['"', '\''].iter().find(is_open) else { return };
        let _ = parts.find(|part| part.contains(*quote));
    }

    /// Writes `Authorization: value`; returns whether the text is of that form.
    fn header(&mut self, text: &str) -> bool {
        let (flag, rest) = match text.split_once('=') {
            Some((flag, rest)) if flag.starts_with('-') => (&text[..flag.len() + 1], rest),
            _ => ("", text),
        };
        let Some((name, value)) = rest.split_once(':') else { return false };
        let is_token = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
        if name.is_empty() || !name.chars().all(is_token) || !is_secret_name(name) {
            return false;
        }
        if value.starts_with("//") || value.trim().is_empty() {
            return false;
        }
        self.show(flag);
        self.show(&rest[..name.len() + 1]);
        self.show(&value[..value.len() - value.trim_start().len()]);
        self.hide(value.trim_start(), holds_secret(name));
        true
    }

    fn word(&mut self, word: &str) {
        let Some((name, value)) = word.split_once('=') else { return self.value(word) };
        let bare = name.trim_start_matches('-');
        let is_flag = bare.len() < name.len();
        let has_name = is_flag || is_name(name) || (is_key(name) && is_secret_name(name));
        let attached = name.strip_prefix("-e").filter(|name| is_name(name));
        if matches!(name, "-e" | "--env") {
            self.show(&word[..name.len() + 1]);
            self.assignment(value);
        } else if attached.is_some() {
            self.show("-e");
            self.assignment(&word[2..]);
        } else if self.is_env && !is_flag && is_name(name) {
            self.assignment(word);
        } else if !has_name {
            self.value(word);
        } else {
            self.show(&word[..name.len() + 1]);
            match is_secret_name(bare) {
                true => self.hide(value, holds_secret(bare)),
                false => self.text(value),
            }
        }
    }

    /// Writes `NAME=value` without the value.
    fn assignment(&mut self, text: &str) {
        match text.split_once('=').filter(|_| !is_json_with_secret(text)) {
            Some((name, value)) => {
                self.show(name);
                self.show("=");
                self.hide(value, holds_secret(name) || looks_secret(value));
            }
            None => self.text(text),
        }
    }

    /// Writes a value: passwords, the query of an address, and well-known tokens are hidden.
    fn value(&mut self, value: &str) {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return self.hide(value, false);
        }
        if let Some((scheme, rest)) = value.split_once("://") {
            self.show(scheme);
            self.show("://");
            return self.address(scheme, rest);
        }
        if let Some((path, query)) = value.split_once('?').filter(|(_, it)| it.contains('=')) {
            self.show(path);
            self.show("?");
            return self.query(query);
        }
        if value.contains('=') && value.contains(SEPARATORS) {
            return self.pairs(value);
        }
        let is_token_part = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
        let starts = TOKENS.iter().flat_map(|token| value.match_indices(token));
        let is_start = |at: &usize| !value[..*at].ends_with(|char: char| char.is_alphanumeric());
        let starts = starts.map(|(at, _)| at).filter(is_start);
        let token = starts.map(|at| {
            let rest = &value[at..];
            (at, at + rest.find(|char| !is_token_part(char)).unwrap_or(rest.len()))
        });
        if let Some((start, end)) = token.filter(|(start, end)| end - start >= 16).min() {
            self.show(&value[..start]);
            self.hide(&value[start..end], true);
            return self.value(&value[end..]);
        }
        // user:password@tcp(host), but not image:1.4@sha256:…
        match value.split_once('@').and_then(|(user, host)| Some((user.split_once(':')?, host))) {
            Some(((user, password), host)) if !host.starts_with("sha256:") => {
                self.show(user);
                self.show(":");
                self.hide(password, true);
                self.show("@");
                self.show(host);
            }
            _ => self.show(value),
        }
    }

    /// Writes pairs such as `Server=db;Password=…`.
    fn pairs(&mut self, value: &str) {
        for piece in value.split_inclusive(SEPARATORS) {
            let pair = piece.trim_end_matches(SEPARATORS);
            match pair.split_once('=') {
                Some((name, secret)) if is_secret_name(name) => {
                    self.show(&pair[..name.len() + 1]);
                    self.hide(secret, holds_secret(name));
                }
                Some((name, value)) => {
                    self.show(&pair[..name.len() + 1]);
                    self.value(value);
                }
                None => self.value(pair),
            }
            self.show(&piece[pair.len()..]);
        }
    }

    /// Writes the part of an address after `://`.
    fn address(&mut self, scheme: &str, rest: &str) {
        let end = rest.find(['/', '?', '#', ';', '"', '\'']).unwrap_or(rest.len());
        let (mut authority, mut tail) = rest.split_at(end);
        // A password with an unencoded `/` or `?`.
        if let (Some(_), false, Some(at)) =
            (authority.split_once(':'), authority.contains('@'), tail.rfind('@'))
        {
            let end =
                rest[end + at..].find(['/', '?', '#', ';']).map_or(rest.len(), |it| end + at + it);
            (authority, tail) = rest.split_at(end);
        }
        if let Some((user, host)) = authority.rsplit_once('@') {
            match user.split_once(':') {
                Some((name, password)) => {
                    self.show(name);
                    self.show(":");
                    self.hide(password, true);
                }
                None if scheme.ends_with("ssh") => self.show(user),
                None => self.hide(user, true),
            }
            self.show("@");
            self.show(host);
        } else {
            self.show(authority);
        }
        match tail.find(['?', '#', ';']) {
            Some(at) => {
                self.value(&tail[..at]);
                self.show(&tail[at..at + 1]);
                self.query(&tail[at + 1..]);
            }
            None => self.value(tail),
        }
    }

    /// Writes the query of an address.
    fn query(&mut self, query: &str) {
        let pairs = query.split(['&', ';']).filter_map(|pair| pair.split_once('='));
        let secret = pairs.filter(|(name, _)| holds_secret(name)).map(|(_, value)| value);
        self.hide(secret.clone().next().unwrap_or(query), secret.count() > 0);
    }
}

/// Returns whether a text is a key such as `db.password`.
fn is_key(text: &str) -> bool {
    text.chars().all(|char| char.is_ascii_alphanumeric() || "-_.".contains(char))
}

/// Returns whether a word is the name of a header with a secret, and the value is in later words.
fn is_name_of_header(word: &str) -> bool {
    word.trim_start_matches(QUOTES).strip_suffix(':').is_some_and(is_secret_name)
}

/// Returns the name of a flag whose value is the next word and a secret.
fn flag_of_secret(word: &str) -> Option<&str> {
    let name = word.strip_prefix('-')?.trim_start_matches('-');
    (!word.contains('=') && !word.contains(char::is_whitespace) && is_secret_name(name))
        .then_some(name)
}

/// Returns a name for the credentials after a word such as `Bearer`.
fn scheme(word: &str) -> Option<&'static str> {
    ["bearer", "basic"].iter().any(|it| word.eq_ignore_ascii_case(it)).then_some("credentials")
}

/// Returns whether a text is an object or a list in JSON, or in a form like it with other quotes or
/// none, that has a string or a key with the name of a secret.
fn is_json_with_secret(text: &str) -> bool {
    let is_space = |char: char| char.is_whitespace() || "\"'\\".contains(char);
    let ends_key = |char: char| is_space(char) || "{[,".contains(char);
    let key = |(at, _)| text[..at].trim_end_matches(is_space).rsplit(ends_key).next();
    let mut keys = text.match_indices(':').filter_map(key);
    text.trim_start_matches(is_space).starts_with(['{', '['])
        && (keys.any(is_secret_name) || text.split('"').skip(1).step_by(2).any(is_secret_name))
}

/// Returns a command line as `command` and `args`, without secrets.
pub(crate) fn apart(words: &[&str]) -> String {
    let masked = mask(words);
    let Some((program, args)) = masked.split_first() else {
        return r#""command": "…""#.to_owned();
    };
    let program = serde_json::Value::from(program.text.as_str());
    match args.is_empty() {
        true => format!(r#""command": {program}"#),
        false => format!(r#""command": {program}, "args": {}"#, list(args)),
    }
}

/// Returns words as a list in JSON.
pub(crate) fn list(words: &[Masked]) -> String {
    let words: Vec<String> =
        words.iter().map(|word| serde_json::Value::from(word.text.as_str()).to_string()).collect();
    format!("[{}]", words.join(", "))
}
