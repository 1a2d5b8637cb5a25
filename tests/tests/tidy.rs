//! Rules for the source files of the workspace: the words of comments and texts, and the length of
//! files and functions.

use std::fs;
use std::path::Path;

/// Words that a comment or a text must not use. They hide the subject of a sentence, such as the
/// client, the child or the adapter, or are out of use. Each is written in two parts, so that this
/// file keeps its own rule.
const WORDS: [&str; 5] = [
    concat!("no", "body"),
    concat!("some", "body"),
    concat!("who", "ever"),
    concat!("le", "st"),
    concat!("an", "ew"),
];

/// Words that must not begin a line of documentation, which begins with a verb or a noun phrase.
const FIRST_WORDS: [&str; 4] = ["What", "Who", concat!("Who", "ever"), "Whose"];

/// The maximum number of lines of a file.
const FILE_LINES_MAX: usize = 600;

/// The maximum number of lines of a function, without arms of `match` that take one line.
const FUNCTION_LINES_MAX: usize = 70;

/// Functions that may be longer, because they are one `match` with an arm for each event or tool.
const TABLES: [(&str, &str); 2] =
    [("core/src/observe/event/fields.rs", "fields"), ("tests/test-server/src/tools.rs", "run")];

#[test]
fn comments_and_texts_use_plain_words() {
    let found = each_line(|line| {
        // A variant of an enum may have such a name; a variable may not, nor a comment or a text.
        let comment = line.split_once("//").map_or("", |(_, comment)| comment);
        let texts = line.split('"').skip(1).step_by(2);
        let prose = texts.chain([comment]).collect::<Vec<_>>().join(" ").to_lowercase();
        words(line).chain(words(&prose)).any(|word| WORDS.contains(&word))
    });
    assert!(found.is_empty(), "name the subject instead:\n{}", found.join("\n"));
}

#[test]
fn documentation_begins_with_a_verb_or_a_noun() {
    let found = each_line(|line| {
        let text = line.trim_start();
        let text = text.strip_prefix("/// ").or_else(|| text.strip_prefix("//! "));
        let first = text.and_then(|text| text.split(' ').next()).unwrap_or_default();
        FIRST_WORDS.contains(&first)
    });
    assert!(found.is_empty(), "begin with a verb or a noun phrase:\n{}", found.join("\n"));
}

#[test]
fn files_are_short() {
    let lines = sources().into_iter().map(|(path, text)| (path, text.lines().count()));
    let found: Vec<_> = lines.filter(|(_, lines)| *lines > FILE_LINES_MAX).collect();
    assert!(found.is_empty(), "more than {FILE_LINES_MAX} lines: {found:?}");
}

#[test]
fn functions_are_short() {
    let mut found = Vec::new();
    for (path, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(name) = function(line) else { continue };
            let length = length_of_function(&lines[at..]);
            if length > FUNCTION_LINES_MAX && !TABLES.contains(&(path.as_str(), name)) {
                found.push(format!("{path}:{} {name}: {length} lines", at + 1));
            }
        }
    }
    assert!(found.is_empty(), "more than {FUNCTION_LINES_MAX} lines:\n{}", found.join("\n"));
}

/// Returns the name of the function that a line begins to define.
fn function(line: &str) -> Option<&str> {
    let (qualifiers, rest) = line.trim_start().split_once("fn ")?;
    let is_qualifier = |word: &str| {
        ["async", "const", "unsafe", "extern", "\"C\"", "pub"].contains(&word)
            || word.starts_with("pub(")
            || word.ends_with(')')
    };
    qualifiers.split_whitespace().all(is_qualifier).then_some(())?;
    let is_defined = !line.trim_end().ends_with([';', '}']) && !line.contains('$');
    rest.split(|char: char| !char.is_alphanumeric() && char != '_').next().filter(|_| is_defined)
}

/// Returns the number of lines of the function at the start of these lines. It ends at the closing
/// brace with the same indentation. Arms of `match` on one line do not count.
fn length_of_function(lines: &[&str]) -> usize {
    let indentation = lines[0].len() - lines[0].trim_start().len();
    let is_end = |line: &&&str| {
        line.len() > indentation
            && line[..indentation].trim().is_empty()
            && line[indentation..].starts_with('}')
    };
    let end = lines.iter().position(|line| is_end(&line)).expect("the end of a function");
    lines[..=end].iter().filter(|line| !(line.contains(" => ") && line.ends_with(','))).count()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !char.is_alphanumeric() && char != '_')
}

/// Returns the lines for which this holds, with their places.
fn each_line(is_wrong: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in sources() {
        for (at, line) in text.lines().enumerate() {
            if is_wrong(line) {
                found.push(format!("{path}:{} {}", at + 1, line.trim()));
            }
        }
    }
    found
}

/// Returns the source files of the workspace, with paths relative to its root.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut directories = vec![root.to_owned()];
    let mut sources = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).expect("a directory of the workspace") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push((relative(root, &path), fs::read_to_string(&path).expect("UTF-8")));
            }
        }
    }
    assert!(sources.len() > 300, "the sources of the workspace");
    sources
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).expect("below the root").display().to_string()
}
