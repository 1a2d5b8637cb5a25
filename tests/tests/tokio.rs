//! `pontoon proxy --runtime tokio`, judged by every case there is.

use pontoon_suite::Target;

fn target() -> Target {
    Target::new("tokio")
}

mod tokio {
    pontoon_suite::every_case!(crate::target());
}
