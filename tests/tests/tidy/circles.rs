//! The imports between the files of a crate.
//!
//! A file imports another if it names one of its items, directly or through a re-export. A module
//! and its own submodules may import each other: they are one unit, in several files.

use std::collections::{BTreeMap, BTreeSet};

/// The path of a module in its crate, for example `["json", "message"]`.
type Module = Vec<String>;

/// The imports of the files of one crate.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    files: BTreeMap<Module, File>,
}

#[derive(Debug, Default)]
struct File {
    path: String,
    /// The names of the items that are defined in it.
    items: BTreeSet<String>,
    /// The names that it imports or re-exports, and their paths.
    names: BTreeMap<String, Vec<String>>,
    /// All paths in it.
    paths: Vec<Vec<String>>,
}

/// The keywords before the name of an item.
const KEYWORDS: [&str; 7] = ["struct", "enum", "fn", "trait", "type", "const", "static"];

impl Imports {
    /// Adds a file, given its path in the folder `src`.
    pub(crate) fn add(&mut self, path: &str, in_src: &str, text: &str) {
        let module = in_src.trim_end_matches(".rs").trim_end_matches("/mod");
        let is_root = ["lib", "main"].contains(&module);
        let module = if is_root { Vec::new() } else { split(module, "/") };
        self.files.insert(module, File::read(path, &code_of(text)));
    }

    /// Returns the circles, each as the sorted paths of its files.
    pub(crate) fn circles(&self) -> Vec<Vec<&str>> {
        let reached: BTreeMap<_, _> =
            self.files.keys().map(|module| (module, self.reached_from(module))).collect();
        let mut circles = BTreeSet::new();
        for (module, others) in &reached {
            let mates = others.iter().filter(|other| reached[*other].contains(*module));
            let mates: Vec<_> = mates.map(|mate| self.files[*mate].path.as_str()).collect();
            if mates.len() > 1 {
                circles.insert(mates);
            }
        }
        circles.into_iter().collect()
    }

    /// Returns the modules that a module imports, directly or through others.
    fn reached_from<'a>(&'a self, module: &'a Module) -> BTreeSet<&'a Module> {
        let mut reached = BTreeSet::new();
        let mut next = vec![module];
        while let Some(module) = next.pop() {
            let new = self.imports_of(module).into_iter().filter(|other| reached.insert(*other));
            next.extend(new);
        }
        reached
    }

    /// Returns the modules that a module imports, without those that it is in and those in it.
    fn imports_of(&self, module: &Module) -> BTreeSet<&Module> {
        let paths = self.files[module].paths.iter();
        let imports = paths.filter_map(|path| self.definition(&self.absolute(module, path)?, 0));
        imports.filter(|it| !it.starts_with(module) && !module.starts_with(it)).collect()
    }

    /// Returns a path from the root of the crate, or `None` for a path to another crate.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let start = match first.as_str() {
            "crate" => Vec::new(),
            "self" => module.clone(),
            "super" => {
                let parent = &module[..module.len().saturating_sub(1)];
                if rest.first().is_some_and(|next| next == "super") {
                    return self.absolute(&parent.to_vec(), rest);
                }
                parent.to_vec()
            }
            _ => {
                let child = [module.as_slice(), std::slice::from_ref(first)].concat();
                match self.files[module].names.get(first).filter(|it| it[0] != *first) {
                    _ if self.files.contains_key(&child) => child,
                    Some(import) if rest.is_empty() || import.len() > 1 => {
                        self.absolute(module, import)?
                    }
                    _ => return None,
                }
            }
        };
        Some([start.as_slice(), rest].concat())
    }

    /// Returns the module that defines the item at a path, which may lead through re-exports.
    fn definition(&self, path: &[String], depth: usize) -> Option<&Module> {
        let length = (0..=path.len()).rev().find(|end| self.files.contains_key(&path[..*end]))?;
        let (module, file) = self.files.get_key_value(&path[..length])?;
        match path.get(length) {
            Some(name) if !file.items.contains(name) && depth < 8 => match file.names.get(name) {
                Some(import) => self.definition(&self.absolute(module, import)?, depth + 1),
                None => Some(module),
            },
            _ => Some(module),
        }
    }
}

impl File {
    fn read(path: &str, code: &str) -> File {
        let mut file = File { path: path.to_owned(), ..File::default() };
        let mut rest = String::new();
        for statement in code.split_inclusive(';') {
            let begin = statement.rfind("use ").filter(|at| is_statement(&statement[..*at]));
            let Some(begin) = begin else {
                rest += statement;
                continue;
            };
            rest += &statement[..begin];
            let tree = statement[begin + 4..].trim_end_matches(';');
            for (path, name) in leaves(tree) {
                file.names.insert(name, path.clone());
                file.paths.push(path);
            }
        }
        let words: Vec<_> = rest.split_whitespace().collect();
        let items = words.windows(2).filter(|pair| KEYWORDS.contains(&pair[0]));
        file.items = items.map(|pair| identifier(pair[1]).to_owned()).collect();
        let is_part = |char: char| char.is_alphanumeric() || char == '_' || char == ':';
        let paths = rest.split(|char| !is_part(char)).filter(|path| path.contains("::"));
        file.paths.extend(paths.map(|path| split(path.trim_matches(':'), "::")));
        file
    }
}

/// Returns whether `use` after this text begins a statement.
fn is_statement(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default().trim();
    line.is_empty() || line.starts_with("pub")
}

/// Returns the paths of a `use` statement, and the name that each gets.
fn leaves(tree: &str) -> Vec<(Vec<String>, String)> {
    let Some((prefix, list)) = tree.split_once('{') else {
        let (path, name) = tree.split_once(" as ").unwrap_or((tree, ""));
        let mut path = split(path, "::");
        path.retain(|part| !part.is_empty());
        if path.len() > 1 {
            path.pop_if(|last| last == "self");
        }
        let last = path.last().cloned().unwrap_or_default();
        return vec![(path, if name.is_empty() { last } else { name.trim().to_owned() })];
    };
    let list = &list[..list.rfind('}').unwrap_or(list.len())];
    let mut depth = 0;
    let parts = list.split(|char: char| {
        depth += i32::from(char == '{') - i32::from(char == '}');
        char == ',' && depth == 0
    });
    let parts = parts.filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| leaves(&format!("{}{}", prefix.trim(), part.trim()))).collect()
}

/// Returns the code of a file, without comments and texts, and without imports for tests.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut is_for_tests = false;
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default();
        if !is_for_tests {
            code.extend(line.split('"').step_by(2));
        }
        code.push('\n');
        is_for_tests = ["#[cfg(test)]", "#[cfg(doc)]"].contains(&line.trim());
    }
    code
}

fn split(text: &str, separator: &str) -> Vec<String> {
    text.split(separator).map(|part| part.trim().to_owned()).collect()
}

fn identifier(text: &str) -> &str {
    text.split(|char: char| !char.is_alphanumeric() && char != '_').next().unwrap_or_default()
}
