//! What keeps secrets and raw rows off the disk, as far as the system allows: no core dumps, no
//! debugger of the same user, and no swap where memory may be locked without limit.

/// Hardens this process. What the system refuses is left as it is: a run is no less right for it.
#[cfg(target_os = "linux")]
pub(crate) fn process() {
    use rustix_process::mm::{MlockAllFlags, mlockall};
    use rustix_process::process::{
        DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
    };

    // The limit is for core files, the other for dumps that go to a program.
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    // Under a limit, memory would run out at it; then the pages of keys alone are locked.
    if getrlimit(Resource::Memlock).current.is_none() {
        let all = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
        let _ = mlockall(all);
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) const fn process() {}
