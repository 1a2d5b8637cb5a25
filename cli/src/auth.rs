//! Authentication: from the settings, and the files that they name, to what the core needs.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use pontoon_config::Report;
use pontoon_config::settings::{self, HeaderName};
use pontoon_core::auth::{
    Algorithm, Auth, IntrospectionConfig, JwtKeys, JwtSettings, Keys, KeysUrl, RemoteConfig,
    Resource, ScopePolicy, Secret, StaticToken, TrustedHeaders,
};
use pontoon_core::{Event, Level};
use pontoon_driver::{Authenticator, verify_signature};

use crate::args::AuthArgs;
use crate::errors::Failure;
use crate::log::{Entry, Log, Notice};
use crate::stamps::Watch;
use crate::values;

/// The name of the only server of an endpoint in scopes.
const SERVER: &str = "mcp";

/// The name in scopes of the paths that belong to none of several servers.
pub(crate) const SITE: &str = "pontoon";

/// Returns the authentication that several servers share, or `None` if there is none.
pub(crate) fn shared(args: &AuthArgs) -> Result<Option<SharedAuth>, Failure> {
    if !is_wanted(args) {
        return check_unused(args).map(|()| None);
    }
    // Checked here, so that a reload with a bad URL changes nothing.
    args.auth_resource.as_deref().map(|url| resource(args, url)).transpose()?;
    Ok(Some(SharedAuth {
        watch: Watch::of(args.files().collect()),
        authenticator: Arc::default(),
        keys: keys(args)?,
        remote: remote(args)?,
        args: args.clone(),
    }))
}

/// Breaks the entries of files that cannot be served with this authentication.
pub(crate) fn check_entries(args: &AuthArgs, report: &mut Report) {
    if is_wanted(args) && !is_unchecked(args) {
        let text = "with authentication, this name is the scope of / and /metrics";
        report.break_name(SITE, text, "give the entry another name");
    }
}

/// Reports errors in `pontoon.auth`, and entries that cannot be served with it.
pub(crate) fn check_settings(report: &mut Report) {
    let args = with_settings(&AuthArgs::default(), |_| false, &report.settings.auth);
    let checked = args.and_then(|args| {
        check_entries(&args, report);
        // Options may give what is missing.
        if is_wanted(&args) { shared(&args).map(drop) } else { Ok(()) }
    });
    if let Err(Failure { what, why, fix, .. }) = checked {
        report.refuse_settings("pontoon.auth", format!("{what}: {why}"), fix);
    }
}

/// Returns the options with the settings of a file, which they override.
pub(crate) fn with_settings(
    args: &AuthArgs,
    is_given: impl Fn(&str) -> bool,
    settings: &settings::Auth,
) -> Result<AuthArgs, Failure> {
    let mut args = args.clone();
    let header = |name: &Option<HeaderName>| name.as_ref().map(|name| name.0.clone());
    args.auth_token_file = args.auth_token_file.or(settings.token_file.clone());
    if args.auth_jwks_file.is_none() && args.auth_jwks_url.is_none() {
        args.auth_jwks_file.clone_from(&settings.jwks_file);
        set_url(&mut args.auth_jwks_url, "jwksUrl", settings.jwks_url.as_ref())?;
    }
    set_url(&mut args.auth_issuer, "issuer", settings.issuer.as_ref())?;
    set_url(&mut args.auth_introspection, "introspection", settings.introspection.as_ref())?;
    let secret = settings.introspection_secret_file.clone();
    args.auth_introspection_secret = args.auth_introspection_secret.or(secret);
    if let Some(id) = &settings.introspection_client
        && !is_given("auth_introspection_client")
    {
        args.auth_introspection_client.clone_from(id);
    }
    args.auth_resource = args.auth_resource.or(settings.resource.clone());
    args.auth_scopes_header = args.auth_scopes_header.or(header(&settings.scopes_header));
    if let Some(name) = header(&settings.user_header).filter(|_| !is_given("auth_user_header")) {
        args.auth_user_header = name;
    }
    set_list(
        &mut args.auth_algorithms,
        is_given("auth_algorithms"),
        "algorithms",
        &settings.algorithms,
        values::algorithm,
    )?;
    set_list(
        &mut args.auth_scopes,
        is_given("auth_scopes"),
        "scopes",
        &settings.scopes,
        values::scope,
    )?;
    set_list(
        &mut args.auth_trust_from,
        is_given("auth_trust_from"),
        "trustFrom",
        &settings.trust_from,
        values::cidr,
    )?;
    let any = |text: &str| Ok(text.to_owned());
    set_list(
        &mut args.auth_audiences,
        is_given("auth_audiences"),
        "audiences",
        &settings.audiences,
        any,
    )?;
    set_list(&mut args.auth_servers, is_given("auth_servers"), "servers", &settings.servers, any)?;
    set_list(
        &mut args.auth_scopes_for,
        is_given("auth_scopes_for"),
        "scopesFor",
        &settings.scopes_for,
        values::scope_rule,
    )?;
    Ok(args)
}

