use std::os::unix::fs::PermissionsExt;

use super::*;

fn new_dir() -> PathBuf {
    let mut name = [0; 8];
    getrandom::fill(&mut name).unwrap();
    env::temp_dir().join(format!("pontoon-test-{:016x}", u64::from_ne_bytes(name)))
}

#[test]
#[cfg(target_os = "linux")]
fn nothing_of_it_is_left_in_the_file_system() {
    let dir = new_dir();
    let (listener, door) = open_in(dir.clone()).unwrap();
    assert!(!dir.exists());
    let connected = door.connect().unwrap();
    listener.accept().unwrap();
    drop(connected);
}

#[test]
fn a_directory_that_stays_is_for_this_user_and_goes_in_the_end() {
    let dir = new_dir();
    DirBuilder::new().mode(0o700).create(&dir).unwrap();
    let listener = UnixListener::bind(dir.join(SOCKET)).unwrap();
    let door = Door(Way::Name { dir: dir.clone() });
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    door.connect().unwrap();
    listener.accept().unwrap();
    drop(door);
    assert!(!dir.exists());
}

#[test]
fn its_end_is_a_knock() {
    let (listener, door) = Door::open().unwrap();
    drop(door);
    listener.set_nonblocking(true).unwrap();
    listener.accept().unwrap();
}

#[test]
fn a_directory_that_cannot_be_written_to_is_an_error_and_no_trace() {
    let missing = new_dir().join("missing");
    assert!(open_in(missing.clone()).is_err());
    assert!(!missing.exists());
}
