//! People, their one-time links and their sessions.

use std::sync::Arc;
use std::time::Duration;

use postrider_core::id::{EnvironmentId, PersonId, SessionId};
use postrider_core::key::TokenHash;
use postrider_core::password::PasswordHash;
use postrider_core::person::{Environments, PEOPLE, Person, Subject};
use postrider_core::role::Role;
use postrider_core::scope::SystemScope;
use postrider_core::session::{IDLE, LENGTH, Link, Purpose, SESSIONS, Session};
use postrider_core::time::Timestamp;

use super::World;
use crate::{Change, Chosen, CreateError, Ending, Known, NewLink, PersonError, Store, Who};

const HOUR: Duration = Duration::from_secs(3_600);

fn hash(number: u16) -> TokenHash {
    let mut hash = [7; 32];
    hash[..2].copy_from_slice(&number.to_be_bytes());
    TokenHash(hash)
}

fn password(text: &str) -> PasswordHash {
    PasswordHash::from_stored(text.to_owned())
}

fn new_person(world: &World, email: &str, role: Role) -> Person {
    Person {
        id: world.id(PersonId::make),
        email: email.parse().unwrap(),
        name: "Ada".into(),
        role,
        environments: Environments::All,
        has_password: false,
        subject: None,
        disabled_at: None,
        created_at: world.now(),
    }
}

async fn create(world: &World, email: &str, role: Role) -> Person {
    let person = new_person(world, email, role);
    world.store.create_person(world.system().instance(), person.clone(), None).await.unwrap();
    person
}

async fn known(world: &World, who: Who) -> Option<Known> {
    world.store.person(world.system(), who).await.unwrap()
}

async fn change(
    world: &World,
    person: PersonId,
    change: impl Fn(&mut Person) + Send + Sync + 'static,
) -> Result<Option<Person>, PersonError> {
    let change: Change<Person> = Arc::new(change);
    world.store.change_person(world.system().instance(), person, change).await
}

fn new_session(world: &World, person: PersonId) -> Session {
    Session {
        id: world.id(SessionId::make),
        person,
        created_at: world.now(),
        seen_at: world.now(),
        agent: "a browser".into(),
        network: "192.0.2.0/24".into(),
    }
}

async fn begin(world: &World, person: PersonId, number: u16) -> Option<Session> {
    let session = new_session(world, person);
    let begun = world.store.begin_session(world.system(), session.clone(), hash(number)).await.unwrap();
    begun.then_some(session)
}

async fn session(world: &World, number: u16) -> Option<(Session, Person)> {
    world.store.session(world.system(), hash(number)).await.unwrap()
}

async fn make_link(world: &World, number: u16, purpose: Purpose) -> bool {
    let link = Link { purpose, expires_at: world.now().after(HOUR) };
    world.store.make_link(world.system(), hash(number), link, world.now()).await.unwrap()
}

async fn link(world: &World, number: u16) -> Option<Link> {
    world.store.link(world.system(), hash(number)).await.unwrap()
}

async fn use_link(world: &World, number: u16, chosen: Option<Chosen>) -> Option<Person> {
    world.store.use_link(world.system(), hash(number), world.now(), chosen).await.unwrap()
}

fn chosen() -> Chosen {
    Chosen { name: "Countess".into(), password: password("$of the countess") }
}

/// Two people with a session and links, to be moved.
pub(super) async fn fill(world: &World) {
    let first = create(world, "moved@example.com", Role::Admin).await;
    let ending = Ending::AllBut(None);
    world.store.set_password(world.system(), first.id, password("$moved"), ending).await.unwrap();
    begin(world, first.id, 1).await.unwrap();
    let environments = Environments::Only(vec![world.id(EnvironmentId::make)]);
    let subject = Some(Subject { issuer: "https://id.example".into(), subject: "1".into() });
    let other = Person { environments, subject, ..new_person(world, "other@example.com", Role::Viewer) };
    let link = NewLink { hash: hash(2), expires_at: world.now().after(HOUR) };
    world.store.create_person(world.system().instance(), other.clone(), Some(link)).await.unwrap();
}

/// What [`fill`] made, as the verbs show it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    people: Vec<Option<Known>>,
    session: Option<(Session, Person)>,
    link: Option<Link>,
}

/// Looks at what [`fill`] made.
pub(super) async fn look(store: &dyn Store) -> Seen {
    let system = SystemScope::assume();
    let mut people = Vec::new();
    for person in store.people(system.instance()).await.unwrap() {
        people.push(store.person(system, Who::Id(person.id)).await.unwrap());
    }
    let session = store.session(system, hash(1)).await.unwrap();
    Seen { people, session, link: store.link(system, hash(2)).await.unwrap() }
}