/// Sets a list of options to that of a file, unless one of them is empty or given.
fn set_list<T>(
    setting: &mut Vec<T>,
    is_given: bool,
    key: &str,
    list: &[String],
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<(), Failure> {
    if is_given || list.is_empty() {
        return Ok(());
    }
    let read = |text: &String| read(text).map_err(|why| invalid(key, text, why));
    *setting = list.iter().map(read).collect::<Result<_, _>>()?;
    Ok(())
}

/// Sets an option to a URL of a file, unless it is given.
fn set_url(setting: &mut Option<String>, key: &str, url: Option<&String>) -> Result<(), Failure> {
    if let (None, Some(url)) = (&setting, url) {
        *setting = Some(values::endpoint_url(url).map_err(|why| invalid(key, url, why))?);
    }
    Ok(())
}

fn invalid(key: &str, text: &str, why: String) -> Failure {
    Failure {
        what: format!("invalid value {text:?} in pontoon.auth.{key}"),
        why,
        fix: "correct it in the file of servers".into(),
        code: 1,
    }
}

/// The authentication that several servers share.
#[derive(Debug)]
pub(crate) struct SharedAuth {
    authenticator: Arc<Authenticator>,
    keys: Keys,
    remote: Option<RemoteConfig>,
    args: AuthArgs,
    watch: Watch,
}

impl SharedAuth {
    /// Identifies clients by these keys from now on, and starts the requests to an authorization
    /// server, if there is one. Their failures are logged.
    pub(crate) fn start(&self, log: &Log) -> Result<(), Failure> {
        let log = log.clone();
        let log: pontoon_driver::Log =
            Arc::new(move |event: &Event| log.write(Entry::event(event.clone())));
        let started = self.authenticator.replace(self.keys.clone(), self.remote.as_ref(), &log);
        started.map_err(|error| Failure::cannot_start(&error))
    }

    /// Takes the place of an earlier one, once it is started: also servers that are being drained
    /// have these keys then.
    pub(crate) fn in_place_of(self, old: Option<&SharedAuth>) -> SharedAuth {
        match old {
            Some(old) => SharedAuth { authenticator: old.authenticator.clone(), ..self },
            None => self,
        }
    }

    /// Returns whether there are files to read again when they change.
    pub(crate) fn has_files(&self) -> bool {
        self.args.files().next().is_some()
    }

    /// Returns whether the files have changed, and not again since the last call.
    pub(crate) fn have_files_changed(&mut self) -> bool {
        self.watch.has_changed()
    }

    /// Reads the files again. If they cannot be used, the tokens and keys before stay in use.
    pub(crate) fn reload(&mut self, log: &Log) {
        self.watch.reset();
        let (level, name, message, fields) = match self.try_reload(log) {
            Ok(()) => {
                (Level::Info, "auth_reloaded", "files of authentication read again", Vec::new())
            }
            Err(failure) => {
                let message = "files of authentication cannot be used; those before stay in use";
                let why =
                    vec![("error", failure.what), ("why", failure.why), ("hint", failure.fix)];
                (Level::Error, "auth_reload_failed", message, why)
            }
        };
        log.write(Entry::notice(Notice { level, name, message, fields, words: None }));
    }

    fn try_reload(&mut self, log: &Log) -> Result<(), Failure> {
        let (keys, remote) = (keys(&self.args)?, remote(&self.args)?);
        (self.keys, self.remote) = (keys, remote);
        self.start(log)
    }

    /// Returns the authentication of the only server of an endpoint.
    pub(crate) fn auth_of_only(&self) -> Result<Auth, Failure> {
        self.auth("", self.policy(|initial| ScopePolicy::new(SERVER, initial)))
    }

    /// Returns the authentication of the paths that belong to none of several servers. They have no
    /// operations, and no scopes of other names.
    pub(crate) fn auth_of_site(&self) -> Result<Auth, Failure> {
        let is_own = |scope: &&String| scope.split(':').next() == Some(SITE);
        let policy = self.policy(|initial| {
            let own: Vec<String> = initial.iter().filter(is_own).cloned().collect();
            ScopePolicy::new(SITE, &own)
        });
        self.auth("", policy.with_rules(Vec::new()))
    }

    /// Returns the authentication of one of several servers, given its name and those of all, and
    /// its path below the resource of the options.
    pub(crate) fn auth_of(
        &self,
        server: &str,
        servers: &[&str],
        path: &str,
    ) -> Result<Auth, Failure> {
        let others = [servers, &[SITE]].concat();
        self.auth(path, self.policy(|initial| ScopePolicy::among(server, &others, initial)))
    }

    fn auth(&self, path: &str, scopes: ScopePolicy) -> Result<Auth, Failure> {
        let args = &self.args;
        let url = args.auth_resource.as_deref();
        let url = url.map(|url| format!("{}{path}", url.trim_end_matches('/')));
        Ok(Auth {
            authenticator: self.authenticator.clone(),
            resource: url.map(|url| resource(args, &url)).transpose()?,
            scopes,
        })
    }

    /// Returns the rule about scopes. `checked` creates it from the scopes that a client without a
    /// token is told to ask for.
    fn policy(&self, checked: impl FnOnce(&[String]) -> ScopePolicy) -> ScopePolicy {
        let args = &self.args;
        match is_unchecked(args) {
            true => ScopePolicy::unchecked(),
            false => checked(&args.auth_scopes).with_rules(args.auth_scopes_for.clone()),
        }
    }
}

/// Returns whether scopes are not checked.
fn is_unchecked(args: &AuthArgs) -> bool {
    matches!(&args.auth_scopes[..], [none] if none == "none")
}

/// Returns whether there is a way to identify clients.
fn is_wanted(args: &AuthArgs) -> bool {
    args.auth_token_file.is_some()
        || args.auth_issuer.is_some()
        || args.auth_jwks_file.is_some()
        || args.auth_jwks_url.is_some()
        || args.auth_introspection.is_some()
        || !args.auth_trust_from.is_empty()
}

/// Checks that no setting of authentication is given that would do nothing.
fn check_unused(args: &AuthArgs) -> Result<(), Failure> {
    let unused = [
        ("--auth-audiences", !args.auth_audiences.is_empty()),
        ("--auth-resource", args.auth_resource.is_some()),
        ("--auth-servers", !args.auth_servers.is_empty()),
        ("--auth-scopes", !args.auth_scopes.is_empty()),
        ("--auth-scopes-header", args.auth_scopes_header.is_some()),
        ("--auth-scopes-for", !args.auth_scopes_for.is_empty()),
        ("--auth-introspection-secret", args.auth_introspection_secret.is_some()),
    ];
    match unused.iter().find(|(_, is_given)| *is_given) {
        Some((option, _)) => Err(Failure {
            what: format!("{option} has no effect alone"),
            why: "nothing says how clients prove who they are".into(),
            fix: "give --auth-token-file, --auth-issuer or --auth-trust-from, too".into(),
            code: 2,
        }),
        None => Ok(()),
    }
}

/// Returns the tokens, keys and addresses, with the files read.
pub(crate) fn keys(args: &AuthArgs) -> Result<Keys, Failure> {
    let tokens = args.auth_token_file.as_deref().map(tokens).transpose()?.unwrap_or_default();
    let trusted = (!args.auth_trust_from.is_empty()).then(|| TrustedHeaders {
        user: args.auth_user_header.as_str().into(),
        scopes: args.auth_scopes_header.as_deref().map(Box::from),
        ..TrustedHeaders::from(args.auth_trust_from.clone())
    });
    let jwt = match (&args.auth_jwks_file, keys_url(args)?) {
        (Some(_), Some(_)) => {
            return Err(Failure {
                what: "--auth-jwks-file and --auth-jwks-url are both given".into(),
                why: "the keys of the issuer come from one place".into(),
                fix: "leave one of them out".into(),
                code: 2,
            });
        }
        (Some(path), None) => Some(jwt(args, path)?),
        (None, Some(_)) => Some(fetched_jwt(args)?),
        (None, None) => None,
    };
    Ok(Keys { tokens, jwt, trusted, introspects: args.auth_introspection.is_some() })
}

/// Returns the issuer for an option that needs it, and the URL of the endpoint.
fn issuer_for<'a>(args: &'a AuthArgs, option: &str) -> Result<&'a str, Failure> {
    let missing = |missing: &str, why: &str| Failure {
        what: format!("{option} needs {missing}"),
        why: why.into(),
        fix: format!("give {missing}, too"),
        code: 2,
    };
    let issuer = args.auth_issuer.as_deref();
    let issuer = issuer.ok_or_else(|| missing("--auth-issuer", "tokens of it are accepted"))?;
    match args.auth_resource {
        Some(_) => Ok(issuer),
        None => {
            let why = "a token says in aud for which URL it is, and that must be this endpoint";
            Err(missing("--auth-resource", why))
        }
    }
}

