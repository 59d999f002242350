//! What keeps secrets and raw rows of this process to itself, as far as the system allows: no core
//! dumps, and no debugger of the same user. Secrets lock their own pages (`pseudo-keyring`).

/// Hardens this process. What the system refuses is left as it is: a run is no less right for it.
#[cfg(target_os = "linux")]
pub(crate) fn process() {
    use rustix_process::process::{
        DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit,
    };

    // The limit is for core files, the other for dumps that go to a program.
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

#[cfg(not(target_os = "linux"))]
pub(crate) const fn process() {}
