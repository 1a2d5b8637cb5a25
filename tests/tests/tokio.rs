//! `pontoon proxy --runtime tokio`, judged by every case there is.

use pontoon_suite::Target;

fn target() -> Target {
    Target::new("tokio", env!("CARGO_BIN_EXE_badchild"))
}

mod tokio {
    pontoon_suite::every_case!(crate::target());
}
