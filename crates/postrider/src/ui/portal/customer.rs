//! Who looks at a page of the portal: an extractor that lets in only who has a session.

use std::net::IpAddr;

use axum::extract::{FromRef, FromRequestParts, Request};
use futures_util::future::BoxFuture;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use postrider_core::app::Ref;
use postrider_core::event_type::Sight;
use postrider_core::id::AppId;
use postrider_core::rights::Right;
use postrider_core::scope::Identity;
use postrider_core::session::FormToken;

use super::failure::Failure;
use super::look::Look;
use crate::context::Context;
use crate::server::Peer;
use crate::service::portal::{self, Session};
use crate::service::{access, apps, audit};
use crate::ui::form::Form;
use crate::ui::visitor;

/// A customer in a session.
#[derive(Debug)]
pub(super) struct Customer {
    session: Session,
    name: String,
    form_token: FormToken,
    look: Look,
    address: Option<IpAddr>,
}

impl Customer {
    /// What they reach and may do: for the services.
    pub(super) fn identity(&self) -> Identity {
        self.session.identity()
    }

    /// Whether they may do something.
    pub(super) fn may(&self, right: Right) -> bool {
        self.session.rights().has(right)
    }

    /// Their application.
    pub(super) const fn app(&self) -> Ref<AppId> {
        self.session.app()
    }

    /// Its name, where they may read.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Which event types they see.
    pub(super) fn sight(&self) -> Sight {
        self.session.sight()
    }

    /// How their pages look.
    pub(super) const fn look(&self) -> &Look {
        &self.look
    }

    /// What their forms carry in the field `csrf`.
    pub(super) fn csrf(&self) -> &str {
        self.form_token.as_str()
    }

    /// Reads a form that one of their pages sent.
    pub(super) async fn read(&self, context: &Context, request: Request) -> Result<Form, Failure> {
        Form::read_with(&self.form_token, context, request).await.map_err(|_| Failure::not_ours())
    }

    /// Does something for them, and has it in the audit log under the operation's name in the API.
    pub(super) fn doing<'a, T: Send + 'a, E: Send + 'a>(
        &self,
        context: &'a Context,
        operation: &'a str,
        act: impl Future<Output = Result<T, E>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, E>> {
        let doer = (self.session.actor(), Some(self.session.environment()), self.address);
        Box::pin(audit::doing(context, operation, doer, act))
    }
}

/// The token that a request brings: in its head, or in a cookie.
pub(super) fn token<'h>(context: &Context, headers: &'h HeaderMap) -> &'h str {
    let sent = headers.get(AUTHORIZATION).map(|sent| sent.to_str().unwrap_or_default());
    let bearer = sent.map(|sent| sent.strip_prefix("Bearer ").unwrap_or_default());
    bearer.or_else(|| visitor::cookie(headers, cookie(context))).unwrap_or_default()
}

/// The cookie of a session. Where there is TLS, a browser takes one of this name only from this very host.
pub(super) fn cookie(context: &Context) -> &'static str {
    if context.public_url().starts_with("https://") { "__Host-postrider-portal" } else { "postrider-portal" }
}

impl<S> FromRequestParts<S> for Customer
where
    S: Send + Sync,
    Context: FromRef<S>,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let context = Context::from_ref(state);
        let token = token(&context, &parts.headers);
        let session = portal::session(&context, token).await?.ok_or_else(Failure::ended)?;
        let name = match apps::get(&context, session.identity(), &session.app()).await {
            Ok(app) => app.name,
            // Who may act but not look gets pages that say so where they read.
            Err(apps::Error::Access(access::Error::Denied(_))) => String::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            session,
            name,
            form_token: FormToken::of(token),
            look: Look::of(&parts.headers),
            address: parts.extensions.get::<Peer>().map(|Peer(address)| *address),
        })
    }
}
