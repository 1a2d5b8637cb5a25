use super::*;

fn accepted<T: std::fmt::Debug + PartialEq>(read: fn(&str) -> Read<T>, cases: &[(&str, T)]) {
    for (text, value) in cases {
        assert_eq!(read(text).as_ref(), Ok(value), "{text:?}");
    }
}

fn refused<T: std::fmt::Debug>(read: fn(&str) -> Read<T>, cases: &[&str]) {
    for text in cases {
        assert!(read(text).is_err(), "{text:?} gave {:?}", read(text));
    }
}

#[test]
fn times() {
    let ms = Duration::from_millis;
    let cases = [
        ("30", ms(30_000)),
        ("1.5", ms(1_500)),
        ("500ms", ms(500)),
        ("10s", ms(10_000)),
        ("2m", ms(120_000)),
        ("2 M", ms(120_000)),
        (".5", ms(500)),
        ("1ms", ms(1)),
    ];
    accepted(time, &cases);
    refused(time, &["", "0", "0ms", "0.0001", "-1", "+1", "1e3", "inf", "nan", "1h", "s", "1.2.3"]);
    refused(time, &["31622401", "99999999999999999999999"]);
}

#[test]
fn delays_may_be_none() {
    let ms = Duration::from_millis;
    accepted(delay, &[("0", ms(0)), ("0s", ms(0)), ("5", ms(5_000)), ("500ms", ms(500))]);
    refused(delay, &["", "-1", "0x", "1h", "inf"]);
}

#[test]
fn times_in_milliseconds() {
    let ms = Duration::from_millis;
    accepted(milliseconds, &[("900000", ms(900_000)), ("15m", ms(900_000)), ("1.5s", ms(1_500))]);
    refused(milliseconds, &["", "0", "-1", "1h"]);
}

#[test]
fn lists_of_revisions() {
    let [first, second, third, ..] = Revision::ALL;
    accepted(revision, &[("2024-11-05", first), (" 2025-06-18 ", third)]);
    refused(revision, &["", "2024-10-07", "2025-06-18,2024-11-05"]);
    let cases = [
        ("2025-06-18,2024-11-05", vec![third, first]),
        ("2025-03-26, 2025-03-26", vec![second]),
        ("2030-01-01,2024-11-05,", vec![first]),
    ];
    accepted(revisions, &cases.map(|(text, list)| (text, Revisions(list))));
    refused(revisions, &["", ",", "2030-01-01", "2024-10-07, newest"]);
}

#[test]
fn names_of_tools() {
    for name in ["educational_echo", "a", "A-1.b"] {
        assert_eq!(sample_tool(name).unwrap().sample_tool_name(), Some(name));
    }
    refused(sample_tool, &["bad name!", "a/b", "schön", "calculate", &"x".repeat(129)]);
}

#[test]
fn addresses_to_ask() {
    let url = |host: &str, port, target: &str| ProbeUrl {
        tls: port == 443,
        host: host.to_owned(),
        port,
        target: target.to_owned(),
    };
    let cases = [
        ("http://127.0.0.1:3000/health", url("127.0.0.1", 3000, "/health")),
        ("http://[::1]:80", url("::1", 80, "/")),
        ("http://[::1]/x?y", url("::1", 80, "/x?y")),
        ("http://localhost", url("localhost", 80, "/")),
        ("https://localhost", url("localhost", 443, "/")),
    ];
    accepted(probe_url, &cases);
    refused(
        probe_url,
        &["", "localhost", "ftp://h/", "http://", "https://", "http://h:x/", "http://h/a b"],
    );
    refused(probe_url, &["http://user:pass@h/"]);
    refused(probe_url, &["http://h/\r\nX: y", "http://:80/"]);
}

