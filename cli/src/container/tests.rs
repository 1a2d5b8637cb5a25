use super::*;

const ID: &str = "4f5ca80b1b2c7d0d9c8b7a695847362514f5ca80b1b2c7d0d9c8b7a695847362";

#[test]
fn the_id_is_found_where_it_is_written() {
    let short = Some("4f5ca80b1b2c".to_owned());
    assert_eq!(id(&format!("12:cpu:/docker/{ID}\n")), short);
    assert_eq!(id(&format!("0::/kubepods.slice/cri-containerd-{ID}.scope\n")), short);
    let image = ID.replace('4', "0");
    let mounts = format!(
        "1 0 0:1 / / rw - overlay overlay rw,upperdir=/var/lib/docker/overlay2/{image}/diff\n\
         7 6 0:1 /var/lib/docker/containers/{ID}/hostname /etc/hostname rw - ext4\n"
    );
    assert_eq!(mounted_id(&mounts), short);
    assert_eq!(mounted_id(&mounts.replace("containers/", "")), None);
    assert_eq!(id("0::/\n"), None);
    assert_eq!(id("0::/user.slice/user-1000.slice/session-2.scope\n"), None);
    assert_eq!(id(&format!("/{}\n", &ID[1..])), None);
}

#[test]
fn a_runtime_names_its_groups() {
    assert!(names_runtime(&format!("1:name=systemd:/docker/{ID}")));
    assert!(names_runtime("0::/libpod_parent/x"));
    assert!(!names_runtime("0::/init.scope\n1:cpu:/user.slice"));
}
