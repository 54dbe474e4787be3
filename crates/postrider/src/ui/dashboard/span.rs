//! How far back a page looks: a choice of a few spans, in its address as `span`.

use std::time::Duration;

use maud::{Markup, html};
use postrider_core::time::Timestamp;

const HOUR: u64 = 3_600;

/// How far back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Span {
    Hour,
    #[default]
    Day,
    Week,
    Month,
    Year,
}

impl Span {
    const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Year];

    /// The one that the query of an address names; a day where it names none.
    pub(super) fn read(query: &str) -> Self {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let named = pairs.find(|(name, _)| name == "span");
        let named = named.and_then(|(_, value)| Self::ALL.into_iter().find(|span| span.name() == value));
        named.unwrap_or_default()
    }

    /// Its name in addresses and searches.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Year => "365d",
        }
    }

    /// What it is called in a sentence: "in the last …".
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::Year => "year",
        }
    }

    /// When it begins.
    pub(super) fn since(self, now: Timestamp) -> Timestamp {
        let hours = match self {
            Self::Hour => 1,
            Self::Day => 24,
            Self::Week => 7 * 24,
            Self::Month => 30 * 24,
            Self::Year => 365 * 24,
        };
        now.before(Duration::from_secs(hours * HOUR))
    }

    /// The choice, for the page at `path`; `rest` is what else its address keeps, as `&name=value`.
    pub(super) fn choice(self, path: &str, rest: &str) -> Markup {
        html! {
            nav.views aria-label="Span" {
                @for span in Self::ALL {
                    a href={ (path) "?span=" (span.name()) (rest) } aria-current=[(span == self).then_some("true")] { (span.name()) }
                }
            }
        }
    }
}
