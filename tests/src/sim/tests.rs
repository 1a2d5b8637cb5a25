use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// Observations and their times.
type Seen = Arc<Mutex<Vec<(u64, &'static str)>>>;

/// Creates a world, and a list for the observations of its tasks.
fn run() -> (WorldGuard, Seen) {
    (World::enter(7, Faults::None), Arc::default())
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn time_jumps_from_alarm_to_alarm() {
    let (world, seen) = run();
    for (name, time) in [("late", 3_600_000), ("early", 10)] {
        let (own, seen) = (Arc::clone(&world), seen.clone());
        world.spawn(1, async move {
            own.sleep_in_task(millis(time)).await;
            lock(&seen).push((own.now().as_micros(), name));
        });
    }
    let started = std::time::Instant::now();
    world.sleep(millis(5_000_000));
    assert_eq!(*lock(&seen), [(10_000, "early"), (3_600_000_000, "late")]);
    assert!(started.elapsed() < Duration::from_secs(1), "without waiting");
}

#[test]
fn time_stands_still_while_anybody_is_busy() {
    let (world, seen) = run();
    let (own, told) = (Arc::clone(&world), seen.clone());
    world.spawn(1, async move {
        for _ in 0..1000 {
            let mut yielded = false;
            std::future::poll_fn(|cx| {
                cx.waker().wake_by_ref();
                if mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
        lock(&told).push((own.now().as_micros(), "done"));
    });
    assert!(world.run_until(Instant::from_micros(1), || !lock(&seen).is_empty()));
    assert_eq!(*lock(&seen), [(0, "done")]);
}

#[test]
fn waiting_ends_at_its_moment() {
    let (world, _) = run();
    assert!(!world.run_until(Instant::from_micros(500), || false));
    assert_eq!(world.now().as_micros(), 500);
    assert!(world.run_until(Instant::from_micros(900), || true));
    assert_eq!(world.now().as_micros(), 500, "what is done needs no time");
}

#[test]
fn tasks_end_with_their_process() {
    let (world, _) = run();
    let ticks = Arc::new(AtomicU64::new(0));
    for pid in [1, 2] {
        let (own, ticks) = (Arc::clone(&world), ticks.clone());
        world.spawn(pid, async move {
            loop {
                own.sleep_in_task(millis(10)).await;
                ticks.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    world.sleep(millis(100));
    assert_eq!(ticks.load(Ordering::Relaxed), 20);
    world.kill(1);
    world.sleep(millis(100));
    assert_eq!(ticks.load(Ordering::Relaxed), 30, "the other goes on");
}

#[test]
fn the_seed_decides_who_goes_first() {
    let order = |seed| {
        let world = World::enter(seed, Faults::None);
        let order = Arc::<Mutex<Vec<u64>>>::default();
        for number in 0..20 {
            let order = order.clone();
            world.spawn(1, async move { lock(&order).push(number) });
        }
        world.sleep(millis(1));
        mem::take(&mut *lock(&order))
    };
    assert_eq!(order(1), order(1));
    assert_ne!(order(1), order(2));
}

#[test]
fn a_thread_leaves_the_world_it_entered() {
    assert!(current().is_none());
    let (world, _) = run();
    assert!(current().is_some());
    drop(world);
    assert!(current().is_none());
}