/// Returns the place to fetch the keys of the issuer from, or `None` if they are in a file, or not
/// needed.
fn keys_url(args: &AuthArgs) -> Result<Option<KeysUrl>, Failure> {
    if let Some(url) = &args.auth_jwks_url {
        issuer_for(args, "--auth-jwks-url")?;
        return Ok(Some(KeysUrl::Jwks(url.as_str().into())));
    }
    match &args.auth_issuer {
        Some(_) if args.auth_jwks_file.is_none() && args.auth_introspection.is_none() => {
            Ok(Some(KeysUrl::Issuer(issuer_for(args, "--auth-issuer")?.into())))
        }
        _ => Ok(None),
    }
}

/// Returns what an authorization server is asked for, or `None` if nothing is.
fn remote(args: &AuthArgs) -> Result<Option<RemoteConfig>, Failure> {
    let keys = keys_url(args)?;
    let introspection = match &args.auth_introspection {
        Some(url) => {
            issuer_for(args, "--auth-introspection")?;
            Some(introspection(args, url)?)
        }
        None => None,
    };
    if keys.is_none() && introspection.is_none() {
        return Ok(None);
    }
    let issuer = args.auth_issuer.as_deref().unwrap_or_default().into();
    Ok(Some(RemoteConfig { issuer, keys, introspection }))
}

