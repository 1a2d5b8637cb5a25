//! The modern era as a client sees it: every request says what it is, and so does every result.

mod answers;
mod envelope;
mod listening;
mod properties;
mod rig;
mod rounds;
