use super::*;
use crate::env_names::Program;
use crate::values::Assignment;

fn variables(environment: &[(&str, &str)], file: &str) -> Variables {
    Variables::of(environment.iter().map(|(name, value)| (name.into(), value.into())), file)
}

fn parse(file: &str) -> (Vec<(String, String)>, Vec<usize>) {
    let file = EnvFile::parse(Path::new(FILE), file);
    let text = |text: OsString| text.into_string().unwrap();
    let assignments = file.assignments.into_iter().map(|(name, value)| (text(name), text(value)));
    (assignments.collect(), file.malformed)
}

fn said(variables: &Variables, verb: &str, taken: &[&'static str]) -> Vec<(&'static str, String)> {
    let program = Program::of(&["pontoon".into(), verb.into()]);
    let notices = variables.notices(&program, taken);
    notices.into_iter().map(|notice| (notice.name, notice.words.unwrap())).collect()
}

#[test]
fn the_environment_is_worth_more_than_the_file() {
    let both = variables(&[("SECOND", "env")], "FIRST=file\nSECOND=file\n");
    let found = both.first(&["FIRST", "SECOND"]).unwrap();
    assert_eq!((found.name, found.value.to_str()), ("SECOND", Some("env")));
    assert_eq!(found.origin, Origin::Environment);
    let found = both.first(&["FIRST"]).unwrap();
    assert_eq!((found.value.to_str(), found.origin), (Some("file"), Origin::File(Path::new(FILE))));
    assert_eq!(both.first(&["THIRD"]), None);
    assert_eq!(both.first(&[]), None);
}

#[test]
fn names_count_in_their_order() {
    let two = variables(&[("B", "b"), ("A", "a")], "");
    assert_eq!(two.first(&["A", "B"]).unwrap().value, "a");
    assert_eq!(two.first(&["B", "A"]).unwrap().value, "b");
}

#[test]
fn an_empty_variable_is_one_that_is_not_set() {
    let some = variables(&[("A", "")], "A=file\nB=\nB2=''");
    assert_eq!(some.first(&["A"]).unwrap().origin, Origin::File(Path::new(FILE)));
    assert_eq!(some.first(&["B", "B2"]), None);
}

#[test]
fn a_file_is_written_in_the_ways_people_write_it() {
    let file = "\u{20}PLAIN = some words \n\
                export EXPORTED=1\n\
                # COMMENT=1\n\
                \n\
                TAIL=a#b # behind it\n\
                SINGLE='it is # ${HOME} \\n' # c\n\
                DOUBLE=\"a \\\"b\\\" \\\\ \\n#\"\n\
                URL=http://h/?a=b\n\
                CRLF=x\r\n\
                no assignment\n\
                odd-name=1\n\
                =1\n\
                OPEN='rest\n\
                KEY=\"-----BEGIN\nA=b=\n-----END\"\n\
                JUNK='a' b\n\
                LAST=1";
    let wanted = [
        ("PLAIN", "some words"),
        ("EXPORTED", "1"),
        ("TAIL", "a#b"),
        ("SINGLE", "it is # ${HOME} \\n"),
        ("DOUBLE", "a \"b\" \\ \n#"),
        ("URL", "http://h/?a=b"),
        ("CRLF", "x"),
        ("KEY", "-----BEGIN\nA=b=\n-----END"),
        ("LAST", "1"),
    ];
    let wanted = wanted.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let (assignments, malformed) = parse(file);
    assert_eq!(assignments, wanted);
    assert_eq!(malformed, [10, 11, 12, 13, 17]);
    assert_eq!(parse("\u{feff}A=1").0, [("A".to_owned(), "1".to_owned())]);
}

#[test]
fn the_last_assignment_counts() {
    assert_eq!(variables(&[], "A=1\nA=2").first(&["A"]).unwrap().value, "2");
}

#[test]
fn all_of_them_are_each_what_counts() {
    let some = variables(&[("A", "env"), ("B", "")], "A=file\nB=1\nB=2\nC=\n");
    let wanted = [("A", "env"), ("B", "2")];
    assert_eq!(some.all(), wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn a_file_that_is_found_cannot_open_the_endpoint_or_reach_the_command() {
    let guarded = "MCP_BIND_HOST=0.0.0.0\nMCP_ALLOW_HOST=*\nMCP_ALLOW_ORIGIN=https://evil.example\n\
                   MCP_CORS_ORIGINS=https://evil.example\nCORS_ORIGIN=https://evil.example\n\
                   MCP_ECHO_HOST=0.0.0.0\nMCP_ENV=NODE_OPTIONS=--require ./x.js\n\
                   MCP_CHILD_PER=shared\nMCP_BIND_SESSION=none\nLOG_FILE=app.log\n";
    let found = variables(&[], &format!("{guarded}MCP_PORT=1\n"));
    assert_eq!(found.first(&["MCP_PORT"]).unwrap().value, "1");
    for line in guarded.lines() {
        let name: &'static str = line.split('=').next().unwrap().to_owned().leak();
        assert_eq!(found.first(&[name]), None);
    }
    assert_eq!(found.all(), [("MCP_PORT".to_owned(), "1".to_owned())]);
    let said = said(&found, "proxy", &["MCP_PORT"]);
    let names: Vec<_> = said.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["env_file_read", "env_file_passed_over"]);
    assert_eq!(said[0].1, "settings from .env: MCP_PORT");
    let listed = "warning: MCP_BIND_HOST, MCP_ALLOW_HOST, MCP_ALLOW_ORIGIN, MCP_ENV, MCP_CHILD_PER, MCP_BIND_SESSION, \
                  LOG_FILE in .env not used: ";
    assert!(said[1].1.starts_with(listed), "{}", said[1].1);
    assert!(said[1].1.ends_with("--env-file .env") && !said[1].1.contains("evil"));
}

#[test]
fn the_address_of_a_kubernetes_service_is_no_port() {
    let link = "tcp://10.96.12.7:3000";
    let linked = [
        ("MCP_PORT", link),
        ("MCP_SERVICE_HOST", "10.96.12.7"),
        ("MCP_SERVICE_PORT", "3000"),
        ("MCP_SERVICE_PORT_HTTP", "3000"),
        ("MCP_PORT_3000_TCP", link),
        ("MCP_PORT_3000_TCP_ADDR", "10.96.12.7"),
    ];
    let linked = variables(&linked, "");
    assert_eq!(linked.first(&["MCP_PORT"]), None);
    let said = said(&linked, "proxy", &[]);
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0].0, "service_link");
    assert!(said[0].1.contains("MCP_PORT holds the address of a Kubernetes service"), "{said:?}");
}

