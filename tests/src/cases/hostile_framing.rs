//! TODO

cases! { $ hostile_framing:
}
