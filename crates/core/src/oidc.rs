//! Signing in with an identity provider: the rules of `OpenID` Connect, as far as a client needs them.
//!
//! The code flow with PKCE, and nothing else. In reading order: [`Provider`], what a provider publishes of itself;
//! [`Flow`], what ties an answer to the browser that was sent there; [`id_token`], whether what the provider says is
//! genuine and for us; [`Admission`], who is let in, and as what.
//!
//! Deliberately absent: the flows that bring tokens through the browser, userinfo, and anything that the ID token does
//! not say; refreshing, and signing out at the provider: our session is our own.

mod admission;
mod flow;
pub mod id_token;
mod provider;

pub use admission::{Admission, Refused};
pub use flow::Flow;
pub use id_token::Claims;
pub use provider::{InvalidProvider, Provider};
