//! Connections from the client's point of view: requests, and the lines that come back.

mod arguments;
mod encode;
mod lifecycle;
mod messages;
mod modern;
mod offers;
mod pipe;
mod properties;
mod rig;
mod tasks;
