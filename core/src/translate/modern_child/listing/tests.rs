use super::*;

fn told(list: impl Fn(&mut Object<'_>, Revision), text: &str, revision: Revision) -> String {
    let mut result = Object::read(text.as_bytes()).unwrap();
    list(&mut result, revision);
    String::from_utf8(result.write()).unwrap()
}

const TOOL: &str = r#"{"tools":[{"name":"t","title":"T","icons":[],"annotations":{},"inputSchema":{"type":"object","properties":{"n":{"minimum":0.50}}},"outputSchema":{"type":"object"},"x":1.0}],"nextCursor":"n"}"#;

#[test]
fn a_tool_keeps_what_its_revision_has() {
    assert_eq!(told(tools, TOOL, Revision::V2025_11_25), TOOL);
    assert_eq!(told(tools, TOOL, Revision::V2025_06_18), TOOL.replace(r#","icons":[]"#, ""));
    let without = TOOL
        .replace(r#","title":"T","icons":[]"#, "")
        .replace(r#","outputSchema":{"type":"object"}"#, "");
    assert_eq!(told(tools, TOOL, Revision::V2025_03_26), without);
    assert_eq!(
        told(tools, TOOL, Revision::V2024_11_05),
        without.replace(r#","annotations":{}"#, "")
    );
}

#[test]
fn an_output_that_need_not_be_an_object_has_no_schema() {
    for schema in [r#"{"type":"array"}"#, r#"{"oneOf":[]}"#, "true"] {
        let text = format!(r#"{{"tools":[{{"name":"t","outputSchema":{schema}}}]}}"#);
        assert_eq!(told(tools, &text, Revision::V2025_11_25), r#"{"tools":[{"name":"t"}]}"#);
    }
}

#[test]
fn a_schema_that_is_true_or_false_becomes_an_object() {
    assert_eq!(
        told(
            tools,
            r#"{"tools":[{"inputSchema":{"type":"object","properties":{"a":true,"b":false,"c":{"default":true}}}}]}"#,
            Revision::V2025_11_25
        ),
        r#"{"tools":[{"inputSchema":{"type":"object","properties":{"a":{},"b":{"not":{}},"c":{"default":true}}}}]}"#
    );
}

#[test]
fn prompts_and_resources_keep_what_their_revision_has() {
    let prompt = r#"{"prompts":[{"name":"p","title":"P","icons":[],"arguments":[{"name":"a","title":"A"}]}]}"#;
    assert_eq!(told(prompts, prompt, Revision::V2025_11_25), prompt);
    assert_eq!(told(prompts, prompt, Revision::V2025_06_18), prompt.replace(r#","icons":[]"#, ""));
    assert_eq!(
        told(prompts, prompt, Revision::V2025_03_26),
        r#"{"prompts":[{"name":"p","arguments":[{"name":"a"}]}]}"#
    );
    let resource = r#"{"resources":[{"uri":"a:b","name":"r","title":"R","icons":[],"size":1}]}"#;
    let resources = |result: &mut Object<'_>, revision| plain(result, "resources", revision);
    assert_eq!(told(resources, resource, Revision::V2025_11_25), resource);
    assert_eq!(
        told(resources, resource, Revision::V2025_03_26),
        r#"{"resources":[{"uri":"a:b","name":"r","size":1}]}"#
    );
}

#[test]
fn what_is_no_list_stays() {
    for text in [r#"{"tools":null}"#, r#"{"tools":[1,"a"]}"#, "{}"] {
        assert_eq!(told(tools, text, Revision::V2024_11_05), text);
    }
}
