use super::*;

const ALL: [Capability; 5] = [
    Capability::Elicitation,
    Capability::ElicitationUrl,
    Capability::Roots,
    Capability::Sampling,
    Capability::SamplingTools,
];

fn declared(client_capabilities: &str) -> Vec<Capability> {
    let is_declared = |one: &Capability| is_declared(client_capabilities.as_bytes(), *one);
    ALL.into_iter().filter(is_declared).collect()
}

#[test]
fn a_client_can_do_what_it_declares() {
    use Capability::*;
    for (capabilities, can) in [
        ("{}", vec![]),
        ("null", vec![]),
        (r#"{"elicitation":{},"roots":{"listChanged":true}}"#, vec![Elicitation, Roots]),
        (r#"{"elicitation":{"form":{}}}"#, vec![Elicitation]),
        (r#"{"elicitation":{"url":{}}}"#, vec![ElicitationUrl]),
        (r#"{"elicitation":{"url":{},"form":{}}}"#, vec![Elicitation, ElicitationUrl]),
        (r#"{"elicitation":{"url":null}}"#, vec![Elicitation]),
        (r#"{"sampling":{"context":{}}}"#, vec![Sampling]),
        (r#"{"sampling":{"tools":{}}}"#, vec![Sampling, SamplingTools]),
        (r#"{"sampling":null,"elicitation":null,"roots":null}"#, vec![]),
        (r#"{"experimental":{"roots":{}}}"#, vec![]),
    ] {
        assert_eq!(declared(capabilities), can, "{capabilities}");
    }
}

#[test]
fn who_declares_what_is_required_can_do_it() {
    for capability in ALL {
        let required = required(&[capability]);
        assert!(is_declared(&required, capability), "{capability:?}");
    }
    for (some, text) in [
        (&ALL[..], r#"{"elicitation":{"form":{},"url":{}},"roots":{},"sampling":{"tools":{}}}"#),
        (&[Capability::Sampling, Capability::Roots], r#"{"roots":{},"sampling":{}}"#),
        (&[Capability::Elicitation], r#"{"elicitation":{}}"#),
        (&[Capability::ElicitationUrl], r#"{"elicitation":{"url":{}}}"#),
        (&[], "{}"),
    ] {
        assert_eq!(String::from_utf8(required(some)).unwrap(), text);
    }
}
