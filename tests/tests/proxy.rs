//! `pontoon proxy` with its default runtime, judged by every case there is.

use pontoon_suite::Target;

fn target() -> Target {
    Target::new(env!("CARGO_BIN_EXE_badchild"))
}

mod framing {
    pontoon_suite::framing!(crate::target());
}

mod messages {
    pontoon_suite::messages!(crate::target());
}

mod rules {
    pontoon_suite::rules!(crate::target());
}

mod sessions {
    pontoon_suite::sessions!(crate::target());
}
