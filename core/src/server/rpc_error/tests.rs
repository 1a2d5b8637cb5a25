use serde_json::json;

use super::*;

#[test]
fn who_lacks_both_ways_of_elicitation_is_told_both() {
    let form = Question::new("f", "elicitation/create", json!({}));
    let page = Question::new("p", "elicitation/create", json!({"mode": "url"}));
    let roots = Question::new("r", "roots/list", json!({}));
    let data = RpcError::missing_answers(&[form, page, roots]).data;
    let required = json!({"elicitation": {"form": {}, "url": {}}, "roots": {}});
    assert_eq!(data, Some(json!({ "requiredCapabilities": required })));
}
