//! Who looks at a page of the dashboard: an extractor that lets only people in who have signed in.
//!
//! [`Visitor`] is a person in a session, [`SignedIn`] the same below `/dashboard/{environment}/…`, where the environment
//! is one that the person may see. Whoever has no session is sent to the page for signing in, and comes back from there.

use std::net::IpAddr;

use axum::extract::{FromRef, FromRequestParts, RawPathParams};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use maud::html;
use postrider_core::audit::{Actor, ActorKind};
use postrider_core::environment::Environment;
use postrider_core::id::EnvironmentId;
use postrider_core::person::Person;
use postrider_core::role::Role;
use postrider_core::scope::{Denied, Identity};
use postrider_core::session::{FormToken, Session};

use super::theme::Theme;
use super::{Page, page, visitor};
use crate::context::Context;
use crate::server::Peer;
use crate::service::people::{self, Entered};

/// Where people sign in.
pub(crate) const SIGN_IN: &str = "/sign-in";
/// Where they go from there, unless they came from a page below it.
pub(crate) const HOME: &str = "/dashboard";
/// The longest way back that is kept.
const NEXT_BYTES: usize = 2_048;

/// A person in a session.
#[derive(Debug)]
pub(crate) struct Visitor {
    entered: Entered,
    address: Option<IpAddr>,
}

/// Who does something from a page, in which environment, and where the request comes from: for
/// [`audit::doing`](crate::service::audit::doing).
pub(crate) type Doer = (Actor, Option<EnvironmentId>, Option<IpAddr>);

/// A person in a session, on a page of an environment that they may see.
#[derive(Debug)]
pub(crate) struct SignedIn {
    visitor: Visitor,
    environment: Environment,
    theme: Theme,
}

/// Why somebody is not let in.
#[derive(Debug)]
pub(crate) enum Rejection {
    /// They have not signed in.
    Anonymous(Anonymous),
    /// They have, but there is no such environment for them.
    NoEnvironment,
    /// It cannot be known now.
    Trouble,
}

/// The way to the page for signing in, and back.
#[derive(Debug)]
pub(crate) struct Anonymous {
    next: String,
    is_fragment: bool,
}

impl Visitor {
    /// Who it is.
    pub(crate) const fn user(&self) -> &Person {
        &self.entered.person
    }

    /// Their session.
    pub(crate) const fn session(&self) -> &Session {
        &self.entered.session
    }

    /// What they may do.
    pub(crate) const fn role(&self) -> Role {
        self.entered.person.role
    }

    /// The environments that they may see, oldest first.
    pub(crate) fn environments(&self) -> &[Environment] {
        &self.entered.environments
    }

    /// The person and the session, for the services that are about them.
    pub(crate) const fn entered(&self) -> &Entered {
        &self.entered
    }

    /// Who they are to the audit log.
    pub(crate) fn actor(&self) -> Actor {
        let person = self.user();
        Actor::new(ActorKind::Person, person.id, person.shown_name())
    }

    /// Them as who does something to the installation.
    pub(crate) fn doer(&self) -> Doer {
        (self.actor(), None, self.address)
    }

    /// What the forms of their pages carry in the field `csrf`.
    pub(crate) fn csrf(&self) -> &str {
        self.entered.form_token.as_str()
    }

    /// The same, to be compared.
    pub(super) const fn form_token(&self) -> &FormToken {
        &self.entered.form_token
    }

    /// The right to manage the installation.
    pub(crate) fn instance(&self) -> Result<Identity, Denied> {
        people::instance(self.user())
    }
}

impl SignedIn {
    /// Who it is.
    pub(crate) const fn user(&self) -> &Person {
        self.visitor.user()
    }

    /// Their session.
    pub(crate) const fn session(&self) -> &Session {
        self.visitor.session()
    }

    /// What they may do.
    pub(crate) const fn role(&self) -> Role {
        self.visitor.role()
    }

