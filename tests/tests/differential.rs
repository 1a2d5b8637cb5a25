//! Every runtime gives the same verdict on ambiguous requests.

use pontoon_suite::Target;
use pontoon_suite::differential::expect_same_verdicts;

#[test]
fn every_runtime_gives_the_same_verdicts() {
    // Incomplete requests end soon.
    let options = ["--head-timeout", "300ms", "--body-timeout", "300ms"];
    let runtimes = ["tokio", "smol", "blocking"]
        .map(|runtime| Target::new(runtime).proxy().options(&options).start());
    let count = 3000;
    let passed = expect_same_verdicts(&runtimes, count);
    assert!(passed > count / 10 && passed < count, "{passed} of {count} passed: no test of either");
}
