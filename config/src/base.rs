//! The folder that relative places of a file start from.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// Returns the folder of a file, or the folder above if its name begins with a dot (`.vscode`).
/// Links are not followed.
pub(crate) fn base_of(file: &Path) -> PathBuf {
    let folder = resolve(Path::new("/"), file);
    let folder = folder.parent().unwrap_or(&folder);
    let is_hidden = |name: &OsStr| name.as_encoded_bytes().starts_with(b".");
    match (folder.file_name(), folder.parent()) {
        (Some(name), Some(above)) if is_hidden(name) => above.to_owned(),
        _ => folder.to_owned(),
    }
}

/// Returns a path relative to a folder. `.` and leading `..` are resolved by name. A `..` further on
/// stays, since the folder before it may be a link.
pub fn resolve(folder: &Path, path: &Path) -> PathBuf {
    let mut resolved = folder.to_owned();
    let mut is_leading = true;
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if is_leading => drop(resolved.pop()),
            component => {
                is_leading = component == Component::RootDir;
                resolved.push(component);
            }
        }
    }
    resolved
}
