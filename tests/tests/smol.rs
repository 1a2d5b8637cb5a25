//! `pontoon proxy --runtime smol`, judged by every case there is.

use pontoon_suite::Target;

fn target() -> Target {
    Target::new("smol")
}

mod smol {
    pontoon_suite::every_case!(crate::target());
}
