//! Changes of files, found by looking at them from time to time.
//!
//! That also finds a file that is replaced by another one of its name, as editors do, and a link
//! that leads to another file, as Kubernetes does.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Files that are looked at from time to time.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    files: Vec<PathBuf>,
    stamps: Stamps,
    /// Whether a change was seen, and is reported once no further one follows.
    is_settling: bool,
}

impl Watch {
    /// Looks at these files for the first time.
    pub(crate) fn of(files: Vec<PathBuf>) -> Watch {
        Watch { stamps: Stamps::of(&files), files, is_settling: false }
    }

    /// Adds files, which are looked at for the first time.
    pub(crate) fn and(mut self, files: Vec<PathBuf>) -> Watch {
        self.stamps.0.extend(Stamps::of(&files).0);
        self.files.extend(files);
        self
    }

    /// Returns whether the files have changed, and not again since the last call.
    pub(crate) fn has_changed(&mut self) -> bool {
        let stamps = Stamps::of(&self.files);
        if stamps != self.stamps {
            self.stamps = stamps;
            self.is_settling = true;
            return false;
        }
        std::mem::take(&mut self.is_settling)
    }

    /// Forgets a change, because the files are read now.
    pub(crate) fn reset(&mut self) {
        *self = Watch::of(std::mem::take(&mut self.files));
    }
}

/// The state of files.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamps(Vec<Option<Stamp>>);

/// The state of a file: its device, its number, its size, and the time of its last change, of
/// content or permissions. A copy that keeps the time of its content has a new one too.
type Stamp = (u64, u64, u64, (i64, i64));

impl Stamps {
    /// Returns the state of these files. Links are followed.
    fn of(files: &[PathBuf]) -> Stamps {
        let stamp = |file: &PathBuf| {
            let found = fs::metadata(file).ok()?;
            Some((found.dev(), found.ino(), found.len(), (found.ctime(), found.ctime_nsec())))
        };
        Stamps(files.iter().map(stamp).collect())
    }
}
