//! What one listens to.

use postrider_core::app::Ref;
use postrider_core::id::{AppId, SourceId};
use postrider_core::limits;
use postrider_core::message::Message;
use postrider_core::names::Invalid;
use postrider_core::reception::Reception;
use postrider_core::scope::{AppScope, EnvironmentScope};
use postrider_core::source::Source;
use postrider_store::listen::GroupKey;
use postrider_store::{Edge, Page};
use ring::digest::{SHA256, digest};

use super::{Error, pattern};
use crate::context::Context;
use crate::service::access;
use crate::service::fields::{Checks, InvalidFields};

/// Sources that one listener may have. Each is read by itself.
pub(super) const SOURCES: usize = 100;
/// Patterns of event types that one listener may name.
const TYPES: usize = 50;

/// What a caller asks to hear.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// These sources; none for all that the environment has, and will have.
    pub sources: Vec<Ref<SourceId>>,
    /// Event types, or [patterns](pattern); none for all.
    pub types: Vec<String>,
    /// Repetitions too.
    pub duplicates: bool,
    /// The group that shares what comes.
    pub group: Option<String>,
    /// What the listener is called, so that a replay may be for it alone. A group's name is its members' as well.
    pub name: Option<String>,
    /// Whether it answers providers.
    pub sync: bool,
}

/// A source that is listened to.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) source: SourceId,
    pub(super) uid: Option<String>,
    pub(super) scope: AppScope,
}

/// [`Wanted`] that passed its checks, and the sources that it means now.
pub(super) struct Selection {
    pub(super) scope: EnvironmentScope,
    pub(super) wanted: Wanted,
    pub(super) sources: Vec<Heard>,
}

impl Heard {
    fn of(scope: EnvironmentScope, source: &Source) -> Option<Self> {
        Some(Self { source: source.id, uid: source.uid.clone(), scope: scope.source(source)? })
    }
}

impl Selection {
    /// Holds what is asked for to the rules, and finds the sources.
    pub(super) async fn of(
        context: &Context,
        scope: EnvironmentScope,
        wanted: Wanted,
    ) -> Result<Self, Error> {
        let mut checks = Checks::default();
        if wanted.sources.len() > SOURCES {
            checks.check::<()>("source", Err(Invalid::too_long(format!("at most {SOURCES} sources"))));
        }
        checks.each("types", &wanted.types, TYPES, event_type);
        checks.optional("group", wanted.group.as_ref(), label);
        checks.optional("name", wanted.name.as_ref(), label);
        checks.finish()?;
        let mut selection = Self { scope, wanted, sources: Vec::new() };
        selection.find(context).await?;
        Ok(selection)
    }

    /// Finds the sources anew.
    pub(super) async fn find(&mut self, context: &Context) -> Result<(), Error> {
        let mut found = Vec::new();
        if self.wanted.sources.is_empty() {
            let page = Page { limit: SOURCES + 1, edge: None::<Edge<SourceId>>, order: None };
            let listed = context.store.sources(self.scope, page).await?;
            if listed.rows.len() > SOURCES {
                let message = format!("name the sources: the environment has more than {SOURCES}");
                return Err(InvalidFields::one("source", Invalid::value(message)).into());
            }
            found.extend(listed.rows.iter().filter_map(|source| Heard::of(self.scope, source)));
        }
        for name in &self.wanted.sources {
            let source = context.store.source(self.scope, name).await?;
            let source = source.ok_or(access::Error::Missing("source"))?;
            found.extend(Heard::of(self.scope, &source));
        }
        found.sort_by_key(|heard| heard.source);
        found.dedup_by_key(|heard| heard.source);
        self.sources = found;
        Ok(())
    }

    /// Whether the source with this hidden application is listened to, as far as is known.
    pub(super) fn has(&self, app: AppId) -> bool {
        self.sources.iter().any(|heard| heard.scope.app() == app)
    }

    /// Whether sources that are made later are meant too.
    pub(super) fn is_of_all(&self) -> bool {
        self.wanted.sources.is_empty()
    }

    /// Whether a message is wanted, by what is known without its reception.
    pub(super) fn wants(&self, message: &Message) -> bool {
        wants_type(&self.wanted.types, &message.event_type)
    }

    /// Whether a message is wanted, by what is known of its reception.
    pub(super) fn admits(&self, reception: Option<&Reception>) -> bool {
        let Some(reception) = reception else { return true };
        let own = [&self.wanted.name, &self.wanted.group];
        let own: Vec<&str> = own.into_iter().flatten().map(String::as_str).collect();
        let is_for_us = reception.detail.replay.as_ref().is_none_or(|replay| replay.is_for(&own));
        // Who answers a provider must hear its repetitions: the provider asks once more because it liked no answer.
        let hears_again = self.wanted.duplicates || self.wanted.sync;
        is_for_us && (hears_again || reception.duplicate_of.is_none())
    }

