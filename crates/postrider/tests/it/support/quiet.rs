//! Taking turns on the machine: a test that measures time does not run beside one that takes all there is.

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

static MACHINE: RwLock<()> = RwLock::const_new(());

/// For a test that times something small: it runs beside others, but not beside those that ask for [`alone`].
pub(crate) async fn quiet() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().await
}

/// For a test that loads the machine, or whose figures depend on nobody else doing so.
pub(crate) async fn alone() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().await
}
