//! Servers in this process, on this runtime.

#[path = "../../driver/tests/native/mod.rs"]
mod native;

#[test]
fn a_server_without_sessions_answers_where_requests_arrive() {
    native::without_sessions(pontoon_smol::start);
}

#[test]
fn a_server_with_sessions_keeps_what_it_knows_of_each() {
    native::with_sessions(pontoon_smol::start);
}