    /// The group, if it is one: members that ask for the same share it.
    pub(super) fn group(&self) -> Option<GroupKey> {
        let name = self.wanted.group.as_ref()?;
        let named: Vec<SourceId> = if self.is_of_all() {
            Vec::new()
        } else {
            self.sources.iter().map(|heard| heard.source).collect()
        };
        let mut types = self.wanted.types.clone();
        types.sort();
        let mut whole = Vec::new();
        let mut part = |bytes: &[u8]| {
            whole.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
            whole.extend_from_slice(bytes);
        };
        part(name.as_bytes());
        for source in &named {
            part(source.as_bytes());
        }
        part(b"types");
        for name in &types {
            part(name.as_bytes());
        }
        let mut key = [0; 16];
        key.copy_from_slice(&digest(&SHA256, &whole).as_ref()[..16]);
        Some(GroupKey(key))
    }
}

/// Whether one of the patterns says so; without any, all do.
pub(super) fn wants_type(patterns: &[String], event_type: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern::matches(pattern, event_type))
}

fn event_type(pattern: &str) -> Result<(), Invalid> {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
    let name = pattern.strip_suffix('*').unwrap_or(pattern);
    if !pattern.is_empty() && pattern.len() <= limits::NAME_CHARS && name.chars().all(is_plain) {
        return Ok(());
    }
    Err(Invalid::pattern("must be an event type, or the beginning of one and a star"))
}

/// A name of a listener or group.
fn label(text: &str) -> Result<(), Invalid> {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
    if (1..=64).contains(&text.len()) && text.chars().all(is_plain) {
        return Ok(());
    }
    Err(Invalid::pattern("must have 1 to 64 characters of A-Z, a-z, 0-9, `-`, `_` and `.`"))
}

#[cfg(test)]
mod tests {
    use postrider_core::id::{EnvironmentId, MessageId};
    use postrider_core::reception::{Detail, Replay, Standing};
    use postrider_core::scope::SystemScope;

    use super::*;

    fn selection(wanted: Wanted) -> Selection {
        let scope = SystemScope::assume().environment(EnvironmentId::from_bytes([1; 20]));
        Selection { scope, wanted, sources: Vec::new() }
    }

    fn reception(repeats: bool, listener: Option<&str>) -> Reception {
        let of = MessageId::from_bytes([2; 20]);
        let replay = listener.map(|name| Replay {
            of,
            edited: false,
            listener: Some(name.to_owned()),
            to_endpoints: false,
        });
        Reception {
            standing: Standing::Verified,
            body_hash: [0; 32],
            duplicate_of: repeats.then_some(of),
            detail: Detail { replay, ..Detail::default() },
        }
    }

    #[test]
    fn repetitions_are_for_those_who_ask_and_a_replay_may_be_for_one() {
        let named = |name: &str| Some(name.to_owned());
        let plain = Wanted::default;
        for (wanted, repeats, listener, expected) in [
            (plain(), false, None, true),
            (plain(), true, None, false),
            (Wanted { duplicates: true, ..plain() }, true, None, true),
            (Wanted { sync: true, ..plain() }, true, None, true),
            (plain(), false, Some("ann"), false),
            (Wanted { name: named("bob"), ..plain() }, false, Some("ann"), false),
            (Wanted { name: named("ann"), ..plain() }, false, Some("ann"), true),
            (Wanted { group: named("ann"), ..plain() }, false, Some("ann"), true),
        ] {
            let told = format!("{wanted:?} {repeats} {listener:?}");
            let admitted = selection(wanted).admits(Some(&reception(repeats, listener)));
            assert_eq!(admitted, expected, "{told}");
        }
        assert!(selection(plain()).admits(None), "what was not received is nobody's repetition");
    }

    #[test]
    fn who_asks_for_the_same_is_one_group() {
        let group = |name: &str, types: &[&str]| {
            let types = types.iter().map(|name| (*name).to_owned()).collect();
            selection(Wanted { group: Some(name.to_owned()), types, ..Wanted::default() }).group()
        };
        assert_eq!(group("a", &["x", "y"]), group("a", &["y", "x"]));
        for other in [group("b", &["x", "y"]), group("a", &["x"]), group("a", &["xy"])] {
            assert_ne!(group("a", &["x", "y"]), other);
        }
        assert_eq!(selection(Wanted::default()).group(), None);
    }
}
