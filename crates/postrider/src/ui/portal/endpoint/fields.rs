//! The fields of an endpoint, as they are filled in.

use maud::{Markup, html};
use postrider_core::endpoint::Endpoint;
use postrider_core::names::Invalid;

use crate::service::endpoints::{Changes, Error};
use crate::service::fields::InvalidFields;
use crate::ui::form::Form;
use crate::ui::portal::subscriptions::Known;
use crate::ui::text::visible;

/// What stands in the fields, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) url: String,
    description: String,
    throttle_rate: String,
    event_types: Vec<String>,
    wrong: Vec<(String, String)>,
}

impl Fields {
    /// Those of an endpoint.
    pub(super) fn of(endpoint: &Endpoint) -> Self {
        Self {
            url: endpoint.url.clone(),
            description: endpoint.description.clone(),
            throttle_rate: endpoint.throttle_rate.map(|rate| rate.to_string()).unwrap_or_default(),
            event_types: endpoint.event_types.clone(),
            wrong: Vec::new(),
        }
    }

    /// Those that were sent, of an endpoint that had chosen these event types.
    pub(super) fn sent(form: &Form, known: &Known, before: &[String]) -> Self {
        let text = |name| form.get(name).trim().to_owned();
        Self {
            url: text("url"),
            description: text("description"),
            throttle_rate: text("throttleRate"),
            event_types: known.chosen(form, before),
            wrong: Vec::new(),
        }
    }

    /// What an endpoint is to be by them.
    pub(super) fn changes(&self) -> Result<Changes, Error> {
        let rate =
            match self.throttle_rate.as_str() {
                "" => None,
                text => Some(text.parse().map_err(|_| {
                    InvalidFields::one("throttleRate", Invalid::value("must be a whole number"))
                })?),
            };
        Ok(Changes {
            url: Some(self.url.clone()),
            description: Some(self.description.clone()),
            throttle_rate: Some(rate),
            event_types: Some(self.event_types.clone()),
            ..Changes::default()
        })
    }

    /// The same with what is wrong with them. An error that is not about values comes back.
    pub(super) fn refused(mut self, error: Error) -> Result<Self, Error> {
        match error {
            Error::Invalid(InvalidFields(errors)) => {
                let told = errors.into_iter().map(|error| {
                    let at = error.at.into_iter().next().unwrap_or_default();
                    (at, error.invalid.message.into_owned())
                });
                self.wrong = told.collect();
                Ok(self)
            }
            error @ Error::TooMany { .. } => {
                self.wrong = vec![("url".to_owned(), error.to_string())];
                Ok(self)
            }
            error => Err(error),
        }
    }

    /// The fields, within a form.
    pub(super) fn markup(&self, known: &Known) -> Markup {
        html! {
            (self.line("url", "URL", &self.url, "url", "Where events are sent, such as https://example.com/webhooks"))
            (self.line("description", "Description", &self.description, "text", "What it is for. You alone see it."))
            (self.line("throttleRate", "Attempts a second", &self.throttle_rate, "number", "At most. Empty means no limit."))
            @if let Some(wrong) = self.wrong_at("eventTypes") { p.alert role="alert" { (visible(wrong, false)) } }
            (known.boxes(&self.event_types))
        }
    }

    fn line(&self, name: &str, word: &str, value: &str, kind: &str, hint: &str) -> Markup {
        let wrong = self.wrong_at(name);
        let described =
            if wrong.is_some() { format!("{name}-hint {name}-wrong") } else { format!("{name}-hint") };
        html! {
            div.field {
                label for=(name) { (word) }
                input id=(name) name=(name) type=(kind) value=(value) autocomplete="off" required[name == "url"]
                    min=[(kind == "number").then_some("1")] aria-describedby=(described) aria-invalid=[wrong.map(|_| "true")];
                p.hint id={ (name) "-hint" } { (hint) }
                @if let Some(wrong) = wrong { p.alert id={ (name) "-wrong" } role="alert" { (visible(wrong, false)) } }
            }
        }
    }

    fn wrong_at(&self, name: &str) -> Option<&str> {
        self.wrong.iter().find(|(at, _)| at == name).map(|(_, sentence)| sentence.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::hostile::stays_text;

    #[test]
    fn what_was_filled_in_stays_text() {
        stays_text("an endpoint's fields", |text| {
            let wrong = ["url", "description", "throttleRate", "eventTypes"];
            let fields = Fields {
                url: text.to_owned(),
                description: text.to_owned(),
                throttle_rate: text.to_owned(),
                event_types: vec![text.to_owned()],
                wrong: wrong.map(|at| (at.to_owned(), text.to_owned())).to_vec(),
            };
            fields.markup(&Known::default())
        });
    }
}
