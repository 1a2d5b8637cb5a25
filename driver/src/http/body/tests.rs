use super::*;

fn gathered(sizes: &[usize]) -> Vec<usize> {
    let mut parts = sizes.iter().map(|size| Bytes::from(vec![b'x'; *size])).collect();
    std::iter::from_fn(|| gather(&mut parts)).map(|bytes| bytes.len()).collect()
}

#[test]
fn small_parts_go_out_as_one_frame() {
    assert_eq!(gathered(&[6, 500, 2]), [508]);
    assert_eq!(gathered(&[JOINED_BYTES_MAX - 1, 1, 1]), [JOINED_BYTES_MAX, 1]);
}

#[test]
fn a_large_part_is_not_copied() {
    let large = Bytes::from(vec![b'x'; JOINED_BYTES_MAX + 1]);
    let mut parts = VecDeque::from([large.clone(), Bytes::from_static(b"\n\n")]);
    assert_eq!(gather(&mut parts).unwrap().as_ptr(), large.as_ptr());
    assert_eq!(gather(&mut parts).unwrap(), "\n\n");
    assert_eq!(gather(&mut parts), None);
}

#[test]
fn frames_keep_the_bytes_and_their_order() {
    let texts: Vec<Vec<u8>> = (0..40u8).map(|n| vec![n; usize::from(n) * 97]).collect();
    let mut parts = texts.iter().filter(|t| !t.is_empty()).cloned().map(Bytes::from).collect();
    let sent: Vec<u8> = std::iter::from_fn(|| gather(&mut parts)).flatten().collect();
    assert_eq!(sent, texts.concat());
}

#[test]
fn a_large_part_goes_out_in_frames_of_bounded_size() {
    let sizes = gathered(&[2 * FRAME_BYTES_MAX + 7, 3, FRAME_BYTES_MAX]);
    assert_eq!(sizes, [FRAME_BYTES_MAX, FRAME_BYTES_MAX, 10, FRAME_BYTES_MAX]);
}