/// Every field, before and after a restart, by each way to name a person.
pub async fn a_person_is_kept_whole(mut world: World) {
    let environment = world.id(EnvironmentId::make);
    let subject = Subject { issuer: "https://id.example".into(), subject: "248289761001".into() };
    let person = Person {
        environments: Environments::Only(vec![environment, world.id(EnvironmentId::make)]),
        subject: Some(subject.clone()),
        disabled_at: Some(world.now()),
        ..new_person(&world, "ada@example.com", Role::Operator)
    };
    world.store.create_person(world.system().instance(), person.clone(), None).await.unwrap();
    world.pass(HOUR);
    let other = create(&world, "bob@example.com", Role::Viewer).await;
    for _ in 0..2 {
        for who in [Who::Id(person.id), Who::Email(person.email.clone()), Who::Subject(subject.clone())] {
            let found = known(&world, who.clone()).await;
            assert_eq!(found, Some(Known { person: person.clone(), password: None }), "{who:?}");
        }
        let all = world.store.people(world.system().instance()).await.unwrap();
        assert_eq!(all, [person.clone(), other.clone()], "oldest first");
        world.reopen().await;
    }
    let tail = PersonId::from_bytes({
        let mut bytes = *person.id.as_bytes();
        bytes[19] ^= 1;
        bytes
    });
    let odd = Subject { issuer: subject.issuer.clone(), subject: "a\u{0}b".into() };
    for who in [Who::Id(tail), Who::Email("eve@example.com".parse().unwrap()), Who::Subject(odd)] {
        assert_eq!(known(&world, who.clone()).await, None, "{who:?}");
    }
}

/// An address is one person's, and there are not more than there may be.
pub async fn people_are_apart_and_have_a_limit(world: World) {
    let first = create(&world, "person0@example.com", Role::Viewer).await;
    let again = new_person(&world, "person0@example.com", Role::Admin);
    let refused = world.store.create_person(world.system().instance(), again, None).await;
    assert!(matches!(&refused, Err(CreateError::Taken(taken)) if **taken == first), "{refused:?}");
    for number in 1..PEOPLE {
        create(&world, &format!("person{number}@example.com"), Role::Viewer).await;
    }
    let more = new_person(&world, "more@example.com", Role::Viewer);
    let refused = world.store.create_person(world.system().instance(), more, None).await;
    assert!(matches!(refused, Err(CreateError::TooMany { limit: PEOPLE })), "{refused:?}");
}

/// Of several who want to be the first at once, one is; and nobody after that.
pub async fn the_first_person_is_one(world: World) {
    let (system, now) = (world.system(), world.now());
    assert!(!world.store.has_people(system).await.unwrap());
    assert!(make_link(&world, 1, Purpose::First).await && make_link(&world, 2, Purpose::First).await);
    let be_first = |number: u16, now: Timestamp| {
        let person = new_person(&world, &format!("person{number}@example.com"), Role::Admin);
        world.store.create_first_person(system, hash(number), person, password("$first"), now)
    };
    assert!(!be_first(3, now).await.unwrap(), "there is no such link");
    assert!(!be_first(1, now.after(HOUR)).await.unwrap(), "it is past");
    let (one, other) = tokio::join!(be_first(1, now), be_first(2, now));
    assert_eq!(u8::from(one.unwrap()) + u8::from(other.unwrap()), 1);
    assert!(world.store.has_people(system).await.unwrap());
    let all = world.store.people(system.instance()).await.unwrap();
    assert!(matches!(all.as_slice(), [only] if only.has_password && only.role == Role::Admin), "{all:?}");
    assert_eq!((link(&world, 1).await, link(&world, 2).await), (None, None), "the other link is gone too");
    assert!(!make_link(&world, 4, Purpose::First).await, "there is somebody");
    assert!(!be_first(1, now).await.unwrap());
}

type Demotion = Box<dyn Fn(&mut Person) + Send + Sync>;

