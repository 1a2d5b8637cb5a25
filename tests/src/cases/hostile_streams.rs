//! TODO

cases! { $ hostile_streams:
}
