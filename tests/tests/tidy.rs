//! Rules for the source files of the workspace: the words of comments and names, the length of
//! files and functions, and the order of the modules of `core`.

#[path = "tidy/circles.rs"]
mod circles;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use circles::Imports;

/// Words that a comment, a text or a name must not use. They hide the subject of a sentence, such as the
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

/// The layers of `core`, the highest first, and the modules of each. A module imports only modules
/// that come after it. Tests may import any.
const LAYERS: [(&str, &[&str]); 6] = [
    ("state", &["engine", "session", "bridge", "cx"]),
    ("boundary", &["machine", "job"]),
    ("requests", &["legacy_facade", "native", "modern", "site", "exchange", "http", "config"]),
    ("servers", &["server"]),
    ("formats", &["observe", "translate", "frame", "random", "auth", "seal", "json"]),
    (
        "vocabulary",
        &[
            "memory",
            "principal",
            "secrets",
            "reject",
            "limits",
            "host_stats",
            "ids",
            "chunk",
            "child_spec",
            "child_env",
            "id_map",
            "protocol",
            "log_text",
            "time",
        ],
    ),
];

#[test]
fn imports_of_core_lead_down() {
    let mut found = Vec::new();
    for (path, text) in sources() {
        let Some(own) = module_of_core(&path) else { continue };
        let Some(level) = level(own) else {
            found.push(format!("{path}: name the module {own} in LAYERS"));
            continue;
        };
        for (line, imported) in imports(&text) {
            match self::level(&imported) {
                Some(of_import) if of_import >= level => {}
                Some((layer, _)) => found.push(format!(
                    "{path}:{line} {own} ({}) imports {imported} ({})",
                    LAYERS[level.0].0, LAYERS[layer].0
                )),
                None => found.push(format!("{path}:{line} imports {imported}, which is no module")),
            }
        }
    }
    assert!(found.is_empty(), "move what both need to a lower module:\n{}", found.join("\n"));
}

#[test]
fn the_documentation_has_the_layers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    for file in ["ARCHITECTURE.md", "core/src/lib.rs"] {
        let text = fs::read_to_string(root.join(file)).expect("UTF-8");
        for (layer, modules) in LAYERS {
            let modules: Vec<_> = modules.iter().map(|module| format!("`{module}`")).collect();
            let row = format!("| {layer} | {} |", modules.join(", "));
            assert!(text.contains(&row), "{file} has no line {row}");
        }
    }
}

/// The public modules of `core`. All other names that crates use are re-exported at its root.
const PUBLIC_MODULES: [&str; 4] = ["auth", "http", "server", "testing"];

#[test]
fn core_has_one_interface_at_its_root() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let text = fs::read_to_string(root.join("core/src/lib.rs")).expect("UTF-8");
    let modules = text.lines().filter_map(|line| line.strip_prefix("pub mod "));
    let modules: Vec<_> = modules.map(|line| line.trim_end_matches([';', ' ', '{'])).collect();
    assert_eq!(modules, PUBLIC_MODULES, "make a module private, and re-export what others use");
    assert!(!text.contains("::*"), "re-export each name on its own");
}

#[test]
fn files_import_each_other_in_no_circle() {
    let mut crates: BTreeMap<String, Imports> = BTreeMap::new();
    for (path, text) in sources() {
        let Some((root, in_src)) = path.split_once("/src/") else { continue };
        let is_test = in_src.ends_with("tests.rs") || in_src.contains("tests/");
        if !is_test {
            crates.entry(root.to_owned()).or_default().add(&path, in_src, &text);
        }
    }
    let found: Vec<_> = crates.values().flat_map(Imports::circles).collect();
    assert!(found.is_empty(), "move what they share to a file of its own:\n{found:#?}");
}

/// Returns the module of `core` that a file belongs to, unless it is a test or the root.
fn module_of_core(path: &str) -> Option<&str> {
    let path = path.strip_prefix("core/src/")?;
    let is_test = path.ends_with("/tests.rs") || path.contains("/tests/") || path == "lib.rs";
    let end = path.find('/').or(path.strip_suffix(".rs").map(str::len))?;
    (!is_test).then(|| &path[..end])
}

/// Returns the layer of a module, and its place in it.
fn level(module: &str) -> Option<(usize, usize)> {
    let places = LAYERS.iter().enumerate().flat_map(|(layer, (_, modules))| {
        modules.iter().enumerate().map(move |(place, name)| ((layer, place), *name))
    });
    places.into_iter().find(|(_, name)| *name == module).map(|(level, _)| level)
}

/// Returns the modules that a file names after `crate::`, with their lines. Imports for tests do
/// not count, nor comments.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut imports = Vec::new();
    let mut is_for_tests = false;
    for (at, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for rest in code.split("crate::").skip(1).filter(|_| !is_for_tests) {
            let names = rest.strip_prefix('{').and_then(|rest| rest.split('}').next());
            let names = names.unwrap_or(rest).split(',').take(names.map_or(1, |_| usize::MAX));
            let names = names.filter_map(|name| words(name).find(|word| !word.is_empty()));
            imports.extend(names.map(|name| (at + 1, name.to_owned())));
        }
        is_for_tests = code.trim() == "#[cfg(test)]" || code.trim() == "#[cfg(doc)]";
    }
    imports
}

#[test]
fn comments_texts_and_names_use_plain_words() {
    let found = each_line(|line| {
        // A variant of an enum may have such a name; no other name may, nor a comment or a text.
        let comment = line.split_once("//").map_or("", |(_, comment)| comment);
        let texts = line.split('"').skip(1).step_by(2);
        let prose = texts.chain([comment]).collect::<Vec<_>>().join(" ").to_lowercase();
        let words = words(line).chain(words(&prose)).flat_map(|word| word.split('_'));
        words.into_iter().any(|word| WORDS.contains(&word.trim_end_matches('s')))
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