#[test]
fn sizes() {
    let cases = [
        ("65536", 65_536),
        ("4MiB", 4 * MIB),
        ("16M", 16 * MIB),
        ("512k", 512 * KIB),
        ("4096B", 4096),
    ];
    let (body, pipe) = (size::<KIB, GIB>, size::<{ 4 * KIB }, { 16 * MIB }>);
    accepted(body, &cases);
    accepted(pipe, &cases);
    accepted(body, &[("1GiB", GIB), ("1024MiB", GIB), ("1 KiB", KIB)]);
    let refusals = ["", "0", "1023", "1025MiB", "4GiB", "1.5MiB", "-4k", "18446744073709551615M"];
    refused(body, &refusals);
    refused(pipe, &["4095", "17M", "64 KiB extra"]);
    let why = "must be a size from 1KiB to 1GiB, such as 65536 or 512KiB";
    assert_eq!(body("x"), Err(why.to_owned()));
    assert_eq!(written(1), "1 bytes");
}

#[test]
fn numbers() {
    let port = number::<u16, 0, 65_535>;
    accepted(port, &[("0", 0), ("65535", 65_535)]);
    refused(port, &["", "65536", "-1", "http", "80.0", "18446744073709551616"]);
    let requests = number::<u64, 1, { u64::MAX }>;
    accepted(requests, &[("10000", 10_000)]);
    refused(requests, &["0", "-1", ""]);
    assert_eq!(requests("0"), Err("must be a whole number of at least 1".to_owned()));
    assert_eq!(port("x"), Err("must be a whole number from 0 to 65535".to_owned()));
}

#[test]
fn runtimes() {
    for built_in in RUNTIMES {
        assert_eq!(runtime(built_in.name).unwrap().name, built_in.name);
    }
    let why = runtime("async-std").unwrap_err();
    assert!(why.contains(&format!(": {};", runtime::names())), "{why}");
}

#[test]
fn paths() {
    let cases = [("/mcp", "/mcp"), ("/mcp/", "/mcp"), ("/a/b.c", "/a/b.c"), ("/", "/")];
    accepted(path, &cases.map(|(text, value)| (text, value.to_owned())));
    refused(
        path,
        &["", "mcp", "/m cp", "/m?x", "/m#x", "/%6d", "//mcp", "/mé", "/health", "/metrics/"],
    );
}

#[test]
fn hosts() {
    let cases = [
        ("Example.COM", "example.com"),
        (" b.example", "b.example"),
        ("10.0.0.1", "10.0.0.1"),
        ("::1", "[::1]"),
        ("[2001:DB8::1]", "[2001:db8::1]"),
        ("*", "*"),
    ];
    accepted(host, &cases.map(|(text, value)| (text, value.to_owned())));
    refused(host, &["", "http://a", "a:80", "a/b", "*.example.com", "é.example", "[::1]:80"]);
    let cases = [("[::1]", "::1"), ("0.0.0.0", "0.0.0.0"), ("localhost", "localhost")];
    accepted(bind_host, &cases.map(|(text, value)| (text, value.to_owned())));
    refused(bind_host, &["", "http://a", "a b", "[::1]:80", "a:80", "user:pass@a"]);
}

#[test]
fn origins() {
    let cases = [
        ("https://Example.com", "https://example.com"),
        ("https://example.com/", "https://example.com"),
        ("https://example.com:443", "https://example.com"),
        ("http://example.com:80", "http://example.com"),
        ("http://example.com:443", "http://example.com:443"),
        ("chrome-extension://abc", "chrome-extension://abc"),
    ];
    accepted(origin, &cases.map(|(text, value)| (text, value.to_owned())));
    refused(
        origin,
        &["", "*", "null", "example.com", "https://", "https://a/b", "https://u@a", "https://*.a"],
    );
}

#[test]
fn assignments() {
    let read = |text: &str| assignment(text.into());
    let made = |name: &str, value: Option<&str>| {
        Ok(Assignment { name: name.into(), value: value.map(Into::into) })
    };
    assert_eq!(read("A"), made("A", None));
    assert_eq!(read("A="), made("A", Some("")));
    assert_eq!(read("A=b=c"), made("A", Some("b=c")));
    assert!(read("=b").is_err() && read("").is_err());
}
