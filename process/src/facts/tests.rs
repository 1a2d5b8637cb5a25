use super::*;

#[test]
fn busy_is_what_was_not_idle_since_the_last_time() {
    let before = Busy { busy: 20, all: 100 };
    assert_eq!(Busy { busy: 50, all: 200 }.since(before), Some(0.3));
    assert_eq!(before.since(before), None, "no time has passed");
}

#[cfg(target_os = "linux")]
#[test]
fn a_container_has_no_more_memory_than_it_may_use() {
    let machine = Memory { total: 1000, available: 600 };
    assert_eq!(machine.within(400, 100), Memory { total: 400, available: 300 });
    assert_eq!(machine.within(900, 100), Memory { total: 900, available: 600 });
    assert_eq!(machine.within(400, 500), Memory { total: 400, available: 0 });
    assert_eq!(machine.within(u64::MAX, 5), machine);
}

#[cfg(target_os = "linux")]
#[test]
fn a_sample_tells_what_is_true_of_this_process() {
    let sampler = Sampler::start(true);
    let before = sampler.sample(Duration::from_secs(1)).process;
    let HostStats { process, system, .. } = sampler.sample(Duration::from_secs(2));
    assert_eq!(process.pid, std::process::id());
    assert_eq!(process.uptime, Duration::from_secs(2));
    assert!(process.memory > Some(100_000) && process.memory < system.memory_total);
    assert!(process.threads >= Some(1));
    assert!(process.children.is_some() && before.children.is_some(), "{process:?}");
    assert!(process.open_files >= Some(3), "{before:?} {process:?}");
    assert!(system.platform.starts_with("Linux "), "{system:?}");
    assert!(system.memory_available <= system.memory_total);
    assert!(system.disk_available <= system.disk_total && system.disk_total > Some(0));
    assert!(system.cores >= 1 && system.load.is_some());
}

#[test]
fn facts_are_kept_for_a_moment() {
    let sampler = Sampler::start(false);
    let first = sampler.sample(Duration::from_millis(1000));
    assert_eq!(sampler.sample(Duration::from_millis(1099)), first);
    let later = sampler.sample(Duration::from_millis(1100));
    assert_eq!(later.process.uptime, Duration::from_millis(1100));
}

#[cfg(target_os = "linux")]
#[test]
fn the_first_sample_tells_how_busy_the_processors_were_since_the_start() {
    let sampler = Sampler::start(false);
    // Ticks of the processors are ten milliseconds long.
    thread::sleep(Duration::from_millis(50));
    let facts = sampler.sample(Duration::from_millis(50));
    assert!(facts.system.cpu.is_some_and(|cpu| (0.0..=1.0).contains(&cpu)), "{facts:?}");
    assert_eq!(facts.process.children, None, "it was not asked for");
}