fn introspection(args: &AuthArgs, url: &str) -> Result<IntrospectionConfig, Failure> {
    let option = "--auth-introspection-secret";
    let bad = |what: String| Failure {
        what,
        why: "the introspection endpoint answers only clients that it knows".into(),
        fix: format!("give {option} a file with the secret of the client"),
        code: 2,
    };
    let path = args.auth_introspection_secret.as_deref();
    let path = path.ok_or_else(|| bad(format!("--auth-introspection needs {option}")))?;
    let secret = read(path, option)?;
    if secret.trim().is_empty() {
        return Err(bad(format!("{} ({option}) is empty", path.display())));
    }
    Ok(IntrospectionConfig {
        url: url.into(),
        client_id: args.auth_introspection_client.as_str().into(),
        client_secret: Secret::new(secret.trim()),
    })
}

fn jwt(args: &AuthArgs, path: &Path) -> Result<JwtSettings, Failure> {
    let issuer = issuer_for(args, "--auth-jwks-file")?;
    let bad = |why: &str, fix: &str| Failure {
        what: format!("the file of keys {} cannot be used", path.display()),
        why: why.into(),
        fix: fix.into(),
        code: 2,
    };
    let keys = JwtKeys::parse(&read(path, "--auth-jwks-file")?)
        .map_err(|why| bad(why, "save what the issuer's jwks_uri returns"))?;
    let algorithms = args.auth_algorithms.clone();
    if algorithms.iter().copied().any(Algorithm::is_symmetric) && !keys.has_symmetric() {
        let why = "--auth-algorithms has one for symmetric keys, and the file has no such key";
        let fix = "add a key of the kind oct, of at least 32 bytes, or remove HS… from the list";
        return Err(bad(why, fix));
    }
    Ok(JwtSettings { issuer: issuer.into(), algorithms, keys, verify: verify_signature })
}

