use std::os::unix::fs::symlink;

use rcgen::KeyPair;

use super::*;
use crate::args::Verb;
use crate::parse;
use crate::variables::Variables;

/// Writes a certificate and its key into a folder.
fn files(folder: &Path) -> TlsFiles {
    let files = TlsFiles { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
    renew(&files);
    files
}

fn renew(files: &TlsFiles) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    fs::write(&files.cert, made.cert.pem()).unwrap();
    fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
}

fn failure(files: &TlsFiles) -> Failure {
    files.open().expect_err("the files are unusable")
}

#[test]
fn one_option_needs_the_other() {
    let of = |words: &[&str]| {
        let words = ["pontoon", "calculator"].iter().chain(words).map(|word| (*word).into());
        match parse::parse(words, &Variables::default()) {
            Ok(Verb::Calculator(args)) => TlsFiles::of(&args.serving),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(of(&[]), Ok(None));
    let both = TlsFiles { cert: "a".into(), key: "b".into() };
    assert_eq!(of(&["--tls-cert", "a", "--tls-key", "b"]), Ok(Some(both)));
    let failure = of(&["--tls-cert", "a"]).unwrap_err();
    assert_eq!(failure.what, "--tls-cert is given without --tls-key");
    assert_eq!(failure.code, 2);
    let failure = of(&["--tls-key", "b"]).unwrap_err();
    assert_eq!(failure.what, "--tls-key is given without --tls-cert");
}

#[test]
fn failures_name_the_file_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    files.open().expect("a pair");

    let key = fs::read(&files.key).unwrap();
    fs::write(&files.key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let mismatch = failure(&files);
    assert!(mismatch.what.contains("key.pem does not fit the certificate"), "{mismatch}");

    fs::write(&files.key, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n").unwrap();
    let encrypted = failure(&files);
    assert!(encrypted.fix.starts_with("decrypt it: openssl pkey -in /"), "{encrypted}");

    fs::write(&files.key, "nothing").unwrap();
    let nothing = failure(&files);
    assert!(nothing.what.ends_with("key.pem"), "{nothing}");
    assert!(nothing.fix.contains("--tls-key"), "{nothing}");

    fs::write(&files.key, key).unwrap();
    fs::write(&files.cert, "nothing").unwrap();
    let nothing = failure(&files);
    assert!(nothing.what.ends_with("cert.pem"), "{nothing}");
    assert!(nothing.fix.contains("--tls-cert"), "{nothing}");

    fs::remove_file(&files.cert).unwrap();
    let missing = failure(&files);
    assert!(missing.what.starts_with("cannot read the TLS certificate /"), "{missing}");
    assert!(missing.fix.contains("--tls-cert"), "{missing}");
}

#[test]
fn keys_that_all_users_can_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    for (mode, is_exposed) in [(0o600, false), (0o640, false), (0o644, true)] {
        fs::set_permissions(&files.key, fs::Permissions::from_mode(mode)).unwrap();
        let exposed = files.exposed();
        assert_eq!(exposed.is_some(), is_exposed, "{mode:o}");
        if let Some(notice) = exposed {
            assert_eq!(notice.level, Level::Warning);
            assert!(notice.fields[0].1.ends_with("key.pem"));
        }
    }
}

#[test]
fn every_kind_of_replacement_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    let mut watch = files.files();
    let mut is_new = |how: &str| {
        assert!(!watch.has_changed(), "{how}: it may change again");
        assert!(watch.has_changed(), "{how}");
        assert!(!watch.has_changed(), "{how}: once");
    };
    fs::write(&files.cert, "longer").unwrap();
    is_new("written in place");
    fs::write(folder.path().join("next"), "longer").unwrap();
    fs::rename(folder.path().join("next"), &files.cert).unwrap();
    is_new("replaced by one of the same length");
    symlink("key.pem", folder.path().join("next")).unwrap();
    fs::rename(folder.path().join("next"), &files.cert).unwrap();
    is_new("replaced by a link");
    fs::remove_file(&files.key).unwrap();
    is_new("removed");
}
