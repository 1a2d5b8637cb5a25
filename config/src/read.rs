//! Reading of several files, and the rules that concern several entries.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::base::base_of;
use crate::cx::Cx;
use crate::entry;
use crate::facts::Facts;
use crate::file::{self, Findings, Source};
use crate::paths::{look_alike, path_of};
use crate::report::{Entry, Finding, Level, Outcome, Report};
use crate::syntax::Member;

/// An entry whose path is not settled yet.
struct Draft {
    entry: Entry,
    findings: Vec<Finding>,
    files: Vec<PathBuf>,
}

/// Reads files. An entry of a later file replaces one of an earlier file that has the same name.
pub fn read(sources: &[Source], facts: &dyn Facts) -> Report {
    let mut report = Report::default();
    let mut drafts: Vec<Draft> = Vec::new();
    let mut with_settings = None;
    for source in sources {
        let mut findings = Findings::new(source);
        let root = file::parse(source, &mut findings).unwrap_or_default();
        let is_parsed = !findings.is_unusable();
        let lists = match is_parsed {
            true => file::lists(source, &root, &mut findings),
            false => Vec::new(),
        };
        if let Some((line, settings)) = file::settings(&root, &mut findings) {
            if let Some(before) = with_settings.replace(source.name.as_str()) {
                let text = format!("replaces the settings of {before} as a whole");
                findings.add(Level::Note, (line, None, "pontoon"), text, None);
            }
            report.settings = settings.resolved(&base_of(&source.path));
            report.settings_at = Some((source.name.clone(), line));
        }
        report.is_unusable |= findings.is_unusable();
        report.findings.append(&mut findings.all);
        let first = drafts.len();
        for (list, members) in lists {
            drafts.extend(members.iter().filter_map(|member| draft(source, facts, list, member)));
        }
        replace(&mut drafts, first);
    }
    // Of a name that occurs twice, both entries would have the same path.
    if !report.is_unusable {
        check_paths(&mut drafts);
    }
    let has_rate = report.settings.limits.requests_per_second.is_some();
    for mut draft in drafts {
        if !has_rate {
            draft.check_burst();
        }
        report.findings.append(&mut draft.findings);
        report.files.append(&mut draft.files);
        if !report.is_unusable {
            report.entries.push(draft.entry);
        }
    }
    let file = |finding: &Finding| sources.iter().position(|source| source.name == finding.file);
    report.findings.sort_by_key(|finding| (file(finding), finding.line));
    report
}

fn draft(source: &Source, facts: &dyn Facts, list: &'static str, member: &Member) -> Option<Draft> {
    let base = base_of(&source.path);
    let (file, entry, findings, files) = (&source.name, &member.name, Vec::new(), Vec::new());
    let mut cx = Cx { facts, base: &base, file, list, entry, findings, files };
    let mut outcome = entry::read(&mut cx, member)?;
    let Cx { findings, files, .. } = cx;
    let path = match &mut outcome {
        Outcome::Skipped(_) => String::new(),
        _ => path_of(&member.name),
    };
    if let Outcome::Served(server) = &mut outcome {
        server.path.clone_from(&path);
    }
    let (file, line, name) = (source.name.clone(), member.line, member.name.clone());
    Some(Draft { entry: Entry { file, line, name, path, outcome, list }, findings, files })
}

/// Removes entries of earlier files that have the name of an entry of the last one.
fn replace(drafts: &mut Vec<Draft>, first: usize) {
    let (before, after) = drafts.split_at_mut(first);
    let mut replaced = Vec::new();
    for draft in after {
        let same = before.iter().position(|before| before.entry.name == draft.entry.name);
        if let Some(at) = same {
            let text = format!("replaces the entry of {}", before[at].entry.file);
            draft.add(Level::Note, "", text, None);
            replaced.push(at);
        }
    }
    replaced.sort_unstable();
    for at in replaced.into_iter().rev() {
        drafts.remove(at);
    }
}

impl Draft {
    fn add(&mut self, level: Level, key: &str, text: String, hint: Option<String>) {
        let Entry { file, line, name, list, .. } = &self.entry;
        let (file, entry, key) = (file.clone(), Some(name.clone()), key.to_owned());
        self.findings.push(Finding { level, file, line: *line, entry, key, text, hint, list });
    }

    /// Warns of a burst without a rate. The options may set that.
    fn check_burst(&mut self) {
        let Outcome::Served(server) = &self.entry.outcome else { return };
        let limits = &server.settings.limits;
        if limits.burst.is_some() && limits.requests_per_second.is_none() {
            let text = "has no effect without requestsPerSecond".to_owned();
            let hint = "set it here or at the top, or give --requests-per-second".to_owned();
            self.add(Level::Warning, "pontoon.limits.burst", text, Some(hint));
        }
    }

    fn break_name(&mut self, text: String, hint: &str) {
        self.add(Level::Error, "(name)", text, Some(hint.to_owned()));
        self.entry.outcome = Outcome::Broken;
    }
}

/// Breaks entries without a path, and those that share one. Entries that are skipped have no path.
fn check_paths(drafts: &mut [Draft]) {
    let mut by_path: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut by_letters: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, draft) in drafts.iter_mut().enumerate() {
        if matches!(draft.entry.outcome, Outcome::Skipped(_)) {
            continue;
        }
        let path = draft.entry.path.clone();
        if path.is_empty() {
            let hint = "a path keeps letters, digits, - and _, and . within";
            draft.break_name("no character of the name can be in a path".to_owned(), hint);
            continue;
        }
        by_letters.entry(path.to_lowercase()).or_default().push(at);
        by_path.entry(path).or_default().push(at);
    }
    for (path, same) in by_path.into_iter().filter(|(_, same)| same.len() > 1) {
        for at in &same {
            let others = same.iter().filter(|other| *other != at).take(5);
            let own = &drafts[*at].entry.name;
            let hint = match others.clone().any(|it| look_alike(own, &drafts[*it].entry.name)) {
                true => "rename all but one of them; they look alike, in two forms of Unicode",
                false => "rename all but one of them",
            };
            let others = others.map(|other| format!("`{}`", drafts[*other].entry.name));
            let others = others.collect::<Vec<_>>().join(", ");
            let text = format!("the path {path} is also that of {others}");
            drafts[*at].break_name(text, hint);
        }
    }
    for same in by_letters.into_values() {
        for pair in same.windows(2) {
            if drafts[pair[0]].entry.path != drafts[pair[1]].entry.path {
                let text = format!("differs from `{}` in case only", drafts[pair[0]].entry.name);
                drafts[pair[1]].add(Level::Note, "(name)", text, None);
            }
        }
    }
}
