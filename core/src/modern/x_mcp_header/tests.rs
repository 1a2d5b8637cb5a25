use proptest::prelude::*;
use serde_json::json;

use super::*;

fn params(schema: Value) -> HeaderParams {
    HeaderParams::of(&schema).unwrap()
}

fn why(schema: Value) -> Option<Invalid> {
    HeaderParams::of(&schema).err()
}

/// Annotates `region`, `where.row` and `loud`.
fn tool() -> HeaderParams {
    params(json!({
        "type": "object",
        "properties": {
            "region": { "type": "string", "x-mcp-header": "Region" },
            "where": {
                "properties": { "row": { "type": "integer", "x-mcp-header": "ROW" } }
            },
            "loud": { "type": "boolean", "x-mcp-header": "loud" },
            "query": { "type": "string" },
        },
    }))
}

fn is_taken(params: &HeaderParams, arguments: &str, headers: &[(&str, &str)]) -> bool {
    match params.check(Some(arguments.as_bytes()), headers) {
        Ok(()) => true,
        Err(reject) => {
            assert_eq!(reject, Reject::HeaderMismatch(MirroredValue::Argument));
            false
        }
    }
}

#[test]
fn a_schema_without_annotations_mirrors_nothing() {
    for schema in [
        json!({}),
        json!(true),
        json!(null),
        json!({ "type": "object", "properties": { "x": { "type": "string" } } }),
        // Data that looks like an annotation, a property of its name, and an unknown keyword.
        json!({ "default": { "x-mcp-header": "" }, "enum": [{ "x-mcp-header": 1 }] }),
        json!({ "const": { "properties": { "x": { "x-mcp-header": "" } } }, "examples": [{}] }),
        json!({ "properties": { "x-mcp-header": { "type": "array" } } }),
        json!({ "x-more": { "x-mcp-header": "" }, "required": ["x-mcp-header"] }),
        json!({ "properties": [{ "x": 1 }], "items": "x", "allOf": 1, "$defs": [] }),
    ] {
        assert_eq!(HeaderParams::of(&schema), Ok(HeaderParams::default()), "{schema}");
        assert!(params(schema).check::<&str, &str>(None, &[]).is_ok());
    }
}

#[test]
fn every_way_to_annotate_wrongly_is_told() {
    let on = |kind: &str, name: Value| json!({ "type": kind, "x-mcp-header": name });
    let one = |schema: Value| json!({ "type": "object", "properties": { "x": schema } });
    let good = || on("string", json!("Name"));
    let several = |first: &str, second: &str| {
        let (first, second) = (on("string", json!(first)), on("integer", json!(second)));
        json!({ "properties": { "x": first, "y": { "properties": { "z": second } } } })
    };
    let table = [
        (None, one(good())),
        (None, one(on("integer", json!("Name")))),
        (None, one(on("boolean", json!("!#$%&'*+-.^_`|~09azAZ")))),
        (None, several("Name", "Name2")),
        (None, one(json!({ "$ref": "#/$defs/x", "type": "string", "x-mcp-header": "Name" }))),
        (
            None,
            one(json!({ "properties": { "items": good(), "x-mcp-header": { "type": "null" } } })),
        ),
        (Some(Invalid::Duplicate), several("Name", "Name")),
        (Some(Invalid::Duplicate), several("MyField", "myfield")),
        (Some(Invalid::Empty), one(on("string", json!("")))),
        (Some(Invalid::NotAToken), one(on("string", json!("My Region")))),
        (Some(Invalid::NotAToken), one(on("string", json!("Region:Primary")))),
        (Some(Invalid::NotAToken), one(on("string", json!("Région")))),
        (Some(Invalid::NotAToken), one(on("string", json!("Region\t1")))),
        (Some(Invalid::NotAToken), one(on("string", json!("Region\r\n")))),
        (Some(Invalid::NotAToken), one(on("string", json!(["Name"])))),
        (Some(Invalid::NotAToken), one(on("string", json!(null)))),
        (Some(Invalid::NotPrimitive), one(on("number", json!("Name")))),
        (Some(Invalid::NotPrimitive), one(on("object", json!("Name")))),
        (Some(Invalid::NotPrimitive), one(on("array", json!("Name")))),
        (Some(Invalid::NotPrimitive), one(on("null", json!("Name")))),
        (Some(Invalid::NotPrimitive), one(json!({ "x-mcp-header": "Name" }))),
        (Some(Invalid::NotPrimitive), one(json!({ "$ref": "#/$defs/x", "x-mcp-header": "Name" }))),
        (
            Some(Invalid::NotPrimitive),
            one(json!({ "type": ["string", "null"], "x-mcp-header": "Name" })),
        ),
        (Some(Invalid::Unreachable), good()),
        (Some(Invalid::Unreachable), json!({ "items": good() })),
        (Some(Invalid::Unreachable), one(json!({ "type": "array", "items": one(good()) }))),
        (Some(Invalid::Unreachable), json!({ "properties": { "x": good() }, "not": one(good()) })),
    ];
    for (expected, schema) in table {
        assert_eq!(why(schema.clone()), expected, "{schema}");
    }
}

