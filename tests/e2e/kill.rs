//! kill -9, at any moment of a run: readers see the run before or the next one, whole, and the run
//! after it finds nothing in its way. `KILLS`, `KILL_SCALE` and `KILL_SEED` make it more, larger
//! and the same again.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::harness::Sandbox;

const PIPELINE: &str = "pipelines/owner-analytics.toml";
const SINK: &str = "data/safe";

#[test]
fn a_killed_run_publishes_nothing_or_everything() {
    let kills: u64 = setting("KILLS", "20").parse().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = setting("KILL_SEED", &now.subsec_nanos().to_string());
    println!("KILL_SEED={seed} makes the same choices");
    let mut random = Random(seed.parse().unwrap());
    let sandbox = incident();
    let (mut length, mut killed) = (run(&sandbox, None), 0);
    for round in 0..kills {
        // what a first run meets differs from what a later one does
        if round % 4 == 0 {
            fs::remove_dir_all(sandbox.path(SINK)).unwrap();
        }
        let before = sandbox.current(SINK);
        let moment = Moment::any(&mut random, length);
        killed += u64::from(kill(&sandbox, &moment));
        let after = sandbox.current(SINK);
        assert!(before.is_none() || after.is_some(), "{moment:?}");
        if after.is_some() {
            sandbox.ok(&["verify", SINK]);
        }
        // in the way of the next one is no lock and no file
        length = run(&sandbox, after.as_deref());
    }
    println!("{killed} of {kills} runs were killed before their end");
    assert!(killed >= kills / 3, "{killed} of {kills}");
    let joined = "SELECT count(*) FROM users u JOIN orders o ON u.user_id = o.user_id";
    assert!(sandbox.number(SINK, joined) > 0);
}

/// A run that succeeds, and how long it took.
fn run(sandbox: &Sandbox, before: Option<&str>) -> Duration {
    let since = Instant::now();
    sandbox.ok(&["run", PIPELINE, "--full"]);
    let length = since.elapsed();
    let current = sandbox.current(SINK);
    assert_ne!(current.as_deref(), before);
    sandbox.ok(&["verify", SINK]);
    assert!(entries(&sandbox.path(SINK).join(".staging")).is_empty());
    for run in entries(&sandbox.path(SINK).join("runs")) {
        assert!(run.join("manifest.json").exists(), "{}", run.display());
    }
    length
}

/// When a run is killed.
#[derive(Debug)]
enum Moment {
    /// So long after its start.
    After(Duration),
    /// It has just made its lock.
    Locked,
    /// It has just staged so many tables.
    Staged(usize),
    /// It has just written its manifest.
    Proved,
    /// It has just given the run its last name.
    Named,
}

impl Moment {
    fn any(random: &mut Random, length: Duration) -> Self {
        match random.below(10) {
            0 => Self::Locked,
            1 => Self::Staged(1),
            2 => Self::Staged(5),
            3 => Self::Proved,
            4 => Self::Named,
            _ => Self::After(length.mul_f64(random.below(1_000) as f64 / 1_000.0)),
        }
    }

    fn reached(&self, sink: &Path, runs: usize, since: Instant) -> bool {
        let staged = || entries(&sink.join(".staging"));
        match self {
            Self::After(wait) => since.elapsed() >= *wait,
            Self::Locked => sink.join(".lock").exists(),
            Self::Staged(tables) => staged().iter().any(|run| entries(run).len() >= *tables),
            Self::Proved => staged()
                .iter()
                .any(|run| run.join("manifest.json").exists()),
            Self::Named => entries(&sink.join("runs")).len() > runs,
        }
    }
}

/// Kills a run at a moment; false when it was over before.
fn kill(sandbox: &Sandbox, moment: &Moment) -> bool {
    let sink = sandbox.path(SINK);
    let runs = entries(&sink.join("runs")).len();
    let mut command = sandbox.command(&["run", PIPELINE, "--full"]);
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    let since = Instant::now();
    let mut run = command.spawn().unwrap();
    while run.try_wait().unwrap().is_none() && !moment.reached(&sink, runs, since) {
        std::thread::yield_now();
    }
    run.kill().unwrap();
    run.wait().unwrap().code().is_none()
}

/// The seven raw tables, and the keys.
fn incident() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.copy_pipelines();
    sandbox.ok(&["keys", "new", "pipelines/keys/analytics.keyring"]);
    let scale = setting("KILL_SCALE", "0.01");
    let sample = [
        "sample", "incident", "--scale", &scale, "--format", "parquet",
    ];
    sandbox.ok(&[&sample[..], &["data/raw"]].concat());
    sandbox
}

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// What is in a directory; nothing where there is none.
fn entries(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let hash = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (hash ^ hash >> 31) % end
    }
}
