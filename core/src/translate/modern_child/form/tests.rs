use super::*;

fn simplified(fields: &str) -> Option<String> {
    let text = format!(
        r#"{{"message":"m","requestedSchema":{{"type":"object","properties":{{{fields}}}}}}}"#
    );
    let mut params = Object::read(text.as_bytes()).unwrap();
    simplify(&mut params)?;
    let told = String::from_utf8(params.write()).unwrap();
    let begin = text.split_once(fields).unwrap();
    Some(told.strip_prefix(begin.0).unwrap().strip_suffix(begin.1).unwrap().to_owned())
}

#[test]
fn plain_fields_stay() {
    let fields = r#""a":{"type":"string","default":"x"},"b":{"type":"integer", "maximum":1e2},"c":{"type":"string","enum":["x"],"enumNames":["X"]}"#;
    assert_eq!(simplified(fields).as_deref(), Some(fields));
}

#[test]
fn titles_of_options_are_listed_beside_the_values() {
    assert_eq!(
        simplified(
            r#""a":{"type":"string","title":"A","oneOf":[{"const":"x","title":"X"},{"const":"y","title":"Y"}],"default":"x"}"#
        )
        .unwrap(),
        r#""a":{"type":"string","title":"A","default":"x","enum":["x","y"],"enumNames":["X","Y"]}"#
    );
}

#[test]
fn several_options_of_one_field_cannot_be_chosen() {
    for field in [
        r#""a":{"type":"array","items":{"type":"string","enum":["x"]}}"#,
        r#""a":{"type":"array","items":{"anyOf":[{"const":"x","title":"X"}]}}"#,
        r#""a":{"type":"string","oneOf":[{"const":"x"}]}"#,
    ] {
        assert_eq!(simplified(field), None, "{field}");
    }
}
