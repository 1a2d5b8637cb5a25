use std::io::Read;

use flate2::read::GzDecoder;
use pontoon_core::Memory;
use pontoon_core::http::ContentType;

use super::*;

fn parts() -> Chunk {
    let mut body = Chunk::from("{\"text\":\"");
    body.push("round and round ".repeat(1000));
    body.push("\"}");
    body
}

#[test]
fn what_is_packed_unpacks_to_all_of_it() {
    let mut head = ReplyHead::with_body(200, ContentType::Json);
    let packed =
        encode(&mut head, ContentCoding::Gzip, parts(), &Memory::new(1024).made()).into_bytes();
    assert_eq!(head.coding, ContentCoding::Gzip);
    assert!(packed.len() < parts().len() / 10, "{} bytes", packed.len());
    let mut unpacked = Vec::new();
    GzDecoder::new(&*packed).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, parts().to_vec());
}

#[test]
fn what_is_not_packed_stays_in_its_parts() {
    let account = Memory::new(1024).made();
    for taken in [ContentCoding::Uncompressed, ContentCoding::Identity] {
        let mut head = ReplyHead::with_body(200, ContentType::Json);
        assert_eq!(encode(&mut head, taken, parts(), &account).parts(), parts().parts());
        assert_eq!(head.coding, taken);
    }
}
