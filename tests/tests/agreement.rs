//! Every runtime gives the same verdict on ambiguous requests.

use pontoon_suite::Target;
use pontoon_suite::agreement::expect_agreement;

#[test]
fn changed_requests_are_judged_alike() {
    // Incomplete requests end soon.
    let options = ["--head-timeout", "300ms", "--body-timeout", "300ms"];
    let judges = ["tokio", "smol", "blocking"]
        .map(|runtime| Target::new(runtime).proxy().options(&options).start());
    let count = 3000;
    let passed = expect_agreement(&judges, count);
    assert!(passed > count / 10 && passed < count, "{passed} of {count} passed: no test of either");
}
