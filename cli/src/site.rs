//! `pontoon serve`: the servers of `mcpServers` files, from the files to the settings of engines, at
//! the start and at a reload.
//!
//! Owns: the precedence of files and options, and when files are read again. Never: rules for
//! entries; those are in `pontoon_config`.

use std::env;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pontoon_config::{
    Entry, Finding, Level as Weight, Outcome, Report, Server, escape, settings, shown_name,
};
use pontoon_core::auth::Auth;
use pontoon_core::http::encode_segment;
use pontoon_core::{ChildSpec, Config, Level};
use pontoon_driver::{Server as Served, Stopper};

use crate::args::{AuthArgs, ServeArgs};
use crate::auth::{self, SharedAuth};
use crate::checks::check_limits;
use crate::command;
use crate::config;
use crate::config_file;
use crate::errors::Failure;
use crate::log::{Entry as LogEntry, Log, Notice};
use crate::stamps::Watch;
use crate::values;
use crate::variables::Variables;

fn no_file() -> Failure {
    let has_default = Path::new(".mcp.json").is_file();
    Failure {
        what: "no file of servers".into(),
        why: "pontoon serve needs at least one file with mcpServers".into(),
        fix: match has_default {
            true => "name the one in this folder: pontoon serve --config .mcp.json".into(),
            false => "name it: pontoon serve --config FILE, or MCP_CONFIG=FILE".into(),
        },
        code: 2,
    }
}

/// The reason of an entry with an error whose finding is not known.
const UNKNOWN: &str = "it has an error";

/// Checks that the files can be used.
fn check(args: &ServeArgs, report: &Report) -> Result<(), Failure> {
    let refuses = report.is_unusable || args.strict && report.has_errors();
    let error = report.findings.iter().find(|finding| finding.level == Weight::Error);
    match error.filter(|_| refuses) {
        None => Ok(()),
        Some(finding) => Err(Failure {
            what: match report.is_unusable {
                true => "a file of servers cannot be used".into(),
                false => "an entry is broken, and --strict is given".into(),
            },
            why: finding.to_string(),
            fix: "correct it; `pontoon config check FILE` shows all problems".into(),
            code: 1,
        }),
    }
}

/// Returns the message about a finding that operators should see.
fn notice(finding: &Finding) -> Option<Notice> {
    let level = match finding.level {
        Weight::Note => return None,
        Weight::Warning => Level::Warning,
        Weight::Error => Level::Error,
    };
    Some(Notice {
        level,
        name: "config_finding",
        message: "problem in a file of servers",
        fields: vec![("finding", finding.to_string().replace("\n  hint:", "; hint:"))],
        words: Some(finding.to_string()),
    })
}

/// Reads the files of servers. Also returns the options of authentication with their settings, or
/// what is wrong with these.
fn load(
    args: &ServeArgs,
    given: &[String],
    before: &Report,
) -> Result<(Report, Result<AuthArgs, Failure>), Failure> {
    let mut report = config_file::load(&args.config)?;
    keep_served(&mut report, before);
    let is_given = |id: &str| given.iter().any(|given| given == id);
    let auth = auth::with_settings(&args.serving.auth, is_given, &report.settings.auth);
    auth.iter().for_each(|auth| auth::check_entries(auth, &mut report));
    Ok((report, auth))
}

/// Serves an entry that has an error since a reload as before, unless another entry has its path.
fn keep_served(report: &mut Report, before: &Report) {
    let taken: Vec<_> = report.entries.iter().map(|entry| entry.path.clone()).collect();
    for entry in report.entries.iter_mut().filter(|it| matches!(it.outcome, Outcome::Broken)) {
        let is_alone = taken.iter().filter(|path| **path == entry.path).count() == 1;
        let known = before.entries.iter().find(|it| it.name == entry.name && it.path == entry.path);
        if let Some(Entry { outcome: Outcome::Served(server), .. }) = known.filter(|_| is_alone) {
            entry.outcome = Outcome::Served(server.clone());
        }
    }
}