/// Returns the settings of JWTs whose keys are fetched.
fn fetched_jwt(args: &AuthArgs) -> Result<JwtSettings, Failure> {
    let algorithms = args.auth_algorithms.clone();
    if algorithms.iter().copied().any(Algorithm::is_symmetric) {
        return Err(Failure {
            what: "--auth-algorithms has one for symmetric keys, and the keys come from a URL"
                .into(),
            why: "a key that everyone can fetch is no secret".into(),
            fix: "remove HS… from the list, or give --auth-jwks-file a file with that key".into(),
            code: 2,
        });
    }
    let issuer = args.auth_issuer.as_deref().unwrap_or_default().into();
    Ok(JwtSettings { issuer, algorithms, keys: JwtKeys::default(), verify: verify_signature })
}

fn resource(args: &AuthArgs, url: &str) -> Result<Resource, Failure> {
    let resource = Resource::new(url).map_err(|why| Failure {
        what: format!("invalid value {url:?} for --auth-resource"),
        why: why.into(),
        fix: "give the URL that clients are configured with".into(),
        code: 2,
    })?;
    let servers = match &args.auth_servers[..] {
        [] => args.auth_issuer.as_slice(),
        given => given,
    };
    Ok(resource.with_authorization_servers(servers).with_audiences(&args.auth_audiences))
}

fn tokens(path: &Path) -> Result<Vec<StaticToken>, Failure> {
    let text = read(path, "--auth-token-file")?;
    let bad = |why: String| Failure {
        what: format!("the token file {} cannot be used", path.display()),
        why,
        fix: "write a line for each token: NAME, and the output of `printf %s TOKEN | sha256sum`"
            .into(),
        code: 2,
    };
    let tokens = StaticToken::parse_file(&text)
        .map_err(|(line, reason)| bad(format!("line {line}: {reason}")))?;
    match tokens.is_empty() {
        true => Err(bad("it has no token, so that every client would be refused".into())),
        false => Ok(tokens),
    }
}

fn read(path: &Path, option: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure {
        what: format!("cannot read {} ({option})", path.display()),
        why: error.to_string(),
        fix: format!("give {option} a file that this program may read"),
        code: 2,
    })
}

#[cfg(test)]
mod tests;