    /// The environment of the page.
    pub(crate) const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The theme that they chose for their pages.
    pub(crate) const fn theme(&self) -> Theme {
        self.theme
    }

    /// The environments that they may see, oldest first: for the switcher.
    pub(crate) fn environments(&self) -> &[Environment] {
        self.visitor.environments()
    }

    /// What they reach in the environment of the page, and may do there: for the services.
    pub(crate) fn identity(&self) -> Identity {
        people::identity(self.user(), self.environment.id)
    }

    /// The right to manage the installation, which admins of all environments have.
    pub(crate) fn instance(&self) -> Result<Identity, Denied> {
        self.visitor.instance()
    }

    /// The person and the session, for the services that are about them.
    pub(crate) const fn entered(&self) -> &Entered {
        self.visitor.entered()
    }

    /// Who they are to the audit log.
    pub(crate) fn actor(&self) -> Actor {
        self.visitor.actor()
    }

    /// Them as who does something in the environment of the page.
    pub(crate) fn doer(&self) -> Doer {
        (self.actor(), Some(self.environment.id), self.visitor.address)
    }

    /// What the forms of their pages carry in the field `csrf`, and other requests in `X-CSRF-Token`.
    pub(crate) fn csrf(&self) -> &str {
        self.visitor.csrf()
    }
}

impl AsRef<Visitor> for SignedIn {
    fn as_ref(&self) -> &Visitor {
        &self.visitor
    }
}

impl AsRef<Self> for Visitor {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl<S> FromRequestParts<S> for Visitor
where
    S: Send + Sync,
    Context: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let context = Context::from_ref(state);
        let cookie = visitor::cookie(&parts.headers, session_cookie(&context)).unwrap_or_default();
        match people::enter(&context, cookie).await {
            Ok(Some(entered)) => {
                let address = parts.extensions.get::<Peer>().map(|Peer(address)| *address);
                Ok(Self { entered, address })
            }
            Ok(None) => Err(Rejection::Anonymous(Anonymous::of(parts))),
            Err(error) => {
                tracing::warn!(%error, "failed to look up a session");
                Err(Rejection::Trouble)
            }
        }
    }
}

impl<S> FromRequestParts<S> for SignedIn
where
    S: Send + Sync,
    Context: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| Rejection::NoEnvironment)?;
        let id = params.iter().find(|(name, _)| *name == "environment");
        let id: Option<EnvironmentId> = id.and_then(|(_, text)| text.parse().ok());
        let environment = visitor.environments().iter().find(|environment| Some(environment.id) == id);
        let environment = environment.cloned().ok_or(Rejection::NoEnvironment)?;
        Ok(Self { visitor, environment, theme: Theme::of(&parts.headers) })
    }
}

impl Anonymous {
    fn of(parts: &Parts) -> Self {
        let is_fragment = parts.headers.contains_key("hx-request");
        let way = if is_fragment { current_page(&parts.headers) } else { Some(parts.uri.clone()) };
        // A form is not sent again: what it would lead back to is not known here.
        let is_page = is_fragment || matches!(parts.method, Method::GET | Method::HEAD);
        let way = way.filter(|_| is_page).and_then(|uri| uri.path_and_query().map(ToString::to_string));
        Self { next: own_path(way.as_deref().unwrap_or_default()).to_owned(), is_fragment }
    }

    fn location(&self) -> String {
        if self.next == HOME {
            return SIGN_IN.to_owned();
        }
        let next = url::form_urlencoded::byte_serialize(self.next.as_bytes());
        format!("{SIGN_IN}?next={}", next.collect::<String>())
    }
}

