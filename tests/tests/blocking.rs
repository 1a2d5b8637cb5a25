//! All cases for `pontoon proxy --runtime blocking`.

use pontoon_suite::Target;

fn target() -> Target {
    Target::new("blocking")
}

mod blocking {
    pontoon_suite::every_case!(crate::target());
}
