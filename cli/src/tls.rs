//! The files of `--tls-cert` and `--tls-key`: read at the start, and again when they change.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use pontoon_core::Level;
use pontoon_driver::tls::{Identity, IdentityError, Tls};

use crate::args::ServingArgs;
use crate::errors::Failure;
use crate::log::{Entry, Log, Notice};
use crate::stamps::Watch;

/// The files of a certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
}

impl TlsFiles {
    /// Returns the files that the options name; `None` without TLS.
    pub(crate) fn of(args: &ServingArgs) -> Result<Option<TlsFiles>, Failure> {
        let (given, missing) = match (&args.tls_cert, &args.tls_key) {
            (None, None) => return Ok(None),
            (Some(cert), Some(key)) => {
                return Ok(Some(TlsFiles { cert: cert.clone(), key: key.clone() }));
            }
            (Some(_), None) => ("--tls-cert", "--tls-key"),
            (None, Some(_)) => ("--tls-key", "--tls-cert"),
        };
        Err(Failure {
            what: format!("{given} is given without {missing}"),
            why: "TLS needs a certificate and its private key".into(),
            fix: format!("give {missing} FILE too, or leave {given} out"),
            code: 2,
        })
    }

    /// Reads the files, and returns the settings of TLS with them.
    pub(crate) fn open(&self) -> Result<Tls, Failure> {
        self.read().map(Tls::new)
    }

    fn read(&self) -> Result<Identity, Failure> {
        let (cert, key) =
            (read(&self.cert, "cert", "certificate")?, read(&self.key, "key", "key")?);
        Identity::from_pem(&cert, &key).map_err(|error| self.unusable(&error))
    }

    fn unusable(&self, error: &IdentityError) -> Failure {
        let (cert, key) = (self.cert.display(), self.key.display());
        let (what, fix) = match error {
            IdentityError::Certificate(_) => (
                format!("cannot use the TLS certificate {cert}"),
                "give --tls-cert a PEM file: the server's certificate, then those of its issuers"
                    .to_owned(),
            ),
            IdentityError::Key(_) => (
                format!("cannot use the TLS key {key}"),
                "give --tls-key a PEM file with a private key in PKCS#8, SEC1 or PKCS#1".to_owned(),
            ),
            IdentityError::EncryptedKey => (
                format!("cannot use the TLS key {key}"),
                format!("decrypt it: openssl pkey -in {key} -out FILE; and give --tls-key FILE"),
            ),
            IdentityError::Mismatch => (
                format!("the TLS key {key} does not fit the certificate {cert}"),
                "give --tls-cert and --tls-key files of one pair; the server's own certificate must \
                 be the first of its file"
                    .to_owned(),
            ),
        };
        Failure { what, why: error.to_string(), fix, code: 2 }
    }

    /// Warns if all users of this machine can read the key.
    pub(crate) fn exposed(&self) -> Option<Notice> {
        let mode = fs::metadata(&self.key).ok()?.permissions().mode();
        (mode & READABLE_BY_OTHERS != 0).then(|| Notice {
            level: Level::Warning,
            name: "tls_key_exposed",
            message: "every user of this machine can read the TLS key: chmod 600 FILE",
            fields: vec![("file", self.key.display().to_string())],
            words: None,
        })
    }

    /// Reads the files again when they change, and whenever `reloads` receives something. If they
    /// cannot be used, the certificate before stays in use.
    pub(crate) fn watch(self, tls: Tls, log: Log, reloads: Receiver<()>) -> io::Result<()> {
        let watch = move || {
            let mut files = self.files();
            loop {
                let is_told = match reloads.recv_timeout(CHECK_PERIOD) {
                    Ok(()) => true,
                    Err(RecvTimeoutError::Timeout) => false,
                    Err(RecvTimeoutError::Disconnected) => {
                        thread::sleep(CHECK_PERIOD);
                        false
                    }
                };
                // The files are not replaced at the same time, so a change is awaited to its end.
                if is_told || files.has_changed() {
                    files.reset();
                    log.write(Entry::notice(self.reload(&tls)));
                }
            }
        };
        thread::Builder::new().name("tls-files".into()).spawn(watch).map(drop)
    }

    fn reload(&self, tls: &Tls) -> Notice {
        let (level, name, message, mut fields) = match self.read() {
            Ok(identity) => {
                tls.replace(identity);
                (Level::Info, "tls_reloaded", "TLS certificate read again", Vec::new())
            }
            Err(failure) => {
                let message = "TLS certificate cannot be used; the one before stays in use";
                let why =
                    vec![("error", failure.what), ("why", failure.why), ("hint", failure.fix)];
                (Level::Error, "tls_reload_failed", message, why)
            }
        };
        fields.insert(0, ("file", self.cert.display().to_string()));
        Notice { level, name, message, fields, words: None }
    }

    fn files(&self) -> Watch {
        Watch::of(vec![self.cert.clone(), self.key.clone()])
    }
}

fn read(path: &Path, option: &str, what: &str) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure {
        what: format!("cannot read the TLS {what} {}", path.display()),
        why: error.to_string(),
        fix: format!("give --tls-{option} a PEM file that this user can read"),
        code: 2,
    })
}

const READABLE_BY_OTHERS: u32 = 0o004;

/// The time between two looks at the files.
const CHECK_PERIOD: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
