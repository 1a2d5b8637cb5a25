//! pontoon's own servers give the same answers, byte for byte, on every runtime and over stdio, and
//! valid ones in every revision.

use pontoon_suite::Target;
use pontoon_suite::parity::{Server, expect_same_answers, expect_valid_answers};

const RUNTIMES: [&str; 3] = ["tokio", "smol", "blocking"];

#[test]
fn the_calculator_gives_the_same_answers_everywhere() {
    expect_same_answers(Server::Calculator, &RUNTIMES);
}

#[test]
fn the_echo_server_gives_the_same_answers_everywhere() {
    expect_same_answers(Server::Echo, &RUNTIMES);
}

#[test]
fn the_echo_server_without_sessions_gives_the_same_answers_everywhere() {
    expect_same_answers(Server::EchoStateless, &RUNTIMES);
}

#[test]
fn their_messages_are_valid_in_every_revision() {
    for server in [Server::Calculator, Server::Echo, Server::EchoStateless] {
        expect_valid_answers(server, &Target::simulated());
    }
}
