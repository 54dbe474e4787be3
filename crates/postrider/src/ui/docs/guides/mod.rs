//! How to receive: what holds for every event type. What depends on the settings is taken from them.

mod signatures;
mod texts;

use maud::{Markup, html};

use super::Asked;
use super::frame;
use crate::ui::Page;

/// Where guides are.
const FOLDER: &str = "/docs/guides/";

/// A guide.
pub(super) struct Guide {
    path: &'static str,
    title: &'static str,
    content: fn(&Asked<'_>) -> Markup,
}

/// All guides, in the order of reading.
pub(super) const GUIDES: [Guide; 5] = [
    Guide { path: "/docs/guides/signatures", title: "Verify signatures", content: signatures::content },
    Guide { path: "/docs/guides/answers", title: "How to answer", content: texts::answers },
    Guide { path: "/docs/guides/retries", title: "Retries", content: texts::retries },
    Guide { path: "/docs/guides/repetitions", title: "Repetitions", content: texts::repetitions },
    Guide { path: "/docs/guides/addresses", title: "Where deliveries come from", content: texts::addresses },
];

impl Guide {
    /// Where it is.
    pub(super) const fn path(&self) -> &'static str {
        self.path
    }

    /// What it is called.
    pub(super) const fn title(&self) -> &'static str {
        self.title
    }
}

/// The guide of this name.
pub(super) fn page(asked: &Asked<'_>, name: &str) -> Option<Page> {
    let guide = GUIDES.iter().find(|guide| guide.path.strip_prefix(FOLDER) == Some(name))?;
    let content = html! { h1 { (guide.title) } ((guide.content)(asked)) };
    let beside = html! { ul { @for other in &GUIDES {
        li { a href=(other.path) aria-current=[(other.path == guide.path).then_some("page")] { (other.title) } }
    } } };
    Some(frame::page(&asked.site, guide.title, guide.path, &beside, &content))
}
