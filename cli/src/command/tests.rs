use super::*;

fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn assignment(name: &str, value: Option<&str>) -> Assignment {
    Assignment { name: name.into(), value: value.map(Into::into) }
}

#[test]
fn the_environment_is_inherited_unless_something_else_is_asked_for() {
    let here = variables(&[("PATH", "/bin"), ("TOKEN", "secret"), ("LC_ALL", "C"), ("LCX", "x")]);
    let of = |clean, assignments: &[Assignment]| {
        environment(here.clone().into_iter(), clean, assignments, &Variables::default())
    };
    assert_eq!(of(false, &[]), None);
    assert_eq!(of(false, &[assignment("TOKEN", None)]), None);
    let mut more = here.clone();
    more.retain(|(name, _)| name != "TOKEN");
    more.extend(variables(&[("TOKEN", "other")]));
    assert_eq!(of(false, &[assignment("TOKEN", Some("other"))]), Some(more));
    let clean = variables(&[("PATH", "/bin"), ("LC_ALL", "C")]);
    assert_eq!(of(true, &[]), Some(clean.clone()));
    let passed = variables(&[("PATH", "/bin"), ("TOKEN", "secret"), ("LC_ALL", "C")]);
    let asked = [assignment("TOKEN", None), assignment("UNSET", None)];
    assert_eq!(of(true, &asked), Some(passed));
    let mut set = clean;
    set.extend(variables(&[("NEW", "1")]));
    assert_eq!(of(true, &[assignment("NEW", Some("1"))]), Some(set));
}

#[test]
fn a_named_file_reaches_the_command_and_what_is_set_here_overrides_it() {
    let file = env::temp_dir().join(format!("pontoon-command-{}.env", std::process::id()));
    fs::write(&file, "TOKEN=file\nKEY=first\nKEY=second\n").unwrap();
    let named = Variables::read(std::slice::from_ref(&file)).unwrap();
    fs::remove_file(file).unwrap();
    let here = variables(&[("PATH", "/bin"), ("TOKEN", "here")]);
    let of = |clean, assignments: &[Assignment]| {
        let env = environment(here.clone().into_iter(), clean, assignments, &named);
        env.unwrap().into_iter().filter(|(name, _)| name != "PATH").collect::<Vec<_>>()
    };
    assert_eq!(of(false, &[]), variables(&[("TOKEN", "here"), ("KEY", "second")]));
    assert_eq!(of(true, &[]), variables(&[("TOKEN", "file"), ("KEY", "second")]));
    let asked = [assignment("KEY", Some("asked"))];
    assert_eq!(of(false, &asked), variables(&[("TOKEN", "here"), ("KEY", "asked")]));
}

#[test]
fn programs_are_found_as_a_shell_finds_them() {
    let path = Some(OsStr::new("/nonexistent:/bin:/usr/bin"));
    let found = find(OsStr::new("sh"), path).unwrap();
    assert!(found.ends_with("sh") && found.is_absolute(), "{found:?}");
    assert_eq!(find(OsStr::new("sh"), Some(OsStr::new("/nonexistent"))), Err(Missing::InPath));
    assert_eq!(find(OsStr::new(""), path), Err(Missing::InPath));
    assert_eq!(find(OsStr::new("./no-such-file"), path), Err(Missing::File));
    assert_eq!(find(OsStr::new("/tmp"), path), Err(Missing::Folder("/tmp".into())));
    let plain = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    assert_eq!(find(OsStr::new(plain), path), Err(Missing::NotExecutable(plain.into())));
    let folder = OsStr::new(env!("CARGO_MANIFEST_DIR"));
    let plain = Missing::NotExecutable(plain.into());
    assert_eq!(find(OsStr::new("Cargo.toml"), Some(folder)), Err(plain));
}

#[test]
fn without_a_command_this_program_is_wrapped() {
    let spec = resolve(&[], false, &[], &Variables::default()).unwrap();
    assert_eq!(Path::new(&spec.program), env::current_exe().unwrap());
    assert_eq!(spec.args, ["stdio", "echo"]);
}

#[test]
fn commands_are_shown_ready_to_paste() {
    let words = ["sh", "-c", "echo 'hi' $X", "", "a/b.c:d@1", "--k=v"].map(OsString::from);
    let spec =
        ChildSpec { program: words[0].clone(), args: words[1..].to_vec(), env: None, cwd: None };
    assert_eq!(shown(&spec), r"sh -c 'echo '\''hi'\'' $X' '' a/b.c:d@1 --k=v");
}