/// Returns the options with the settings at the top of the files, which they override.
fn with_settings(args: &ServeArgs, given: &[String], settings: &settings::Settings) -> ServeArgs {
    let mut args = args.clone();
    let serving = &mut args.serving;
    let is_given = |id: &str| given.iter().any(|given| given == id);
    if let Some(listen) = &settings.listen {
        if !is_given("host") {
            serving.host.clone_from(&listen.host);
        }
        if !is_given("port") {
            serving.port = listen.port;
        }
    }
    if !is_given("admin") {
        serving.admin.clone_from(&settings.admin);
    }
    // One that is malformed is reported when it turns out to allow nothing.
    let read = |list: &[String], read: fn(&str) -> Result<String, String>| -> Vec<String> {
        list.iter().map(|text| read(text).unwrap_or_else(|_| text.clone())).collect()
    };
    if !is_given("allow_host") {
        serving.allow_host = read(&settings.allow_host, values::host);
    }
    if !is_given("allow_origin") {
        serving.allow_origin = read(&settings.allow_origin, values::origin);
    }
    if let Some(tls) = &settings.tls
        && !is_given("tls_cert")
        && !is_given("tls_key")
    {
        (serving.tls_cert, serving.tls_key) = (Some(tls.cert.clone()), Some(tls.key.clone()));
    }
    set_limits(&mut args, is_given, &settings.limits);
    args
}

/// Returns the files that entries, settings and options name, except those of TLS, which are watched
/// in any case.
fn named_files(auth: &Result<AuthArgs, Failure>, report: &Report) -> Vec<PathBuf> {
    let of_auth = auth.iter().flat_map(AuthArgs::files);
    report.files.iter().cloned().chain(of_auth).collect()
}

fn set_limits(args: &mut ServeArgs, is_given: impl Fn(&str) -> bool, limits: &settings::Limits) {
    let settings::Limits {
        max_body,
        max_memory,
        max_connections,
        head_timeout,
        body_timeout,
        write_timeout,
        idle_timeout,
        keep_alive,
        drain_timeout,
        requests_per_second,
        burst,
        concurrent_requests,
        sessions_per_client,
    } = limits;
    let (serving, count) = (&mut args.serving, |count: NonZeroUsize| count.get());
    for (id, setting, value) in [
        ("max_body", &mut serving.max_body, max_body.map(config::bytes)),
        ("max_memory", &mut serving.max_memory, max_memory.map(config::bytes)),
        ("max_connections", &mut serving.max_connections, max_connections.map(count)),
    ] {
        *setting = value.filter(|_| !is_given(id)).unwrap_or(*setting);
    }
    for (id, setting, value) in [
        ("head_timeout", &mut serving.head_timeout, head_timeout),
        ("body_timeout", &mut serving.body_timeout, body_timeout),
        ("write_timeout", &mut serving.write_timeout, write_timeout),
        ("idle_timeout", &mut serving.idle_timeout, idle_timeout),
        ("keep_alive", &mut serving.keep_alive, keep_alive),
        ("drain_timeout", &mut serving.drain_timeout, drain_timeout),
    ] {
        *setting = value.map(|time| time.0).filter(|_| !is_given(id)).unwrap_or(*setting);
    }
    let client = settings::ClientLimits {
        requests_per_second: *requests_per_second,
        burst: *burst,
        concurrent_requests: *concurrent_requests,
        sessions_per_client: *sessions_per_client,
    };
    let sessions = &mut args.sessions.sessions_per_client;
    config::set_client_limits(&mut serving.client_limits, sessions, client, |id| !is_given(id));
}

/// The files of servers, as they were read last.
pub(crate) struct Files {
    args: ServeArgs,
    given: Vec<String>,
    variables: Variables,
    report: Report,
    auth: Option<SharedAuth>,
    /// The files of servers, and those that they or the options name.
    watch: Watch,
}

impl Files {
    /// Reads the files that the options name. Problems that operators should see are added to
    /// `notices`.
    pub(crate) fn read(
        args: ServeArgs,
        given: Vec<String>,
        variables: Variables,
        notices: &mut Vec<Notice>,
    ) -> Result<Files, Failure> {
        if args.config.is_empty() {
            return Err(no_file());
        }
        // Looked at before they are read, so that no change in between is missed.
        let watch = Watch::of(args.config.clone());
        let (report, auth) = load(&args, &given, &Report::default())?;
        let watch = watch.and(named_files(&auth, &report));
        check(&args, &report)?;
        notices.extend(report.findings.iter().filter_map(notice));
        let auth = auth::shared(&auth?)?;
        Ok(Files { args, given, variables, report, auth, watch })
    }

