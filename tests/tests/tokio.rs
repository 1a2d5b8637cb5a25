//! All cases for `pontoon proxy --runtime tokio`.

use pontoon_suite::Target;

fn target() -> Target {
    Target::new("tokio")
}

mod tokio {
    pontoon_suite::every_case!(crate::target());
}
