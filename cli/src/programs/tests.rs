use super::*;

fn echo_with(words: &[&str], environment: &[(&str, &str)]) -> Result<Native, Failure> {
    let variables = environment.iter().map(|(name, value)| (name.into(), value.into()));
    let variables = Variables::of(variables, "");
    let words = ["pontoon", "echo"].iter().chain(words).map(OsString::from);
    match parse::parse(words, &variables).unwrap() {
        Verb::Echo(args) => echo(&args, &variables),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_program_is_what_it_is_called() {
    let variables = Variables::default();
    for (program, name, tools) in [
        (Program::Echo, "mcp-echo-streamablehttp-server-stateful", 11),
        (Program::EchoStateless, "mcp-echo-streamablehttp-server-stateless", 9),
        (Program::Calculator, "calculator-learning-demo-stateless", 5),
    ] {
        let server = stdio(program, &variables).unwrap().server;
        assert_eq!((server.catalog().name, server.catalog().tools.len()), (name, tools));
    }
    assert!(echo_with(&[], &[]).unwrap().sessions);
    assert!(!echo_with(&["--stateless"], &[]).unwrap().sessions);
}

#[test]
fn revisions_are_those_that_are_named() {
    let served = |words: &[&str], environment: &[(&str, &str)]| {
        echo_with(words, environment).map(|native| native.revisions.to_vec())
    };
    let [oldest, _, third, ..] = Revision::ALL;
    assert_eq!(served(&[], &[]).unwrap(), Revision::ALL);
    let one = [("MCP_PROTOCOL_VERSION", "2025-06-18")];
    assert_eq!(served(&[], &one).unwrap(), Revision::ALL, "it is only shown");
    let both = [one[0], ("MCP_PROTOCOL_VERSIONS_SUPPORTED", "2025-06-18,2024-11-05")];
    assert_eq!(served(&[], &both).unwrap(), [third, oldest]);
    let failure = served(&["--protocol-versions", "2024-11-05"], &one).unwrap_err();
    assert_eq!((failure.code, failure.what.contains("2025-06-18")), (2, true));
}

#[test]
fn answers_are_packed_where_that_is_asked_for() {
    assert!(!echo_with(&[], &[]).unwrap().packs);
    assert!(echo_with(&[], &[("ECHO_ENABLE_COMPRESSION", "true")]).unwrap().packs);
}

#[test]
fn how_often_sessions_are_looked_through_can_be_set() {
    let native = echo_with(&[], &[("MCP_SESSION_CLEANUP_INTERVAL", "5")]).unwrap();
    assert_eq!(native.sweep_period.as_secs(), 5);
}

#[test]
fn variables_set_up_the_servers_over_stdio() {
    let variables = Variables::of([("SAMPLE_TOOL_NAME".into(), "mine".into())], "");
    let native = stdio(Program::Calculator, &variables).unwrap();
    assert_eq!(native.server.catalog().tools[0].name, "mine");
    let only = "2024-11-05";
    let variables = [("MCP_PROTOCOL_VERSION", only), ("MCP_PROTOCOL_VERSIONS_SUPPORTED", only)];
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let native = stdio(Program::Echo, &Variables::of(variables, "")).unwrap();
    assert_eq!(*native.revisions, [Revision::V2024_11_05]);
}
