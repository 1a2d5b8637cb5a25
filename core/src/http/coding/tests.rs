use super::*;

fn accepted(lines: &[&str]) -> ContentCoding {
    ContentCoding::accepted(lines.iter().map(|line| line.as_bytes()))
}

#[test]
fn gzip_goes_to_clients_that_accept_it() {
    for lines in [
        &["gzip"][..],
        &["GZip"],
        &["x-gzip"],
        &["gzip, deflate, br"],
        &["deflate, gzip;q=0.001"],
        &["br;q=1.0", "gzip ; Q=0.5"],
        &["*"],
        &["br, *;q=0.1"],
        &["gzip;q=0.5, identity;q=0.5"],
        &["identity;q=0, gzip"],
    ] {
        assert_eq!(accepted(lines), ContentCoding::Gzip, "{lines:?}");
    }
}

#[test]
fn other_clients_get_no_gzip() {
    for lines in [
        &[][..],
        &[""],
        &["identity"],
        &["deflate, br"],
        &["gzip;q=0"],
        &["gzip;q=0.000, *"],
        &["*;q=0"],
        &["identity, gzip;q=0.5"],
        &["identity;q=0.6, *;q=0.5"],
        &["gzip;q=2"],
        &["gzip;q=-1"],
        &["gzip;q="],
        &["gzip;level=9"],
        &["gzip;q=1;q=1"],
        &["gzipped"],
        &["g zip"],
    ] {
        assert_eq!(accepted(lines), ContentCoding::Identity, "{lines:?}");
    }
}
