//! pontoon's own servers give the same answers, byte for byte, on every runtime and over stdio, and
//! valid ones in every revision.

use pontoon_suite::Target;
use pontoon_suite::answers::{Server, expect_lawful_answers, expect_same_answers};

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

#[test]
fn what_they_say_is_lawful_in_every_revision() {
    for server in [Server::Calculator, Server::Echo, Server::EchoStateless] {
        expect_lawful_answers(server, &Target::simulated());
    }
}
