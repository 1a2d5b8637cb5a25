//! The description of an answered request.

use core::net::IpAddr;

use uuid::Uuid;

use crate::ids::SessionId;
use crate::time::Duration;

/// An answered request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The id that a server in this process gives it in the answer.
    pub id: Option<Uuid>,
    /// The client's address.
    pub peer: Option<IpAddr>,
    /// The client's name (`clientInfo.name`), truncated.
    pub client: Option<Box<str>>,
    /// The session of the request.
    pub session: Option<SessionId>,
    /// The method, or `other` for one that the specification does not define.
    pub method: &'static str,
    /// The called tool, truncated.
    pub tool: Option<Box<str>>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The time from request to answer.
    pub took: Duration,
    /// The name of the error, or `None` for a result.
    pub error: Option<&'static str>,
}
