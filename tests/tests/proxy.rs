//! `pontoon proxy` with its default runtime, judged by every case there is.

use pontoon_suite::Target;

fn target() -> Target {
    Target::new(env!("CARGO_BIN_EXE_badchild"))
}

mod calls {
    pontoon_suite::calls!(crate::target());
}

mod children {
    pontoon_suite::children!(crate::target());
}

mod framing {
    pontoon_suite::framing!(crate::target());
}

mod life {
    pontoon_suite::life!(crate::target());
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

mod streams {
    pontoon_suite::streams!(crate::target());
}
