//! Detection of a container around this process.

use std::fs;
use std::path::Path;

use pontoon_servers::echo::Container;

/// Returns the known facts about a container around this process; `kubernetes` if its variables
/// show it.
pub(crate) fn detect(kubernetes: bool) -> Container {
    let groups = fs::read_to_string("/proc/1/cgroup").unwrap_or_default();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    Container {
        docker: Path::new("/.dockerenv").exists() || names_runtime(&groups),
        id: id(&groups).or_else(|| mounted_id(&mounts)),
        kubernetes,
    }
}

/// Returns whether control groups have a name from a container runtime.
fn names_runtime(groups: &str) -> bool {
    ["/docker", "/containerd", "/libpod", "cri-containerd"].iter().any(|name| groups.contains(name))
}

/// Returns the id of a container in the name of its control group, shortened as in Docker's output.
fn id(groups: &str) -> Option<String> {
    groups.split(|c: char| !c.is_ascii_alphanumeric()).find_map(leading_id)
}

/// Returns the id of a container in the path of a file that Docker or Podman mounts into it. Other
/// numbers in the mounts are those of its image.
fn mounted_id(mounts: &str) -> Option<String> {
    mounts.split("containers/").skip(1).find_map(leading_id)
}

/// Returns the id at the start of a text.
fn leading_id(text: &str) -> Option<String> {
    let word = text.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    let is_id = word.len() == ID_LEN && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| word[..SHORT_ID_LEN].to_owned())
}

const ID_LEN: usize = 64;
const SHORT_ID_LEN: usize = 12;

#[cfg(test)]
mod tests;
