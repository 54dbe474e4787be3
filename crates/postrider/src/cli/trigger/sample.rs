//! One sample: what a provider sends for one event, with placeholders where every request differs.
//!
//! The file is JSON: `about`, a sentence; `layout`, how the provider writes the body; `id`, the form of its delivery ids;
//! `headers`, one `Name: value` each, without those of the signature; `body`. Forms have an object of texts as body.

use postrider_core::inbound::Draft;
use postrider_core::rng::Rng;
use postrider_core::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use url::form_urlencoded;

use super::fresh::Fresh;
use crate::edit::{Assignment, NoSuchPath, Node};
use crate::telemetry::build;

/// See the module's documentation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sample {
    /// What has happened, for the list.
    pub(super) about: String,
    #[serde(default)]
    layout: Layout,
    id: String,
    headers: Vec<String>,
    body: Node,
}

/// How the body is written.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Layout {
    /// JSON without blanks.
    #[default]
    Compact,
    /// JSON with two blanks for every level.
    Pretty,
    /// `application/x-www-form-urlencoded`.
    Form,
}

/// What is asked for besides the sample.
pub(super) struct Wanted<'a> {
    /// The type of the event, as it was asked for.
    pub(super) event: &'a str,
    /// The delivery's id; fresh if not given.
    pub(super) id: Option<&'a str>,
    /// Values to change.
    pub(super) set: &'a [Assignment],
    /// Where it goes.
    pub(super) url: &'a str,
    /// The time of the event.
    pub(super) now: Timestamp,
}

impl Sample {
    /// Reads a sample of this program.
    pub(super) fn parse(text: &str) -> Self {
        serde_json::from_str(text).expect("a test reads every sample")
    }

    /// A request that is not signed yet, and the id of its delivery.
    pub(super) fn draft(&self, wanted: &Wanted<'_>, rng: &dyn Rng) -> Result<(Draft, String), NoSuchPath> {
        let mut fresh = Fresh::new(rng, wanted.now, wanted.event, wanted.id, &self.id);
        let headers = self.headers.iter().map(|line| {
            let (name, value) = line.split_once(": ").expect("a test reads every sample");
            (name.to_owned(), fresh.text(value))
        });
        let mut headers: Vec<_> = headers.collect();
        headers.push(("User-Agent".to_owned(), format!("Postrider/{} (trigger)", build::VERSION)));
        let mut body = self.body.map_strings(&mut |text| fresh.value(text));
        for assignment in wanted.set {
            match self.layout {
                Layout::Form => assignment.apply_text(&mut body)?,
                Layout::Compact | Layout::Pretty => assignment.apply(&mut body)?,
            }
        }
        let body = write(&body, self.layout);
        let draft = Draft { method: "POST".to_owned(), url: wanted.url.to_owned(), headers, body };
        Ok((draft, fresh.id().to_owned()))
    }
}

fn write(body: &Node, layout: Layout) -> Vec<u8> {
    let json = match layout {
        Layout::Compact => serde_json::to_vec(body),
        Layout::Pretty => serde_json::to_vec_pretty(body),
        Layout::Form => return form(body).into_bytes(),
    };
    json.expect("names are texts, and writing to memory does not fail")
}

fn form(body: &Node) -> String {
    let Node::Map(fields) = body else { return String::new() };
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        match value {
            Node::Plain(Value::String(text)) => form.append_pair(name, text),
            Node::Plain(other) => form.append_pair(name, &other.to_string()),
            Node::List(_) | Node::Map(_) => continue,
        };
    }
    form.finish()
}
