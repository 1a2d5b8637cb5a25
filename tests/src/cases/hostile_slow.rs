//! TODO

cases! { $ hostile_slow:
}