/// Somebody can always manage the installation, if somebody could.
pub async fn the_last_admin_stays(world: World) {
    let viewer = create(&world, "viewer@example.com", Role::Viewer).await;
    let changed = change(&world, viewer.id, |person| person.name = "V".into()).await.unwrap();
    assert_eq!(changed.map(|person| person.name), Some("V".to_owned()), "there never was an admin");
    let admin = create(&world, "admin@example.com", Role::Admin).await;
    let only = Environments::Only(vec![world.id(EnvironmentId::make)]);
    let demotions: [Demotion; 3] = [
        Box::new(|person| person.role = Role::Operator),
        Box::new(move |person| person.environments = only.clone()),
        Box::new(|person| person.disabled_at = Some(Timestamp::from_seconds(1))),
    ];
    for one in demotions {
        let refused = change(&world, admin.id, one).await;
        assert!(matches!(refused, Err(PersonError::LastAdmin)), "{refused:?}");
    }
    assert_eq!(known(&world, Who::Id(admin.id)).await.unwrap().person, admin, "nothing happened");

    let other = create(&world, "other@example.com", Role::Admin).await;
    let step_down = |id| change(&world, id, |person: &mut Person| person.role = Role::Viewer);
    let (one, two) = tokio::join!(step_down(admin.id), step_down(other.id));
    assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1, "{one:?} {two:?}");
    let missing = change(&world, world.id(PersonId::make), |_| ()).await;
    assert!(matches!(missing, Ok(None)), "{missing:?}");
}

/// A subject of the provider is one person.
pub async fn a_subject_belongs_to_one(world: World) {
    let [one, other] = [
        create(&world, "one@example.com", Role::Viewer).await,
        create(&world, "other@example.com", Role::Viewer).await,
    ];
    let subject = Subject { issuer: "https://id.example".into(), subject: "1".into() };
    let bind = |id: PersonId, subject: Subject| {
        change(&world, id, move |person: &mut Person| {
            person.subject = Some(subject.clone());
        })
    };
    bind(one.id, subject.clone()).await.unwrap().unwrap();
    let refused = bind(other.id, subject.clone()).await;
    assert!(matches!(refused, Err(PersonError::SubjectTaken)), "{refused:?}");
    let elsewhere = Subject { issuer: "https://other.example".into(), ..subject.clone() };
    bind(other.id, elsewhere).await.unwrap().unwrap();
    let found = known(&world, Who::Subject(subject)).await.unwrap();
    assert_eq!(found.person.id, one.id);
}

/// An invitation is used once, with what was chosen.
pub async fn a_link_works_once(mut world: World) {
    let person = new_person(&world, "ada@example.com", Role::Viewer);
    let invitation = NewLink { hash: hash(1), expires_at: world.now().after(HOUR) };
    world.store.create_person(world.system().instance(), person.clone(), Some(invitation)).await.unwrap();
    world.reopen().await;
    let found = link(&world, 1).await.unwrap();
    assert_eq!((found.purpose, found.expires_at), (Purpose::Password(person.id), invitation.expires_at));
    assert_eq!(use_link(&world, 1, None).await, None, "it takes a choice");
    assert_eq!(use_link(&world, 9, Some(chosen())).await, None, "there is no such link");
    begin(&world, person.id, 50).await.unwrap();
    let (one, two) = tokio::join!(use_link(&world, 1, Some(chosen())), use_link(&world, 1, Some(chosen())));
    assert!(one.is_some() != two.is_some(), "of two at once, one is served");
    let now = known(&world, Who::Id(person.id)).await.unwrap();
    assert_eq!((now.person.name.as_str(), now.password), ("Countess", Some(password("$of the countess"))));
    assert!(now.person.has_password);
    assert_eq!((session(&world, 50).await, link(&world, 1).await), (None, None), "what was before is over");

    assert!(make_link(&world, 2, Purpose::SignIn(person.id)).await);
    assert_eq!(use_link(&world, 2, Some(chosen())).await, None, "there is nothing to choose");
    assert_eq!(use_link(&world, 2, None).await.map(|person| person.id), Some(person.id));
    assert_eq!(use_link(&world, 2, None).await, None);

    assert!(make_link(&world, 3, Purpose::SignIn(person.id)).await);
    assert!(make_link(&world, 4, Purpose::SignIn(person.id)).await);
    assert_eq!(link(&world, 3).await, None, "another has taken its place");
    world.pass(HOUR);
    assert_eq!(use_link(&world, 4, None).await, None, "it is past");
}

