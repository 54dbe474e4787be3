//! The processes of one run: a group of their own.

use rustix::process::{Pid, Signal, kill_process_group};

use super::command::Limits;

/// The group that a process leads. Dropping it kills what is left of the group.
pub(super) struct Group(Pid);

impl Group {
    /// That of the process with this number, which was started as the leader of a new group.
    pub(super) fn led_by(process: u32) -> Option<Self> {
        Some(Self(Pid::from_raw(i32::try_from(process).ok()?)?))
    }

    /// Sets what its leader, and what that starts from now on, may use. The first moments of the program run without:
    /// a process can only be limited once it is there. What the system refuses is left as it was.
    #[cfg(target_os = "linux")]
    pub(super) fn limit(&self, limits: Limits) {
        use rustix::process::{Resource, Rlimit, prlimit};

        let at_most = |resource, limit: Option<u64>| {
            let Some(limit) = limit else { return };
            let new = Rlimit { current: Some(limit), maximum: Some(limit) };
            if let Err(error) = prlimit(Some(self.0), resource, new) {
                tracing::debug!(%error, ?resource, "failed to limit a command");
            }
        };
        at_most(Resource::Core, Some(0));
        at_most(Resource::As, limits.memory);
        at_most(Resource::Cpu, limits.cpu_seconds.map(u64::from));
        at_most(Resource::Nofile, Some(u64::from(limits.open_files)));
    }

    /// Other systems cannot limit a process from outside.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn limit(&self, _: Limits) {}
}

impl Drop for Group {
    fn drop(&mut self) {
        // The number cannot be another group's while one of this group lives; when none does, nobody is there to be
        // killed, unless all numbers were used since the leader was waited for, a moment ago.
        kill_process_group(self.0, Signal::KILL).ok();
    }
}
