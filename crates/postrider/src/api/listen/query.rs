//! What one asks to hear.

use postrider_core::app::Ref;
use postrider_core::time::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::problem::Problem;
use crate::service::listen::{Since, Wanted};

/// Messages of one answer that is no stream, when the caller does not say.
const PAGE: usize = 50;

/// What one asks to hear.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct ListenQuery {
    /// Sources by id or `uid`, at most 100; without any, all of the environment.
    source: Vec<String>,
    /// From when on: `now`, `beginning`, the id of the last message that was heard, or a time. The header
    /// `Last-Event-ID` counts before it.
    #[param(default = "now", example = "msg_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    since: Option<String>,
    /// Event types, or beginnings of them with a star; without any, all.
    #[param(example = json!(["invoice.*"]))]
    types: Vec<String>,
    /// Repetitions too, which are left out otherwise.
    duplicates: bool,
    /// A group, whose connected members share what comes. It begins at `since` when it is new, and where it stands else.
    /// Members that ask for other sources or types are another group.
    #[param(example = "laptops")]
    group: Option<String>,
    /// What the listener is called, so that a replay may be for it alone.
    #[param(example = "ann")]
    name: Option<String>,
    /// Answer providers, where a source is set to `sync`. Repetitions are heard too then.
    sync: bool,
    /// Messages of an answer that is no stream, at most; what comes again does not count.
    #[param(minimum = 1, maximum = 250, default = 50)]
    limit: Option<u64>,
}

impl ListenQuery {
    /// From when on. `last` is what the header says.
    pub(super) fn since(&self, last: Option<&str>) -> Result<Since, Problem> {
        let (place, name, text) = match (last, &self.since) {
            (Some(last), _) => ("header", "last-event-id", last),
            (None, Some(since)) => ("query", "since", since.as_str()),
            (None, None) => return Ok(Since::Now),
        };
        parse(text).ok_or_else(|| {
            let message = "must be `now`, `beginning`, the id of a message, or a time";
            Problem::refused(place, name, "value_error", message)
        })
    }

    /// Messages of a page.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        match self.limit {
            None => Ok(PAGE),
            Some(limit @ 1..=250) => Ok(limit as usize),
            Some(_) => Err(Problem::refused("query", "limit", "value_error", "must be from 1 to 250")),
        }
    }

    /// What needs a stream, because somebody must stay for it.
    pub(super) fn check_is_page(&self) -> Result<(), Problem> {
        let name = match (&self.group, self.sync) {
            (Some(_), _) => "group",
            (None, true) => "sync",
            (None, false) => return Ok(()),
        };
        let message = "needs a stream: ask with `Accept: text/event-stream`";
        Err(Problem::refused("query", name, "value_error", message))
    }

    pub(super) fn wanted(self) -> Wanted {
        Wanted {
            sources: self.source.iter().map(|name| Ref::parse(name)).collect(),
            types: self.types,
            duplicates: self.duplicates,
            group: self.group,
            name: self.name,
            sync: self.sync,
        }
    }
}

fn parse(text: &str) -> Option<Since> {
    match text {
        "now" => Some(Since::Now),
        "beginning" => Some(Since::Beginning),
        _ => match text.parse() {
            Ok(message) => Some(Since::After(message)),
            Err(_) => text.parse::<Timestamp>().ok().map(Since::At),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_a_word_an_id_or_a_time() {
        let id = "msg_2nKNsEgDnLtpvGZPjXaFSQAM5yT";
        for (text, expected) in [
            ("now", Some(Since::Now)),
            ("beginning", Some(Since::Beginning)),
            (id, Some(Since::After(id.parse().unwrap()))),
            ("2027-01-15T08:00:00Z", Some(Since::At(Timestamp::from_seconds(1_800_000_000)))),
            ("", None),
            ("yesterday", None),
            ("app_2nKNsEgDnLtpvGZPjXaFSQAM5yT", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn the_header_counts_before_the_parameter() {
        let query = ListenQuery { since: Some("beginning".into()), ..ListenQuery::default() };
        assert_eq!(query.since(None).unwrap(), Since::Beginning);
        assert_eq!(query.since(Some("now")).unwrap(), Since::Now);
        assert!(query.since(Some("?")).is_err());
        assert_eq!(ListenQuery::default().since(None).unwrap(), Since::Now);
    }
}
