use proptest::prelude::*;

use super::*;

fn charset(text: &str) -> Option<Vec<Vec<u8>>> {
    let media = Media::parse(text.as_bytes())?;
    Some(media.parameters("charset").map(<[u8]>::to_vec).collect())
}

#[test]
fn a_media_type_is_read_in_any_case() {
    let media = Media::parse(b" Application/JSON ").unwrap();
    assert!(media.is("application", "json"));
    assert!(!media.is("application", "jsonfoo"));
    assert!(!media.is("text", "json"));
}

#[test]
fn parameters_are_tokens_or_quoted_strings() {
    assert_eq!(charset("a/b"), Some(vec![]));
    assert_eq!(charset("a/b;charset=x"), Some(vec![b"x".to_vec()]));
    assert_eq!(charset("a/b ; CharSet=x ;; q=1;"), Some(vec![b"x".to_vec()]));
    assert_eq!(charset(r#"a/b; charset="x, \"y\"""#), Some(vec![br#"x, "y""#.to_vec()]));
    assert_eq!(charset("a/b;charset=x;charset=y").unwrap().len(), 2);
}

#[test]
fn malformed_media_types_are_none() {
    for text in [
        "",
        "/",
        "a",
        "a/",
        "/b",
        "a /b",
        "a/ b",
        "a/b c",
        "a/b,",
        "a/b;c",
        "a/b;c=",
        "a/b;=d",
        "a/b;c =d",
        "a/b;c= d",
        "a/b;c=\"d",
        "a/b;c=\"d\\",
        "a/b;c=\"d\"e",
        "a/b\0",
        "ä/b",
    ] {
        assert!(Media::parse(text.as_bytes()).is_none(), "{text:?}");
    }
}

#[test]
fn a_list_is_split_at_commas_outside_quotes() {
    let split = |list: &str| -> Vec<String> {
        members(list.as_bytes()).map(|m| String::from_utf8(m.to_vec()).unwrap()).collect()
    };
    assert_eq!(split(""), [""; 0]);
    assert_eq!(split(" , ,"), [""; 0]);
    assert_eq!(split("a/b,c/d , e/f"), ["a/b", "c/d", "e/f"]);
    assert_eq!(split(r#"a/b;c="x,\",y", d"#), [r#"a/b;c="x,\",y""#, "d"]);
    assert_eq!(split(r#"a\,b"#), [r"a\", "b"]);
    assert_eq!(split(r#"a/b;c="x, d"#), [r#"a/b;c="x, d"#]);
}

proptest! {
    #[test]
    fn nothing_panics(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        for member in members(&text) {
            let _ = Media::parse(member);
        }
    }

    #[test]
    fn quoting_changes_nothing(value in "[ -~]{0,20}") {
        let escaped = value.replace('\\', r"\\").replace('"', "\\\"");
        let text = format!("a/b;x=1;charset=\"{escaped}\" , c/d");
        let all: Vec<_> = members(text.as_bytes()).collect();
        prop_assert_eq!(all.len(), 2);
        let media = Media::parse(all[0]).unwrap();
        prop_assert_eq!(media.parameters("charset").collect::<Vec<_>>(), [value.as_bytes()]);
    }
}
