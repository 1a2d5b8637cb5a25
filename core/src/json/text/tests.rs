use super::*;

fn admitted(text: &'static [u8]) -> Result<Bytes, Reject> {
    admit(Bytes::from_static(text))
}

#[test]
fn what_is_not_json_is_refused() {
    let table: &[(&str, &[u8])] = &[
        ("nothing", b""),
        ("only spaces", b" \t\r\n"),
        ("a byte order mark", b"\xef\xbb\xbf{}"),
        ("UTF-16, little endian", b"{\0}\0"),
        ("UTF-16 with a mark", b"\xff\xfe{\0}\0"),
        ("a byte that is not UTF-8", b"{\"a\":\"\xff\"}"),
        ("a cut sequence", b"{\"a\":\"\xc3\"}"),
        ("an overlong slash", b"{\"a\":\"\xc0\xaf\"}"),
        ("a surrogate in UTF-8", b"{\"a\":\"\xed\xa0\x80\"}"),
        ("a code point past the last", b"{\"a\":\"\xf4\x90\x80\x80\"}"),
        ("not UTF-8 between tokens", b"{}\x80"),
        ("a raw NUL in a string", b"{\"a\":\"\0\"}"),
        ("a raw NUL behind it", b"{}\0"),
        ("a raw tab in a string", b"{\"a\":\"\t\"}"),
        ("a raw line feed in a string", b"{\"a\":\"\n\"}"),
        ("a raw carriage return in a key", b"{\"a\r\":1}"),
        ("other white space", "{}\u{a0}".as_bytes()),
        ("a form feed", b"{\x0c}"),
        ("NaN", b"{\"a\":NaN}"),
        ("Infinity", b"{\"a\":-Infinity}"),
        ("a leading zero", b"{\"a\":01}"),
        ("a plus sign", b"{\"a\":+1}"),
        ("a bare point", b"{\"a\":1.}"),
        ("a hexadecimal number", b"{\"a\":0x1}"),
        ("a trailing comma", b"{\"a\":1,}"),
        ("a trailing comma in an array", b"{\"a\":[1,]}"),
        ("a missing comma", b"{\"a\":1 \"b\":2}"),
        ("a missing value", b"{\"a\":}"),
        ("a comment", b"{/**/}"),
        ("single quotes", b"{'a':1}"),
        ("a bare key", b"{a:1}"),
        ("a key that is a number", b"{1:1}"),
        ("an unknown escape", b"{\"a\":\"\\x41\"}"),
        ("a cut escape", b"{\"a\":\"\\u00\"}"),
        ("two texts", b"{}{}"),
        ("text behind it", b"{} x"),
        ("a cut object", b"{\"a\":1"),
        ("a cut string", b"{\"a\":\"b"),
        ("brackets that do not match", b"{\"a\":[1}}"),
        ("a literal in capitals", b"True"),
    ];
    for (name, text) in table {
        assert_eq!(admitted(text), Err(Reject::BadJson), "{name}");
    }
}

#[test]
fn every_kind_of_json_is_admitted() {
    for text in ["0", "-0.0e+00", "1e400", "\"\"", "true", "false", "null", "[]", "{}", "[[],{}]"] {
        assert_eq!(admitted(text.as_bytes()), Ok(Bytes::from_static(text.as_bytes())));
    }
}

#[test]
fn what_surrounds_a_text_is_trimmed() {
    assert_eq!(admitted(b" \r\n\t{ } \t\r\n").unwrap(), "{ }");
}

#[test]
fn line_breaks_become_spaces_and_nothing_moves() {
    let text = admitted(b"{\r\n  \"a\" :\n\"\\n\\r\"\r}").unwrap();
    assert_eq!(text, "{    \"a\" : \"\\n\\r\" }");
}

#[test]
fn a_shared_text_stays_as_it_is() {
    let held = Bytes::from("[1,\n2]".to_owned());
    assert_eq!(admit(held.clone()).unwrap(), "[1, 2]");
    assert_eq!(held, "[1,\n2]");
}

#[test]
fn a_text_on_one_line_is_not_copied() {
    let text = Bytes::from(" [1,2] ".to_owned());
    assert_eq!(admit(text.clone()).unwrap().as_ptr(), text[1..].as_ptr());
}
