//! A server of pontoon's own says the same, to the byte, on every runtime and over stdio.

use pontoon_suite::answers::{Server, expect_same_answers};

const RUNTIMES: [&str; 3] = ["tokio", "smol", "blocking"];

#[test]
fn the_calculator_says_the_same_everywhere() {
    expect_same_answers(Server::Calculator, &RUNTIMES);
}

#[test]
fn the_echo_server_says_the_same_everywhere() {
    expect_same_answers(Server::Echo, &RUNTIMES);
}

#[test]
fn the_echo_server_without_sessions_says_the_same_everywhere() {
    expect_same_answers(Server::EchoStateless, &RUNTIMES);
}
