use super::*;

#[track_caller]
fn check(pattern: &str, actual: &str) -> Result<Variables, String> {
    let mut known = Variables::default();
    Text::Json(pattern.to_owned()).expect(actual, &mut known).map(|()| known)
}

#[test]
fn objects_are_equal_by_value() {
    check(r#"{"a":1,"b":[true,null]}"#, r#"{"b":[true,null],"a":1}"#).unwrap();
    for other in [r#"{"a":1}"#, r#"{"a":1,"b":2,"c":3}"#, r#"{"a":1,"b":"2"}"#, "[]", "x"] {
        assert!(check(r#"{"a":1,"b":2}"#, other).is_err(), "{other}");
    }
    check(r#"{"a":1,"...":"..."}"#, r#"{"a":1,"c":3}"#).unwrap();
}

#[test]
fn a_name_is_bound_once() {
    let known = check(r#"{"a":$x,"b":"$x","c":$_,"d":$_}"#, r#"{"a":7,"b":7,"c":1,"d":2}"#);
    assert_eq!(known.unwrap().get("x"), Some(&Value::from(7)));
    assert!(check(r#"[$x,$x]"#, r#"[7,"7"]"#).is_err());
    let known = check(r#""at $x of $y""#, r#""at 3 of many""#).unwrap();
    assert_eq!((known.text("x").as_deref(), known.text("y").as_deref()), (Some("3"), Some("many")));
    check(r#""5 $$""#, r#""5 $""#).unwrap();
}

#[test]
fn exact_texts_differ_in_each_byte() {
    let mut known = Variables::default();
    let exact = |pattern: &str| Text::Exact(pattern.to_owned());
    exact(r#"{"id":$id, "a":1}"#).expect(r#"{"id":5, "a":1}"#, &mut known).unwrap();
    assert!(exact(r#"{"id":$id, "a":1}"#).expect(r#"{"id":5,"a":1}"#, &mut known).is_err());
    assert_eq!(known.json(r#"{"id":$id,"s":"$id"}"#), r#"{"id":5,"s":"5"}"#);
}
