//! stub
use crate::http::{Cors, Request};
use crate::reject::Reject;
use bytes::Bytes;
/// stub
pub trait Headers {}
/// stub
pub struct RequestHead;
/// stub
pub struct Rules;
/// stub
pub struct Admission {
    /// stub
    pub cors: Option<Cors>,
}
impl Admission {
    /// stub
    pub fn request(self, _b: Bytes) -> Result<Request, Reject> {
        Ok(Request::Live)
    }
}
