//! The pool of requests with certain values of headers ([`crate::Config::header_env`]).

use super::*;

impl Pool {
    /// Makes it the pool of requests with certain values: its modern child ends too when it has
    /// been unused for long. `era` is that of the command, if it is known.
    pub(crate) fn make_variant(&mut self, era: Option<Era>) {
        self.is_variant = true;
        self.prewarm = 0;
        self.era = self.era.or(era);
    }

    /// Returns whether children end that have been unused for long.
    pub(super) fn ends_idle(&self) -> bool {
        self.era == Some(Era::Legacy) || self.is_variant
    }

    /// Returns whether there are no children and no requests.
    pub(crate) fn is_empty(&self) -> bool {
        self.workers.is_empty()
            && self.posts.is_empty()
            && self.waiting.is_empty()
            && self.retired.is_empty()
            && self.deferred.is_empty()
    }
}
