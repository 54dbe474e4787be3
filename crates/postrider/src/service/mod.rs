//! The use cases that every face shares: one module per noun, one function per act.
//!
//! Every function takes the [`Context`](crate::context::Context) and the caller's
//! [`Identity`](postrider_core::scope::Identity), and answers with things of `postrider_core` or a typed error. What a
//! caller may do is decided here ([`access`]), what values may look like as well ([`fields`]); a face only translates.
//!
//! After a change and before it answers, a function tells the directory to read anew and the lanes to look again, so
//! that a caller's next publish sees its own change. A change and that telling are one step that a caller who hangs up
//! cannot interrupt (`finish`).
//!
//! Deliberately absent: anything of HTTP. Status codes, headers and bodies belong to `api`; the one body that passes
//! through here is the answer that is remembered for an idempotency key ([`once`]).

pub mod access;
pub mod fields;
pub mod memory;
pub mod once;
mod page_size;
pub mod turns;

pub mod audit;

pub mod keyring;
pub mod keys;

pub mod environments;

pub mod people;

pub mod apps;
pub mod catalog;
pub mod event_types;
pub mod portal;

pub mod endpoints;

pub mod messages;

pub mod sources;

pub mod listen;
pub mod relay;

pub mod bins;
pub mod examine;

pub mod attempts;
pub mod deliveries;
pub mod difference;
pub mod inspect;

pub mod saved;
pub mod search;

pub mod analytics;
pub mod issues;

pub mod replay;
pub mod tasks;

use postrider_store::Error as StoreError;

/// An object that a caller asked to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ensured<T> {
    /// This call made it.
    Created(T),
    /// It was there before; an upsert has changed it.
    Existing(T),
}

/// How often an upsert starts over when others create or delete the same object meanwhile.
const UPSERT_ROUNDS: usize = 3;

/// Runs a step to its end, even if whoever waits for it goes away: what the store has committed must also take effect
/// in memory.
async fn finish<T, E>(step: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    match tokio::spawn(step).await {
        Ok(outcome) => outcome,
        Err(panic) => Err(StoreError::Engine(panic.into()).into()),
    }
}
