//! Where passwords are hashed: beside the server's work, few at once, and with an end to the queue.
//!
//! A hash takes 19 MiB and tens of milliseconds of one core. Without a bound, whoever sends passwords would have the
//! machine.

use std::sync::Arc;

use postrider_core::password::{self, PasswordHash};
use postrider_core::rng::Rng;
use tokio::sync::{Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

use super::Busy;

/// Hashes that are made at once.
const AT_ONCE: usize = 2;
/// Hashes that wait or are made: those beyond are refused.
const PLACES: usize = 32;

/// See the module's documentation.
pub(super) struct Passwords {
    places: Semaphore,
    turns: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { places: Semaphore::new(PLACES), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Passwords {
    /// The hash of a password that was checked for its form.
    pub(super) async fn hash(
        &self,
        password: Zeroizing<String>,
        rng: Arc<dyn Rng>,
    ) -> Result<PasswordHash, Busy> {
        self.work(move || PasswordHash::of(&password, &*rng)).await
    }

    /// Whether `password` is the one that was hashed. It takes as long where there is nothing to compare with.
    pub(super) async fn matches(
        &self,
        password: Zeroizing<String>,
        hash: Option<PasswordHash>,
    ) -> Result<bool, Busy> {
        let check = move || {
            if let Some(hash) = hash {
                hash.matches(&password)
            } else {
                password::pretend(&password);
                false
            }
        };
        self.work(check).await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let _place: SemaphorePermit<'_> = self.places.try_acquire().map_err(|_| Busy)?;
        // The turn goes with the work, which goes on when the caller has gone.
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop(turn);
            outcome
        });
        done.await.map_err(|_| Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn two_work_at_once_and_the_queue_has_an_end() {
        let passwords = Arc::new(Passwords::default());
        let (told, mut started) = tokio::sync::mpsc::unbounded_channel();
        let gate = Arc::new(std::sync::Barrier::new(AT_ONCE + 1));
        let all: Vec<_> = (0..PLACES)
            .map(|number| {
                let (passwords, told, gate) = (Arc::clone(&passwords), told.clone(), Arc::clone(&gate));
                tokio::spawn(async move {
                    let work = move || {
                        told.send(number).unwrap();
                        if number < AT_ONCE {
                            gate.wait();
                        }
                    };
                    passwords.work(work).await
                })
            })
            .collect();
        for expected in 0..AT_ONCE {
            assert!(started.recv().await.unwrap() < AT_ONCE, "number {expected} of those that work");
        }
        while passwords.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(started.is_empty(), "the others wait");
        assert_eq!(passwords.work(|| ()).await, Err(Busy), "one more is refused");
        gate.wait();
        for one in all {
            assert_eq!(one.await.unwrap(), Ok(()));
        }
        assert_eq!(passwords.work(|| ()).await, Ok(()), "there is room again");
    }
}