/// A reset takes all that a person comes in with, and so does being disabled.
pub async fn who_is_reset_or_disabled_is_out(world: World) {
    let person = create(&world, "ada@example.com", Role::Viewer).await;
    let set = |ending| world.store.set_password(world.system(), person.id, password("$p"), ending);
    let reset = |id: PersonId, number: u16| {
        let link = NewLink { hash: hash(number), expires_at: world.now().after(HOUR) };
        world.store.reset_person(world.system().instance(), id, link)
    };
    assert!(set(Ending::AllBut(None)).await.unwrap());
    begin(&world, person.id, 10).await.unwrap();
    assert!(make_link(&world, 1, Purpose::SignIn(person.id)).await);
    let after = reset(person.id, 2).await.unwrap().unwrap();
    assert!(!after.has_password);
    assert_eq!((session(&world, 10).await, link(&world, 1).await), (None, None));
    assert_eq!(link(&world, 2).await.map(|link| link.purpose), Some(Purpose::Password(person.id)));
    assert_eq!(reset(world.id(PersonId::make), 3).await.unwrap(), None);

    begin(&world, person.id, 11).await.unwrap();
    let kept = begin(&world, person.id, 12).await.unwrap();
    assert!(set(Ending::AllBut(Some(kept.id))).await.unwrap());
    assert!(session(&world, 11).await.is_none() && session(&world, 12).await.is_some());
    assert_eq!(link(&world, 2).await, None, "a password was chosen without it");
    assert!(make_link(&world, 3, Purpose::Password(person.id)).await);
    let now = world.now();
    change(&world, person.id, move |person| person.disabled_at = Some(now)).await.unwrap().unwrap();
    assert_eq!((session(&world, 12).await, link(&world, 3).await), (None, None));
    assert!(begin(&world, person.id, 13).await.is_none(), "nothing begins");
    assert!(!make_link(&world, 4, Purpose::SignIn(person.id)).await);
    change(&world, person.id, |person| person.disabled_at = None).await.unwrap().unwrap();
    assert_eq!(session(&world, 12).await, None, "what has ended stays ended");
    assert!(begin(&world, person.id, 14).await.is_some());
    let nobody = world.id(PersonId::make);
    assert!(begin(&world, nobody, 15).await.is_none());
}

/// Sessions are found by what they are held by, listed, noted and ended one by one.
pub async fn sessions_are_begun_seen_and_ended(mut world: World) {
    let person = create(&world, "ada@example.com", Role::Viewer).await;
    let other = create(&world, "bob@example.com", Role::Viewer).await;
    let first = begin(&world, person.id, 1).await.unwrap();
    world.pass(HOUR);
    let second = begin(&world, person.id, 2).await.unwrap();
    begin(&world, other.id, 3).await.unwrap();
    world.reopen().await;
    let (system, now) = (world.system(), world.now());
    assert_eq!(session(&world, 1).await, Some((first.clone(), person.clone())));
    assert_eq!(session(&world, 9).await, None);
    world.store.see_session(system, first.id, now).await.unwrap();
    world.store.see_session(system, first.id, first.created_at).await.unwrap();
    let seen = Session { seen_at: now, ..first.clone() };
    assert_eq!(
        world.store.sessions(system, person.id).await.unwrap(),
        [second.clone(), seen],
        "the newest first"
    );
    let end = |person, ending| world.store.end_sessions(system, person, ending);
    assert_eq!(end(other.id, Ending::One(first.id)).await.unwrap(), 0, "it is another's");
    assert_eq!(end(person.id, Ending::One(first.id)).await.unwrap(), 1);
    assert_eq!(session(&world, 1).await, None);
    begin(&world, person.id, 4).await.unwrap();
    assert_eq!(end(person.id, Ending::AllBut(Some(second.id))).await.unwrap(), 1);
    assert_eq!(end(person.id, Ending::AllBut(None)).await.unwrap(), 1);
    assert!(session(&world, 3).await.is_some(), "the other's goes on");
}

/// Sessions that are over are forgotten when another begins, and the oldest where there are too many.
pub async fn sessions_of_a_person_have_a_limit(world: World) {
    let person = create(&world, "ada@example.com", Role::Viewer).await;
    begin(&world, person.id, 1_000).await.unwrap();
    world.pass(IDLE);
    for number in 0..=SESSIONS as u16 {
        begin(&world, person.id, number).await.unwrap();
    }
    let left = world.store.sessions(world.system(), person.id).await.unwrap();
    assert_eq!(left.len(), SESSIONS);
    assert_eq!((session(&world, 1_000).await, session(&world, 0).await), (None, None));
    assert!(session(&world, 1).await.is_some());
    world.pass(LENGTH);
    begin(&world, person.id, 2_000).await.unwrap();
    assert_eq!(world.store.sessions(world.system(), person.id).await.unwrap().len(), 1);
}
