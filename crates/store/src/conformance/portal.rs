//! Portal sessions.

use std::time::Duration;

use postrider_core::id::KeyId;
use postrider_core::key::{Key, Portal, Token, TokenHash};
use postrider_core::rights::{Right, Rights};
use postrider_core::scope::{Identity, Reach};

use super::World;
use super::world::Tenant;
use crate::{Expiry, NewPortalSession, Opening};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// A session of the tenant's application for two hours, with a link for ten minutes.
fn session(world: &World, tenant: &Tenant, name: Option<&str>) -> NewPortalSession {
    let (token, link) = (Token::generate(&world.rng), Token::generate(&world.rng));
    let rights = Rights::of(&[Right::Read, Right::Send]);
    let key = Key {
        id: world.id(KeyId::make),
        identity: Identity::new(Reach::App(tenant.environment, tenant.app.id), rights),
        name: name.unwrap_or_default().to_owned(),
        hint: token.hint(),
        created_at: world.now(),
        expires_at: Some(world.now().after(HOUR * 2)),
        revoked_at: None,
        portal: Some(Portal { session: name.map(str::to_owned), feature_flags: vec!["beta".into()] }),
    };
    let link_expires_at = world.now().after(MINUTE * 10);
    NewPortalSession { key, hash: token.hash(), link: link.hash(), link_expires_at }
}

pub(super) async fn made(world: &World, tenant: &Tenant, name: Option<&str>) -> NewPortalSession {
    let new = session(world, tenant, name);
    assert_eq!(world.store.create_portal_session(tenant.scope, new.clone()).await.unwrap(), Some(0));
    new
}

async fn find(world: &World, hash: TokenHash) -> Option<Key> {
    world.store.identify(world.system(), hash).await.unwrap()
}

fn opening(world: &World, link: TokenHash) -> Opening {
    let token = Token::generate(&world.rng);
    Opening { link, id: world.id(KeyId::make), hash: token.hash(), hint: token.hint(), now: world.now() }
}

/// A session is a key that no list of keys has; it is of an application that is there, and only that one ends it.
pub async fn a_portal_session_is_kept_whole(world: World) {
    let (store, tenant, other) = (&world.store, world.tenant().await, world.tenant().await);
    let named = made(&world, &tenant, Some("ann")).await;
    let mut plain = session(&world, &tenant, None);
    plain.key.portal = Some(Portal::default());
    assert_eq!(store.create_portal_session(tenant.scope, plain.clone()).await.unwrap(), Some(0));
    for new in [&named, &plain] {
        assert_eq!(find(&world, new.hash).await.as_ref(), Some(&new.key));
        assert_eq!(find(&world, new.link).await, None, "a one-time key opens nothing by itself");
    }
    assert_eq!(store.keys(world.system().instance()).await.unwrap(), []);

    assert!(!store.end_portal_session(other.scope, named.key.id).await.unwrap());
    assert!(store.end_portal_session(tenant.scope, named.key.id).await.unwrap());
    assert!(!store.end_portal_session(tenant.scope, named.key.id).await.unwrap());
    assert_eq!(find(&world, named.hash).await, None);
    assert!(find(&world, plain.hash).await.is_some());

    let foreign = made(&world, &other, None).await;
    store.delete_app(other.scope, world.now()).await.unwrap();
    assert_eq!(find(&world, foreign.hash).await, None, "it ends with its application");
    assert!(find(&world, plain.hash).await.is_some(), "and no other one does");
    let orphan = session(&world, &other, None);
    assert_eq!(store.create_portal_session(other.scope, orphan).await.unwrap(), None);
}

/// A one-time key is exchanged once and in time, for a session that may as much and lasts as long.
pub async fn a_one_time_key_works_once(world: World) {
    let (store, tenant) = (&world.store, world.tenant().await);
    let new = made(&world, &tenant, Some("ann")).await;
    world.pass(MINUTE);
    let open = async |opening: &Opening| {
        let opened = store.open_portal(world.system(), opening.clone()).await.unwrap();
        opened.map(|(key, removed)| {
            assert_eq!(removed, 0);
            key
        })
    };
    let (first, second) = (opening(&world, new.link), opening(&world, new.link));
    let (one, other) = tokio::join!(open(&first), open(&second));
    assert!(one.is_some() != other.is_some(), "one of two gets it: {one:?} {other:?}");
    let (opening_that_worked, opened) =
        if let Some(key) = one { (first, key) } else { (second, other.unwrap()) };
    let expected = Key {
        id: opening_that_worked.id,
        hint: opening_that_worked.hint.clone(),
        created_at: world.now(),
        ..new.key.clone()
    };
    assert_eq!(opened, expected);
    assert_eq!(find(&world, opening_that_worked.hash).await, Some(expected));
    assert!(find(&world, new.hash).await.is_some(), "the first token stays");
    assert_eq!(open(&opening(&world, new.link)).await, None);
    assert_eq!(open(&opening(&world, new.hash)).await, None, "a token is no one-time key");

    let late = made(&world, &tenant, None).await;
    world.pass(MINUTE * 10);
    assert_eq!(open(&opening(&world, late.link)).await, None);
    let ended = made(&world, &tenant, None).await;
    store.end_portal_session(tenant.scope, ended.key.id).await.unwrap();
    assert_eq!(open(&opening(&world, ended.link)).await, None);
    let orphan = made(&world, &tenant, None).await;
    store.delete_app(tenant.scope, world.now()).await.unwrap();
    assert_eq!(open(&opening(&world, orphan.link)).await, None);
}

/// Sessions are ended by name or all at once, sooner and never later.
pub async fn portal_sessions_expire_together(world: World) {
    let (store, tenant, other) = (&world.store, world.tenant().await, world.tenant().await);
    let mut sessions = Vec::new();
    for name in [Some("ann"), Some("bob"), None] {
        sessions.push(made(&world, &tenant, name).await);
    }
    let foreign = made(&world, &other, Some("ann")).await;
    let end = world.now().after(HOUR * 2);
    let ends = async || {
        let mut ends = Vec::new();
        for session in sessions.iter().chain([&foreign]) {
            ends.push(find(&world, session.hash).await.unwrap().expires_at.unwrap());
        }
        ends
    };
    let expire = async |names: Option<&[&str]>, at| {
        let sessions = names.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        store.expire_portal_sessions(tenant.scope, Expiry { sessions, at }).await.unwrap();
    };
    expire(Some(&["nobody"]), world.now()).await;
    expire(Some(&[]), world.now()).await;
    expire(None, end.after(HOUR)).await;
    assert_eq!(ends().await, [end, end, end, end]);
    let soon = world.now().after(MINUTE);
    expire(Some(&["ann", "ann", "carl"]), soon).await;
    assert_eq!(ends().await, [soon, end, end, end]);
    let later = soon.after(MINUTE);
    expire(None, later).await;
    assert_eq!(ends().await, [soon, later, later, end]);
    expire(None, world.now()).await;
    let opened = store.open_portal(world.system(), opening(&world, sessions[1].link)).await.unwrap();
    assert_eq!(opened, None, "nor does its one-time key work any more");
}
