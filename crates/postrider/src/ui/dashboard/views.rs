//! Places for live views: each holds a connection and looks at the store again and again.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use postrider_core::id::PersonId;

/// Live views that may be open at once, over all people.
const VIEWS: usize = 64;
/// And of one person: more than a person looks at.
const OWN: usize = 4;

/// The places. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Views {
    // Only people with a view are in it.
    taken: Arc<Mutex<HashMap<PersonId, usize>>>,
}

/// A place; it is free again on drop.
#[derive(Debug)]
pub(super) struct View {
    views: Views,
    person: PersonId,
}

impl Views {
    /// A place for `person`; `None` when they, or all people, have too many.
    pub(super) fn take(&self, person: PersonId) -> Option<View> {
        let mut taken = self.taken.lock();
        let own = taken.get(&person).copied().unwrap_or_default();
        if own >= OWN || taken.values().sum::<usize>() >= VIEWS {
            return None;
        }
        taken.insert(person, own + 1);
        drop(taken);
        Some(View { views: self.clone(), person })
    }
}

impl Drop for View {
    fn drop(&mut self) {
        let mut taken = self.views.taken.lock();
        let Some(own) = taken.get_mut(&self.person) else { return };
        *own -= 1;
        if *own == 0 {
            taken.remove(&self.person);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON: fn(u8) -> PersonId = |number| PersonId::from_bytes([number; 20]);

    #[test]
    fn nobody_takes_the_places_of_all() {
        let views = Views::default();
        let mut own: Vec<_> = (0..OWN).map(|_| views.take(PERSON(1)).unwrap()).collect();
        assert!(views.take(PERSON(1)).is_none());
        assert!(views.take(PERSON(2)).is_some());
        own.pop();
        assert!(views.take(PERSON(1)).is_some(), "a place that was left is free");
    }

    #[test]
    fn there_is_an_end_to_places() {
        let views = Views::default();
        let people = (0..u8::try_from(VIEWS / OWN).unwrap()).flat_map(|number| (0..OWN).map(move |_| number));
        let all: Vec<_> = people.map(|number| views.take(PERSON(number)).unwrap()).collect();
        assert_eq!(all.len(), VIEWS);
        assert!(views.take(PERSON(200)).is_none());
    }
}
