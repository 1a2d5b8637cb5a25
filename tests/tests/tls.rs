//! Cases of other areas over TLS, on each runtime: those about bytes, time limits and streams of a
//! connection. Cases that need a client whose handshake does not block have no form with TLS.

macro_rules! over_tls {
    ($runtime:literal) => {
        mod calls {
            pontoon_suite::calls!(pontoon_suite::Target::with_tls($runtime));
        }
        mod framing {
            pontoon_suite::framing!(pontoon_suite::Target::with_tls($runtime));
        }
        mod hostile_framing {
            pontoon_suite::hostile_framing!(pontoon_suite::Target::with_tls($runtime));
        }
        mod hostile_slow {
            pontoon_suite::hostile_slow!(pontoon_suite::Target::with_tls($runtime));
        }
        mod hostile_streams {
            pontoon_suite::hostile_streams!(pontoon_suite::Target::with_tls($runtime));
        }
    };
}

mod blocking {
    over_tls!("blocking");
}

mod smol {
    over_tls!("smol");
}

mod tokio {
    over_tls!("tokio");
}