#[test]
fn a_misspelt_variable_is_named_with_the_one_it_may_mean() {
    let some = [("MCP_PROT", "s3cret"), ("MCP_API_KEY", "s3cret"), ("MCP_ECHO_PORT", "1")];
    let some = variables(&some, "MCP_PORT 3090\nMCP_ALLOW_HOSTS=s3cret\n");
    let said = said(&some, "proxy", &[]);
    let wanted = [
        ("env_file_malformed", "warning: line 1 of .env not used: not NAME=value"),
        (
            "unknown_variable",
            "warning: MCP_ALLOW_HOSTS is not a setting of pontoon\n  hint: did you mean MCP_ALLOW_HOST?",
        ),
        (
            "unknown_variable",
            "warning: MCP_PROT is not a setting of pontoon\n  hint: did you mean MCP_PORT?",
        ),
        ("unknown_variables", "not settings of pontoon: MCP_API_KEY"),
    ];
    assert_eq!(said, wanted.map(|(name, words)| (name, words.to_owned())));
}

#[test]
fn a_variable_for_the_command_that_is_not_set_is_named() {
    let here = variables(&[("KEY", "1")], "ACME_API_KEY=1");
    let named = |name: &str, value: Option<&str>| Assignment {
        name: name.into(),
        value: value.map(Into::into),
    };
    let asked = [
        named("KEY", None),
        named("NEW", Some("1")),
        named("ACME_API_KEY", None),
        named("X", None),
    ];
    let words: Vec<_> = here.unset(&asked).into_iter().map(|it| it.words.unwrap()).collect();
    assert_eq!(words.len(), 2);
    assert!(words[0].contains("ACME_API_KEY is not set"), "{}", words[0]);
    assert!(words[0].ends_with("give --env-file .env"), "{}", words[0]);
    assert!(words[1].ends_with("give --env X=VALUE or --env-file FILE"), "{}", words[1]);
}
