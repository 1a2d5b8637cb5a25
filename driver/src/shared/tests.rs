use super::*;

#[test]
fn phases_that_are_reported_late_do_not_keep_a_program_from_its_end() {
    let shared = Shared::new(Clock::start(), false);
    let other = MAIN + 1;
    for number in [MAIN, other] {
        shared.add(number);
    }
    let stopped = Phase::Stopped { forced: false };
    // Threads report the phases of an engine after its lock, so in any order.
    for (number, phase, of_program) in [
        (other, stopped, Phase::Serving),
        (other, Phase::Draining, Phase::Serving),
        (MAIN, stopped, stopped),
        (MAIN, Phase::Draining, stopped),
    ] {
        shared.advance(number, phase);
        assert_eq!(shared.phases.now(), of_program, "{number} {phase:?}");
    }
}