impl IntoResponse for Anonymous {
    fn into_response(self) -> Response {
        if !self.is_fragment {
            return page::see(&self.location());
        }
        let mut response = StatusCode::UNAUTHORIZED.into_response();
        if let Ok(location) = HeaderValue::try_from(self.location()) {
            response.headers_mut().insert("hx-redirect", location);
        }
        response
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let (status, title, text) = match self {
            Self::Anonymous(anonymous) => return anonymous.into_response(),
            Self::NoEnvironment => (
                StatusCode::NOT_FOUND,
                "Not here",
                "There is no such environment, or it is not yours to see.",
            ),
            Self::Trouble => {
                (StatusCode::SERVICE_UNAVAILABLE, "Not now", "The database does not answer. Try again soon.")
            }
        };
        let body = html! {
            main #main {
                div.empty { h1 { (title) } p { (text) } p { a href=(HOME) { "To the dashboard" } } }
            }
        };
        Page::new(title, &[], &body).with_status(status).into_response()
    }
}

/// The cookie of a session. Where there is TLS, a browser takes one of this name only from this very host.
pub(crate) fn session_cookie(context: &Context) -> &'static str {
    if context.public_url().starts_with("https://") { "__Host-postrider" } else { "postrider" }
}

/// The way back, if it is one into the dashboard: else the dashboard itself. What follows a host in a browser's eyes is
/// refused, however it is spelled.
pub(crate) fn own_path(next: &str) -> &str {
    let rest = next.strip_prefix(HOME);
    let is_own = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_own && is_plain && next.len() <= NEXT_BYTES { next } else { HOME }
}

/// The way back that an address carries in `next`, if it is one of ours.
pub(crate) fn next_of(uri: &Uri) -> String {
    let mut pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let next = pairs.find(|(name, _)| name == "next").map(|(_, value)| value).unwrap_or_default();
    own_path(&next).to_owned()
}

/// The page that a fragment was asked for from, by what the page's script says.
fn current_page(headers: &HeaderMap) -> Option<Uri> {
    headers.get("hx-current-url")?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ways_into_the_dashboard_lead_back() {
        for next in ["/dashboard", "/dashboard/env_1/deliveries?q=status%3Afailed", "/dashboard?a=b"] {
            assert_eq!(own_path(next), next);
        }
        let long = format!("{HOME}/{}", "a".repeat(NEXT_BYTES));
        for next in [
            "",
            "/",
            "//elsewhere.example",
            "/\\elsewhere.example",
            "https://elsewhere.example/dashboard",
            "/dashboards",
            "/dashboard\\elsewhere",
            "/dashboard/\r\nset-cookie:a",
            "/dashboard/ä",
            "/portal",
            long.as_str(),
        ] {
            assert_eq!(own_path(next), HOME, "{next:?}");
        }
    }

    fn anonymous(method: Method, uri: &str, headers: &[(&'static str, &str)]) -> Anonymous {
        let mut request = http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Anonymous::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn whoever_is_sent_away_comes_back_to_their_page() {
        let fragment = [("hx-request", "true"), ("hx-current-url", "http://a:1/dashboard/env_1/x?y=1")];
        for (method, uri, headers, expected) in [
            (Method::GET, "/dashboard", &[][..], "/sign-in"),
            (Method::GET, "/dashboard/e?a=b", &[], "/sign-in?next=%2Fdashboard%2Fe%3Fa%3Db"),
            (Method::POST, "/dashboard/e/act", &[], "/sign-in"),
            (Method::GET, "/dashboard/e/rows", &fragment, "/sign-in?next=%2Fdashboard%2Fenv_1%2Fx%3Fy%3D1"),
            (Method::POST, "/dashboard/e/act", &fragment, "/sign-in?next=%2Fdashboard%2Fenv_1%2Fx%3Fy%3D1"),
            (Method::GET, "/dashboard/e/rows", &fragment[..1], "/sign-in"),
        ] {
            assert_eq!(anonymous(method, uri, headers).location(), expected, "{uri} {headers:?}");
        }
        let response = anonymous(Method::GET, "/dashboard/e/rows", &fragment).into_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert!(
            response.headers().contains_key("hx-redirect") && !response.headers().contains_key("location")
        );
        let response = anonymous(Method::GET, "/dashboard/e", &[]).into_response();
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
    }
}
