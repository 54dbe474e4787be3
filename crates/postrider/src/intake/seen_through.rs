//! Work that is finished even when nobody waits for it any more.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// A future that runs in its caller's task and, should the caller be dropped, goes on in a task of its own. So what
/// must be finished costs no task of its own as long as the caller stays, which is nearly always.
///
/// It must be made and dropped inside a Tokio runtime; where that has ended, there is nobody left to go on.
pub(super) struct SeenThrough<F: Future<Output: Send> + Send + 'static>(Option<Pin<Box<F>>>);

impl<F: Future<Output: Send> + Send + 'static> SeenThrough<F> {
    pub(super) fn new(work: F) -> Self {
        Self(Some(Box::pin(work)))
    }
}

impl<F: Future<Output: Send> + Send + 'static> Future for SeenThrough<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // Taken out for the time of the poll: work that panics is not picked up again.
        let mut work = self.0.take().expect("it is not polled after it is done");
        let polled = work.as_mut().poll(cx);
        if polled.is_pending() {
            self.0 = Some(work);
        }
        polled
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for SeenThrough<F> {
    fn drop(&mut self) {
        if let (Some(work), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use futures_util::{FutureExt as _, poll};
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn its_outcome_is_the_works() {
        assert_eq!(SeenThrough::new(async { 7 }).await, 7);
    }

    #[tokio::test]
    async fn what_its_caller_leaves_is_finished() {
        let (go, told) = oneshot::channel::<()>();
        let (done, finished) = oneshot::channel();
        let mut work = SeenThrough::new(async {
            told.await.unwrap();
            done.send("finished").unwrap();
        });
        assert!(poll!(&mut work).is_pending());
        drop(work);
        go.send(()).unwrap();
        assert_eq!(finished.await, Ok("finished"));
    }

    #[tokio::test]
    async fn what_panicked_is_left() {
        let (alive, gone) = oneshot::channel::<()>();
        let work = SeenThrough::new(async move {
            let _alive = alive;
            panic!("poison");
        });
        assert!(AssertUnwindSafe(work).catch_unwind().await.is_err());
        assert!(gone.await.is_err());
    }
}
