//! Waiting for what is bound to happen.

use std::time::Duration;

/// The longest that a test waits for anything: long enough that only a defect meets it, on a busy machine too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The rest between two looks, where nothing tells of a change.
const LOOK: Duration = Duration::from_millis(10);

/// Looks until `look` finds something. For what can only be asked for; receivers have [`super::Receiver::wait`].
pub(crate) async fn await_until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, looking).await;
    found.unwrap_or_else(|_| panic!("waited {PATIENCE:?} for {what}"))
}
