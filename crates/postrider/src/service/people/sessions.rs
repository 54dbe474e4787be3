//! Sessions: begun, used, listed and ended.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use postrider_core::audit::{Actor, ActorKind};
use postrider_core::environment::Environment;
use postrider_core::id::{PersonId, SessionId};
use postrider_core::person::Person;
use postrider_core::scope::{Identity, SystemScope};
use postrider_core::session::{FormToken, Session, Ticket};
use postrider_store::{Ending, Error as StoreError};

use super::{Error, manage};
use crate::context::Context;
use crate::service::audit;

/// Bytes of what a browser calls itself that are kept.
const AGENT_BYTES: usize = 256;

/// A person in a session.
#[derive(Debug, Clone)]
pub struct Entered {
    /// Who it is.
    pub person: Person,
    /// Their session.
    pub session: Session,
    /// What their forms must carry.
    pub form_token: FormToken,
    /// The environments that they may see, oldest first.
    pub environments: Vec<Environment>,
}

/// Where somebody is who signs in, for the list of sessions and against those who guess.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// What the browser calls itself.
    pub agent: String,
    /// Where the connection comes from, if it came over a network.
    pub address: Option<IpAddr>,
}

/// The person and the session that a cookie stands for; `None` when it has ended, or never was one.
pub async fn enter(context: &Context, cookie: &str) -> Result<Option<Entered>, StoreError> {
    let Some(ticket) = Ticket::read(cookie) else { return Ok(None) };
    let scope = SystemScope::assume();
    let found = context.store.session(scope, ticket.hash()).await?;
    let now = context.now();
    let Some((session, person)) = found.filter(|(session, _)| session.is_valid(now)) else { return Ok(None) };
    if session.is_due(now) {
        note_use(context, session.id);
    }
    let mut environments = context.store.environments(scope.instance()).await?;
    environments.retain(|environment| person.environments.has(environment.id));
    Ok(Some(Entered { person, session, form_token: ticket.form_token(), environments }))
}

/// Notes that a session is in use. Nobody waits for it: a page must not be slow, or fail, because of that.
fn note_use(context: &Context, session: SessionId) {
    let context = Arc::clone(context);
    tokio::spawn(async move {
        if let Err(error) = context.store.see_session(SystemScope::assume(), session, context.now()).await {
            tracing::debug!(%error, "failed to note the use of a session");
        }
    });
}

/// Begins a session of a person who has proved who they are, which the audit log is told. What the cookie holds; `None`
/// when they are disabled.
pub(super) async fn begin(
    context: &Context,
    person: &Person,
    client: &Client,
) -> Result<Option<Ticket>, StoreError> {
    let (ticket, now) = (Ticket::generate(&*context.rng), context.now());
    let session = Session {
        id: SessionId::make(&context.ids, &*context.clock, &*context.rng),
        person: person.id,
        created_at: now,
        seen_at: now,
        agent: agent(&client.agent),
        network: client.address.map(network).unwrap_or_default(),
    };
    let id = session.id;
    let actor = Actor::new(ActorKind::Person, person.id, person.shown_name());
    let act = async {
        audit::about("session", id);
        match context.store.begin_session(SystemScope::assume(), session, ticket.hash()).await {
            Ok(true) => Ok(ticket),
            Ok(false) => Err(None),
            Err(error) => Err(Some(error)),
        }
    };
    match audit::doing(context, "session.begin", (actor, None, client.address), act).await {
        Ok(ticket) => Ok(Some(ticket)),
        Err(None) => Ok(None),
        Err(Some(error)) => Err(error),
    }
}

/// Has the audit log told of what a person did on their way in, where it was done: before their session begins.
pub(super) async fn record(
    context: &Context,
    action: &str,
    (before, person): (Option<&Person>, &Person),
    client: &Client,
) {
    let actor = Actor::new(ActorKind::Person, person.id, person.shown_name());
    let act = async {
        audit::about("user", person.id);
        if let Some(before) = before {
            audit::changed(before, person);
        }
        Ok::<_, Infallible>(())
    };
    let Ok(()) = audit::doing(context, action, (actor, None, client.address), act).await;
}

/// The sessions of a person who is signed in: their own, or those of another for whoever manages people.
pub(super) async fn valid(context: &Context, person: PersonId) -> Result<Vec<Session>, StoreError> {
    let mut sessions = context.store.sessions(SystemScope::assume(), person).await?;
    let now = context.now();
    sessions.retain(|session| session.is_valid(now));
    Ok(sessions)
}

/// The own sessions of whoever is in one, the newest first.
pub async fn own(context: &Context, entered: &Entered) -> Result<Vec<Session>, StoreError> {
    valid(context, entered.person.id).await
}

/// Ends own sessions of whoever is in one. How many there were.
pub async fn end_own(context: &Context, entered: &Entered, ending: Ending) -> Result<u64, StoreError> {
    context.store.end_sessions(SystemScope::assume(), entered.person.id, ending).await
}

/// Ends the sessions of anybody, for whoever manages people. How many there were.
pub async fn end(
    context: &Context,
    identity: Identity,
    person: PersonId,
    ending: Ending,
) -> Result<u64, Error> {
    let person = manage::get(context, identity, person).await?.id;
    Ok(context.store.end_sessions(SystemScope::assume(), person, ending).await?)
}

/// What a browser calls itself, as far as it is kept: one line without anything that is not seen.
fn agent(text: &str) -> String {
    let mut kept: String = text.chars().filter(|c| !c.is_control()).take(AGENT_BYTES).collect();
    while kept.len() > AGENT_BYTES {
        kept.pop();
    }
    kept
}

/// The network of an address: enough for people to recognise, and less than where they live.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_only_the_network_is_kept() {
        for (address, expected) in [
            ("192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
            ("::1", "::/48"),
        ] {
            assert_eq!(network(address.parse().unwrap()), expected);
        }
    }

    #[test]
    fn what_a_browser_calls_itself_is_one_short_line() {
        assert_eq!(agent("Mozilla/5.0\r\n\u{0}x"), "Mozilla/5.0x");
        assert_eq!(agent(&"ä".repeat(AGENT_BYTES)).len(), AGENT_BYTES);
    }
}