#[test]
fn nothing_but_properties_leads_to_an_annotation() {
    let good = json!({ "properties": { "x": { "type": "string", "x-mcp-header": "Name" } } });
    for keyword in [
        "additionalItems",
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    ] {
        assert_eq!(why(json!({ keyword: good })), Some(Invalid::Unreachable), "{keyword}");
    }
    for keyword in ["allOf", "anyOf", "items", "oneOf", "prefixItems"] {
        let schema = json!({ "properties": { "y": { keyword: [true, good] } } });
        assert_eq!(why(schema), Some(Invalid::Unreachable), "{keyword}");
    }
    for keyword in ["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties"]
    {
        let schema = json!({ keyword: { "a": ["b"], "properties": good } });
        assert_eq!(why(schema), Some(Invalid::Unreachable), "{keyword}");
    }
}

#[test]
fn a_call_repeats_what_it_says() {
    let all = r#"{"region":"us west","where":{"row":42},"loud":false,"query":"x"}"#;
    let headers = [("region", "us west"), ("row", "42"), ("loud", "false")];
    assert!(is_taken(&tool(), all, &headers));
    assert!(is_taken(&tool(), all, &[headers[2], headers[0], ("row", "42.0")]));
    assert!(is_taken(&tool(), all, &[headers[0], headers[1], headers[2], ("other", "\u{1}")]));
    assert!(is_taken(&tool(), r#"{"region":"é"}"#, &[("region", "=?base64?w6k=?=")]));
    assert!(is_taken(&tool(), r#" {"r\u0065gion" : "a" }"#, &[("region", " a ")]));
    for missing in 0..3 {
        let mut headers = headers.to_vec();
        headers.remove(missing);
        assert!(!is_taken(&tool(), all, &headers), "{headers:?}");
    }
    for (name, wrong) in [("region", "us-west"), ("row", "43"), ("loud", "true"), ("row", "é")] {
        let headers = headers.map(|header| if header.0 == name { (name, wrong) } else { header });
        assert!(!is_taken(&tool(), all, &headers), "{name}: {wrong}");
    }
}

#[test]
fn what_has_no_value_has_no_header() {
    for arguments in [
        "{}",
        r#"{"region":null,"where":{"row":null},"loud":null}"#,
        r#"{"where":null}"#,
        r#"{"where":"row"}"#,
        r#"{"where":[{"row":1}],"row":1,"Region":"a"}"#,
        r#"{"region":["a"],"loud":{"a":true}}"#,
        "[]",
        "null",
        "",
    ] {
        assert!(is_taken(&tool(), arguments, &[]), "{arguments}");
        for header in [("region", ""), ("row", "1"), ("loud", "null"), ("region", "a")] {
            assert!(!is_taken(&tool(), arguments, &[header]), "{arguments} {header:?}");
        }
    }
    assert!(tool().check::<&str, &str>(None, &[]).is_ok());
    assert!(tool().check(None, &[("region", "a")]).is_err());
}

#[test]
fn what_can_be_read_in_two_ways_is_refused() {
    let region = r#"{"region":"a"}"#;
    assert!(!is_taken(&tool(), region, &[("region", "a"), ("region", "a")]));
    assert!(!is_taken(&tool(), region, &[("region", "a"), ("region", "b")]));
    for twice in [
        r#"{"region":"a","region":"a"}"#,
        r#"{"region":"a","regio\u006e":"b"}"#,
        r#"{"where":{},"where":{"row":1}}"#,
    ] {
        for headers in [&[("region", "a")][..], &[("row", "1")], &[]] {
            assert!(!is_taken(&tool(), twice, headers), "{twice} {headers:?}");
        }
    }
}

#[test]
fn a_header_is_compared_with_what_is_there_whatever_the_schema_wants() {
    assert!(is_taken(&tool(), r#"{"region":5}"#, &[("region", "5")]));
    assert!(!is_taken(&tool(), r#"{"region":5}"#, &[]));
    assert!(is_taken(&tool(), r#"{"loud":"yes"}"#, &[("loud", "yes")]));
}

#[test]
fn a_page_without_annotations_is_left_alone() {
    for result in [
        r#"{"tools":[{"name":"a","inputSchema":{"type":"object"}}]}"#,
        r#"{"tools":[]}"#,
        r#"{"tools":[{"name":"x-mcp-header"},7,null,{"name":1,"inputSchema":{}}]}"#,
        r#"{"tools":{"x-mcp-header":1}}"#,
        r#"{"x-mcp-header":[]}"#,
        r#"["x-mcp-header"]"#,
        "x-mcp-header",
        "",
    ] {
        assert_eq!(read_tools_page(result.as_bytes()), ToolsPage::default(), "{result}");
    }
}

#[test]
fn annotations_that_are_wrong_are_taken_out_and_nothing_else() {
    let good = r#"{ "name":"good" , "inputSchema":{"properties":{"x":{"type":"string", "x-mcp-header":"X"}}} }"#;
    let plain = r#"{"name":"plain","inputSchema":{ "const":1e400 }}"#;
    let bad = r#"{"inputSchema": {"properties":{"b":{"x-mcp-header":"B","type":"number"},"x-mcp-header":{"type":"string","x-mcp-header":"A"}},"$defs":{"c":{"x-mcp-header":"C"}},"anyOf":[{"x-mcp-header":"D"}],"default":{"x-mcp-header":"E"},"not":{"x-mcp-header":"F"}}, "name":"b\u0061d"}"#;
    let stripped = r#"{"inputSchema": {"properties":{"b":{"type":"number"},"x-mcp-header":{"type":"string"}},"$defs":{"c":{}},"anyOf":[{}],"default":{"x-mcp-header":"E"},"not":{}}, "name":"b\u0061d"}"#;
    let escaped = r#"{"name":"escaped","inputSchema":{"x\u002dmcp-header":"X"}}"#;
    let page = |bad, escaped| {
        format!(r#"{{ "nextCursor":"x", "tools": [{bad} ,{good},{plain}, {escaped}] ,"ttlMs":0 }}"#)
    };
    let ToolsPage { mirrored, invalid, rewritten } = read_tools_page(page(bad, escaped).as_bytes());
    let rewritten = String::from_utf8(rewritten.unwrap()).unwrap();
    assert_eq!(rewritten, page(stripped, r#"{"name":"escaped","inputSchema":{}}"#));
    let why = |name: &str, why| (name.to_owned(), why);
    assert_eq!(invalid, [why("bad", Invalid::NotPrimitive), why("escaped", Invalid::Unreachable)]);
    let [(name, params)] = &mirrored[..] else { panic!("{mirrored:?}") };
    assert_eq!(name, "good");
    assert!(params.check(Some(br#"{"x":"1"}"#), &[("x", "1")]).is_ok());
    assert_eq!(
        read_tools_page(rewritten.as_bytes()),
        ToolsPage { mirrored, ..ToolsPage::default() }
    );
}

#[test]
fn a_page_with_good_annotations_stays_as_it_is() {
    let result = r#"{"tools":[{"name":"a","inputSchema":{"properties":{"x":{"type":"string","x-mcp-header":"X"}}}}]}"#;
    let listed = read_tools_page(result.as_bytes());
    assert_eq!((listed.mirrored.len(), listed.rewritten), (1, None));
}

/// A schema of annotated properties, nested, and the paths to them; names are unique.
fn schema() -> impl Strategy<Value = Value> {
    let leaf = (prop::sample::select(vec!["string", "integer", "boolean"]), any::<bool>());
    let leaf = leaf.prop_map(|(kind, is_mirrored)| match is_mirrored {
        true => json!({ "type": kind, "x-mcp-header": "?" }),
        false => json!({ "type": kind }),
    });
    let object = |inner| {
        prop::collection::btree_map("[ab\"\\\\é]{0,2}", inner, 0..4).prop_map(
            |properties| json!({ "properties": properties.into_iter().collect::<Map<_, _>>() }),
        )
    };
    object(leaf.prop_recursive(3, 12, 4, object).boxed())
}

/// Gives every annotation a unique name, and collects the paths.
fn name(schema: &mut Value, path: &str, paths: &mut Vec<String>) {
    if let Some(annotation) = schema.get_mut(ANNOTATION) {
        *annotation = format!("H{}", paths.len()).into();
        paths.push(path.to_owned());
    }
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (key, property) in properties.into_iter().flatten() {
        name(property, &format!("{path}/{key}"), paths);
    }
}

fn argument() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..3).prop_map(Value::from),
        "[ab é]{0,2}".prop_map(Value::from),
        Just(json!([1])),
    ];
    let object = |inner| {
        prop::collection::btree_map("[ab\"\\\\é]{0,2}", inner, 0..4)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    };
    object(scalar.prop_recursive(3, 12, 4, object).boxed())
}

/// Returns the headers a client must send: one for each path with a value (RFC 6901 finds it).
fn headers(paths: &[String], arguments: &Value) -> Vec<(String, String)> {
    let header = |(number, path): (usize, &String)| {
        let text = match arguments.pointer(path)? {
            Value::String(text) => text.clone(),
            scalar @ (Value::Bool(_) | Value::Number(_)) => scalar.to_string(),
            _ => return None,
        };
        Some((format!("h{number}"), field::encode(&text).into_owned()))
    };
    paths.iter().enumerate().filter_map(header).collect()
}

proptest! {
    #[test]
    fn what_a_client_has_to_send_is_taken_and_nothing_else(
        mut schema in schema(),
        arguments in argument(),
        at: prop::sample::Index,
    ) {
        let mut paths = Vec::new();
        name(&mut schema, "", &mut paths);
        let params = params(schema);
        prop_assert_eq!(params.is_empty(), paths.is_empty());
        let arguments_text = arguments.to_string();
        let check = |headers: &[_]| params.check(Some(arguments_text.as_bytes()), headers).is_ok();
        let headers = headers(&paths, &arguments);
        prop_assert!(check(&headers), "{headers:?}");
        for left_out in 0..headers.len() {
            let mut fewer = headers.clone();
            fewer.remove(left_out);
            prop_assert!(!check(&fewer), "{fewer:?}");
        }
        if !paths.is_empty() {
            let one_more = (format!("h{}", at.index(paths.len())), "x".to_owned());
            prop_assert!(!check(&[&headers[..], &[one_more]].concat()));
        }
    }

    #[test]
    fn no_text_is_too_strange(text: String, noise in "[{}\\[\\]:,\"a1nul ]{0,20}") {
        for text in [text, noise] {
            let page = format!(r#"{{"tools":[{text}],"x-mcp-header":[{text}]}}"#);
            for text in [&text, &page] {
                let _ = tool().check(Some(text.as_bytes()), &[("region", text)]);
                read_tools_page(text.as_bytes());
            }
        }
    }
}
