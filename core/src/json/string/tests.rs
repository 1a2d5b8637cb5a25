use super::*;

fn unescaped(raw: &str) -> String {
    String::from_utf8(unescape(raw.as_bytes()).into_owned()).unwrap()
}

#[test]
fn escapes_are_resolved() {
    assert_eq!(unescaped(r#"\"\\\/\b\f\n\r\t"#), "\"\\/\u{8}\u{c}\n\r\t");
    assert_eq!(unescaped(r"tools\/call"), "tools/call");
    assert_eq!(unescaped(r"\u0041\u00e9\u20AC"), "Aé€");
    assert_eq!(unescaped(r"\ud83d\ude00!"), "😀!");
    assert_eq!(unescaped(r"\udbff\udfff"), "\u{10ffff}");
    assert_eq!(unescaped("é€😀\\n"), "é€😀\n");
}

#[test]
fn half_a_pair_is_replaced_and_takes_nothing_with_it() {
    assert_eq!(unescaped(r"\ud800"), "\u{fffd}");
    assert_eq!(unescaped(r"\ud800x"), "\u{fffd}x");
    assert_eq!(unescaped(r"\ud800\u0041"), "\u{fffd}A");
    assert_eq!(unescaped(r"\ud800\ud83d\ude00"), "\u{fffd}😀");
    assert_eq!(unescaped(r"\udc00\ud800"), "\u{fffd}\u{fffd}");
}

#[test]
fn nothing_is_copied_without_escapes() {
    assert!(matches!(unescape("né".as_bytes()), Cow::Borrowed(_)));
}

#[test]
fn keys_that_some_parser_takes_for_ours() {
    let table = [
        "Method",
        "METHOD",
        "iD",
        "JsonRPC",
        "paramſ",
        "PARAMſ",
        "reſult",
        "jſonrpc",
        "ıd",
        "İd",
        r"meth\u006fd",
        r"\u0069\u0064",
        r"param\u017f",
        r"method\u0000",
        r"\u0000method",
        r"met\u0000hod",
        r"id\u0000and more",
        r"ID\u0000",
        " method",
        "method ",
        r"\tmethod\n",
        "\u{feff}id",
        "id\u{a0}",
        "re\u{200b}sult",
        "er\u{ad}ror",
    ];
    for key in table {
        assert!(is_confusable(key.as_bytes(), &ENVELOPE_KEYS), "{key:?}");
    }
}

#[test]
fn keys_that_are_merely_others() {
    let table = [
        "",
        " ",
        r"\u0000",
        "i",
        "ids",
        "idx",
        "_id",
        "methods",
        "metho",
        "param",
        "parameters",
        "results",
        "errors",
        "jsonrpc2",
        "json-rpc",
        "ìd",
        "trace",
        "_meta",
        r"\ud800id",
        "x\\u0000id",
        "methodmethod",
        r"methods\u0000",
        "日本",
    ];
    for key in table {
        assert!(!is_confusable(key.as_bytes(), &ENVELOPE_KEYS), "{key:?}");
    }
}

#[test]
fn names_are_never_longer_than_the_room_for_them() {
    let keys = ENVELOPE_KEYS.iter().chain(&crate::json::params::BOUND_KEYS);
    assert_eq!(keys.map(|key| key.len()).max(), Some(KEY_LEN_MAX));
}
