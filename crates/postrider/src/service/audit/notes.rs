//! What is noted of an act while it happens.
//!
//! An act knows nothing of its record: a task-local carries the notes, as it does a span of the log. What is spawned
//! inside an act notes nothing, so services note before and after what they see through, never within.

use parking_lot::Mutex;
use postrider_core::audit::{Actor, CHANGES, Setting, TARGETS, Target};
use postrider_core::id::EnvironmentId;

use super::settings::Describe;

tokio::task_local! {
    static NOTES: Mutex<Notes>;
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Notes {
    /// Who acts.
    pub actor: Option<Actor>,
    /// Where.
    pub environment: Option<EnvironmentId>,
    /// What the act is about, each noun once.
    pub targets: Vec<Target>,
    /// What it changes of settings.
    pub changes: Vec<postrider_core::audit::Changed>,
}

/// Does something, and gives what was noted meanwhile.
pub async fn observe<F: Future>(act: F) -> (F::Output, Notes) {
    let noted = NOTES.scope(Mutex::default(), async {
        let output = act.await;
        (output, NOTES.with(|notes| std::mem::take(&mut *notes.lock())))
    });
    noted.await
}

/// Whether anybody observes what happens here.
#[must_use]
pub fn is_observed() -> bool {
    NOTES.try_with(|_| ()).is_ok()
}

/// Notes who acts, and in which environment.
pub fn by(actor: Actor, environment: Option<EnvironmentId>) {
    note(|notes| {
        notes.actor = Some(actor);
        notes.environment = environment;
    });
}

/// Notes that the act is about something in this environment, where its actor reaches further.
pub(crate) fn in_environment(environment: EnvironmentId) {
    note(|notes| notes.environment = Some(environment));
}

/// Notes what the act is about. The first of a kind counts: what is looked up on the way comes later.
pub fn about(noun: &str, id: impl ToString) {
    note(|notes| {
        if notes.targets.len() < TARGETS && notes.targets.iter().all(|target| target.noun != noun) {
            notes.targets.push(Target::new(noun, id));
        }
    });
}

/// Notes how a thing differs from what it was.
pub(crate) fn changed<T: Describe>(before: &T, after: &T) {
    note(|notes| {
        for ((field, old), (_, new)) in before.settings().into_iter().zip(after.settings()) {
            if notes.changes.len() < CHANGES {
                notes.changes.extend(Setting::compare(field, &old, &new));
            }
        }
    });
}

fn note(note: impl FnOnce(&mut Notes)) {
    // Outside of an observed act there is nobody to note for.
    let _ = NOTES.try_with(|notes| note(&mut notes.lock()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_happens_outside_is_not_noted() {
        about("app", "before");
        let (told, notes) = observe(async {
            about("app", "within");
            about("app", "again");
            tokio::task::yield_now().await;
            about("endpoint", 7);
            "done"
        })
        .await;
        about("app", "after");
        let targets: Vec<_> = notes.targets.iter().map(|target| (&*target.noun, &*target.id)).collect();
        assert_eq!((told, targets), ("done", vec![("app", "within"), ("endpoint", "7")]));
        assert_eq!(notes.actor, None);
    }
}