    /// Returns the options with the settings at the top of the files.
    pub(crate) fn args(&self) -> ServeArgs {
        with_settings(&self.args, &self.given, &self.report.settings)
    }

    /// Returns whether to look for changes of the files from time to time.
    pub(crate) fn are_watched(&self) -> bool {
        self.args.watch
    }

    /// Returns the authentication, if there is one.
    pub(crate) fn auth_mut(&mut self) -> Option<&mut SharedAuth> {
        self.auth.as_mut()
    }

    /// Returns whether the files have changed, and not again since the last call.
    pub(crate) fn have_changed(&mut self) -> bool {
        self.watch.has_changed()
    }

    /// Returns the servers, whose events go to this log.
    pub(crate) fn servers(&self, log: &Log) -> Vec<Served> {
        let args = self.args();
        let entries = self.report.entries.iter();
        entries.filter_map(|entry| self.server(entry, &args, log)).collect()
    }

    fn server(&self, entry: &Entry, args: &ServeArgs, log: &Log) -> Option<Served> {
        let config = match &entry.outcome {
            Outcome::Served(server) => {
                let child = self.child(server);
                match self.auth_of(entry) {
                    Ok(auth) => {
                        Ok(Box::new(Config { auth, ..config::served(args, server, child) }))
                    }
                    Err(failure) => Err(failure.why.into()),
                }
            }
            Outcome::Broken => Err(self.reason(entry).unwrap_or_else(|| UNKNOWN.into()).into()),
            Outcome::Skipped(_) => return None,
        };
        let (log, name) = (log.clone(), Arc::<str>::from(&*entry.name));
        Some(Served {
            name: entry.name.as_str().into(),
            segment: entry.path.as_str().into(),
            config,
            log: Arc::new(move |event| {
                log.write(LogEntry::event(event.clone()).of_server(name.clone()));
            }),
        })
    }

    /// Starts the authentication, and returns that of the paths that belong to no server.
    pub(crate) fn start_auth(&self, log: &Log) -> Result<Option<Auth>, Failure> {
        self.auth.as_ref().map(|auth| auth.start(log)).transpose()?;
        self.auth_of_site()
    }

    /// Returns the authentication of the paths that belong to no server.
    fn auth_of_site(&self) -> Result<Option<Auth>, Failure> {
        self.auth.as_ref().map(SharedAuth::auth_of_site).transpose()
    }

    fn auth_of(&self, entry: &Entry) -> Result<Option<Auth>, Failure> {
        let Some(auth) = &self.auth else { return Ok(None) };
        let path = format!("/{}/mcp", encode_segment(&entry.path));
        let names: Vec<&str> = self.report.entries.iter().map(|entry| &*entry.name).collect();
        auth.auth_of(&entry.name, &names, &path).map(Some)
    }

    /// Returns the command of an entry, with its whole environment.
    fn child(&self, server: &Server) -> ChildSpec {
        let clean = server.settings.clean_env.unwrap_or(self.args.bridge.clean_env);
        let mut env = command::environment(env::vars_os(), clean, &[], &self.variables)
            .unwrap_or_else(|| env::vars_os().collect());
        for (name, value) in &server.env {
            env.retain(|(known, _)| known != name.as_str());
            env.extend(value.as_ref().map(|value| (name.into(), value.as_str().into())));
        }
        ChildSpec {
            program: server.program.clone(),
            args: server.args.iter().map(|arg| OsString::from(arg.as_str())).collect(),
            env: Some(env),
            cwd: Some(server.cwd.clone()),
        }
    }

    /// Returns why an entry is broken: its first error, without the name of the file, which
    /// concerns no client. `None` if it has no error.
    fn reason(&self, entry: &Entry) -> Option<String> {
        let of_entry = |finding: &&Finding| {
            finding.level == Weight::Error
                && finding.file == entry.file
                && finding.entry.as_deref() == Some(&entry.name)
        };
        let Finding { key, text, .. } = self.report.findings.iter().find(of_entry)?;
        Some(match key.is_empty() {
            true => escape(text),
            false => escape(&format!("{key}: {text}")),
        })
    }

    /// Returns a message for each entry, with its URL and its state.
    pub(crate) fn states(&self, base: &str) -> Vec<Notice> {
        self.report.entries.iter().map(|entry| self.state(entry, base)).collect()
    }

