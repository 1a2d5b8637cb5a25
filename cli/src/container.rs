//! Whether this process runs in a container, as far as the container tells.

use std::fs;
use std::path::Path;

use pontoon_core::echo::Container;

/// What is known about a container around this process; `kubernetes` if its variables say so.
pub(crate) fn detect(kubernetes: bool) -> Container {
    let groups = fs::read_to_string("/proc/1/cgroup").unwrap_or_default();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    Container {
        docker: Path::new("/.dockerenv").exists() || names_runtime(&groups),
        id: id(&groups).or_else(|| id(&mounts)),
        kubernetes,
    }
}

/// Whether control groups are named by a program that runs containers.
fn names_runtime(groups: &str) -> bool {
    ["/docker", "/containerd", "/libpod", "cri-containerd"].iter().any(|name| groups.contains(name))
}

/// The id of a container, shortened as Docker shows it: it is in the name of its control group, or
/// in the path of a file that Docker mounts into it.
fn id(text: &str) -> Option<String> {
    let whole = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| word.len() == ID_LEN && word.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    Some(whole[..SHORT_ID_LEN].to_owned())
}

const ID_LEN: usize = 64;
const SHORT_ID_LEN: usize = 12;

#[cfg(test)]
mod tests;
