//! The bytes of a request body, on their way through the guard.

use crate::http::Guard;
use crate::http::guard::Passed;
use crate::reject::Reject;
use crate::time::Instant;

/// Passes the bytes of a body that have arrived through the guard, and its data to `take`.
pub(super) fn pass_body(
    guard: &mut Guard,
    received: &mut Vec<u8>,
    now: Instant,
    mut take: impl FnMut(&[u8]) -> Result<(), Reject>,
) -> Result<(), Reject> {
    let mut at = 0;
    let mut result = Ok(());
    while result.is_ok() && guard.is_inside_body() {
        match guard.step(&received[at..], now) {
            Ok(Passed::Data(bytes)) => {
                result = take(&received[at..at + bytes]);
                at += bytes;
            }
            Ok(Passed::Framing(bytes)) => at += bytes,
            Ok(Passed::Nothing | Passed::Head(_)) | Err(_) => break,
        }
    }
    received.drain(..at);
    result
}