    fn state(&self, entry: &Entry, base: &str) -> Notice {
        let reason = self.reason(entry);
        let (level, state) = match (&entry.outcome, reason) {
            (Outcome::Served(_), None) => (Level::Info, "served".to_owned()),
            (Outcome::Served(_), Some(reason)) => {
                (Level::Warning, format!("served as before this error: {reason}"))
            }
            (Outcome::Skipped(reason), _) => (Level::Info, format!("skipped: {}", escape(reason))),
            (Outcome::Broken, reason) => {
                (Level::Warning, format!("broken: {}", reason.as_deref().unwrap_or(UNKNOWN)))
            }
        };
        let name = shown_name(&entry.name);
        let url = match entry.path.as_str() {
            "" => None,
            path => Some(format!("{base}/{}/mcp", encode_segment(path))),
        };
        let words = match &url {
            Some(url) => format!("  {name}  {url}  {state}"),
            None => format!("  {name}  {state}"),
        };
        let mut fields = vec![("server", entry.name.clone()), ("state", state)];
        fields.extend(url.map(|url| ("url", url)));
        Notice { level, name: "server", message: "server", fields, words: Some(words) }
    }

    /// Reads the files again, and serves what they name from now on. If a file cannot be used,
    /// everything stays as it was.
    pub(crate) fn reload(&mut self, stopper: &Stopper, log: &Log, base: &str) {
        self.watch.reset();
        match self.try_reload(stopper, log, base) {
            Ok(()) => {}
            Err(Failure { what, why, fix, .. }) => {
                // A finding has a hint of its own.
                let (why, hint) = why.split_once("\n  hint: ").unwrap_or((&why, &fix));
                let error = format!("{what}: {why}");
                stopper.set_fault(&escape(&error));
                log.write(LogEntry::notice(Notice {
                    level: Level::Error,
                    name: "reload_failed",
                    message: "reload failed, and everything stays as it was",
                    fields: vec![("error", error), ("hint", hint.to_owned())],
                    words: None,
                }));
            }
        }
    }

    fn try_reload(&mut self, stopper: &Stopper, log: &Log, base: &str) -> Result<(), Failure> {
        let watch = Watch::of(self.args.config.clone());
        let (report, auth) = load(&self.args, &self.given, &self.report)?;
        if !report.is_unusable {
            self.watch = watch.and(named_files(&auth, &report));
        }
        check(&self.args, &report)?;
        let ServeArgs { serving, .. } = with_settings(&self.args, &self.given, &report.settings);
        check_limits(&serving)?;
        let auth = auth::shared(&auth?)?;
        let auth = auth.map(|auth| auth.in_place_of(self.auth.as_ref()));
        auth.as_ref().map(|auth| auth.start(log)).transpose()?;
        let (new, current) = (&report.settings, &self.report.settings);
        let moved = [
            ("pontoon.listen", new.listen != current.listen),
            ("pontoon.admin", new.admin != current.admin),
            ("pontoon.tls", new.tls != current.tls),
        ];
        let before = self.states(base);
        let old = std::mem::replace(&mut self.report, report);
        let old_auth = std::mem::replace(&mut self.auth, auth);
        let servers = self.servers(log);
        let config = Config { auth: self.auth_of_site()?, ..config::site(&serving) };
        let served = servers.len();
        if let Err(error) = stopper.update(config, servers) {
            self.report = old;
            self.auth = old_auth;
            self.auth.as_ref().map(|auth| auth.start(log)).transpose()?;
            return Err(Failure::cannot_start(&error));
        }
        log.write(LogEntry::notice(Notice {
            level: Level::Info,
            name: "reloaded",
            message: "files of servers reloaded",
            fields: vec![("servers", served.to_string())],
            words: None,
        }));
        for (setting, _) in moved.into_iter().filter(|(_, has_moved)| *has_moved) {
            log.write(LogEntry::notice(Notice {
                level: Level::Warning,
                name: "restart_needed",
                message: "this setting of a file has changed, which holds after a restart",
                fields: vec![("setting", setting.to_owned())],
                words: None,
            }));
        }
        let findings = self.report.findings.iter().filter_map(notice);
        let is_new = |state: &Notice| before.iter().all(|before| before.words != state.words);
        let states = self.states(base).into_iter().filter(is_new);
        findings.chain(states).for_each(|notice| log.write(LogEntry::notice(notice)));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
