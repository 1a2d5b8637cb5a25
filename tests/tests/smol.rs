//! All cases for `pontoon proxy --runtime smol`.

use pontoon_suite::Target;

fn target() -> Target {
    Target::new("smol")
}

mod smol {
    pontoon_suite::every_case!(crate::target());
}
