//! `pontoon proxy --runtime blocking`, judged by every case there is.

use pontoon_suite::Target;

fn target() -> Target {
    Target::new("blocking")
}

mod blocking {
    pontoon_suite::every_case!(crate::target());
}
