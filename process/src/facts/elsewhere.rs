//! Other systems: no facts but those of every Unix.

use pontoon_core::{ChildrenStats, ProcessStats};

use super::{Busy, Memory};

pub(super) fn process() -> ProcessStats {
    ProcessStats { pid: std::process::id(), ..ProcessStats::default() }
}

pub(super) fn busy() -> Option<Busy> {
    None
}

pub(super) fn load() -> Option<[f64; 3]> {
    None
}

pub(super) fn memory() -> Option<Memory> {
    None
}

pub(super) fn children() -> Option<ChildrenStats> {
    None
}
