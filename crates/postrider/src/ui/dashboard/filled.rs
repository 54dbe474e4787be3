//! Fields of forms: what stands in them, and what is wrong with it, beside the field that it is wrong in.
//!
//! A field has the name that the API has for it, so that what a service finds wrong leads to its field.

use maud::{Markup, html};

use crate::service::fields::{FieldError, InvalidFields};
use crate::ui::form::Form;
use crate::ui::sign_in::capitalised;
use crate::ui::text::visible;

/// What stands in the fields of a form.
#[derive(Debug, Default)]
pub(super) struct Filled {
    values: Vec<(String, String)>,
    wrong: Vec<(String, String)>,
}

impl Filled {
    /// These values by name.
    pub(super) fn with<const N: usize>(values: [(&str, String); N]) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { values, wrong: Vec::new() }
    }

    /// What was typed, and what is wrong with it.
    pub(super) fn typed(form: &Form, invalid: &InvalidFields) -> Self {
        let wrong = invalid.0.iter().map(|error| {
            let field = error.at.first().map_or("", String::as_str);
            (field.to_owned(), sentence(error))
        });
        Self { wrong: wrong.collect(), ..Self::of(form) }
    }

    /// What was typed, and one thing that is wrong with it: in the field of this name, or as a whole.
    pub(super) fn but(form: &Form, field: &str, sentence: impl Into<String>) -> Self {
        Self { wrong: vec![(field.to_owned(), sentence.into())], ..Self::of(form) }
    }

    fn of(form: &Form) -> Self {
        let values = form.fields().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { values: values.collect(), wrong: Vec::new() }
    }

    /// What a field has.
    pub(super) fn get(&self, name: &str) -> &str {
        self.values.iter().rev().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    /// Whether anything is wrong.
    pub(super) const fn is_wrong(&self) -> bool {
        !self.wrong.is_empty()
    }

    /// Says that nothing was done, and what is wrong with no field in `fields`.
    pub(super) fn summary(&self, fields: &[&str]) -> Markup {
        let others = self.wrong.iter().filter(|(name, _)| !fields.contains(&name.as_str()));
        html! {
            @if self.is_wrong() {
                div.alert role="alert" {
                    p { "Nothing was done." @if self.wrong.iter().any(|(name, _)| fields.contains(&name.as_str())) { " What is wrong stands below its field." } }
                    @for (_, sentence) in others { p { (visible(sentence, false)) } }
                }
            }
        }
    }

    /// A field of one line.
    pub(super) fn line(&self, name: &str, label: &str, hint: &str) -> Markup {
        self.input(name, label, hint, "text", None)
    }

    /// A field of one line that offers what is in the list with this id.
    pub(super) fn offered(&self, name: &str, label: &str, hint: &str, list: &str) -> Markup {
        self.input(name, label, hint, "text", Some(list))
    }

    /// A field for a secret, which is never filled in.
    pub(super) fn secret(&self, name: &str, label: &str, hint: &str) -> Markup {
        self.input(name, label, hint, "password", None)
    }

    /// A field of several lines.
    pub(super) fn lines(&self, name: &str, label: &str, hint: &str, rows: u32) -> Markup {
        self.framed(name, label, hint, &html! {
            // A browser drops the first line end of what stands in it.
            textarea id=(name) name=(name) rows=(rows) spellcheck="false" aria-describedby=(described(name))
                aria-invalid=[self.is_wrong_in(name)] { "\n" (self.get(name)) }
        })
    }

    /// A choice of a value, each with its word.
    pub(super) fn choice(&self, name: &str, label: &str, hint: &str, offers: &[(&str, &str)]) -> Markup {
        self.framed(name, label, hint, &html! {
            select id=(name) name=(name) aria-describedby=(described(name)) aria-invalid=[self.is_wrong_in(name)] {
                @for (value, word) in offers { option value=(value) selected[*value == self.get(name)] { (word) } }
            }
        })
    }

    /// A box to tick.
    pub(super) fn tick(&self, name: &str, label: &str) -> Markup {
        html! { label.check { input type="checkbox" name=(name) value="yes" checked[!self.get(name).is_empty()]; " " (label) } }
    }

    fn input(&self, name: &str, label: &str, hint: &str, kind: &str, list: Option<&str>) -> Markup {
        let value = (kind != "password").then(|| self.get(name));
        self.framed(name, label, hint, &html! {
            input id=(name) name=(name) type=(kind) value=[value] list=[list] autocomplete="off" spellcheck="false"
                aria-describedby=(described(name)) aria-invalid=[self.is_wrong_in(name)];
        })
    }

    fn framed(&self, name: &str, label: &str, hint: &str, control: &Markup) -> Markup {
        html! {
            div.field {
                label for=(name) { (label) }
                (control)
                div id=(described(name)) {
                    @for (_, sentence) in self.wrong.iter().filter(|(own, _)| own == name) {
                        p.wrong { (visible(sentence, false)) }
                    }
                    @if !hint.is_empty() { p.hint { (hint) } }
                }
            }
        }
    }

    fn is_wrong_in(&self, name: &str) -> Option<&'static str> {
        self.wrong.iter().any(|(own, _)| own == name).then_some("true")
    }
}

fn described(name: &str) -> String {
    format!("{name}-about")
}

/// What is wrong, as a sentence; of an entry in a list, with its number.
fn sentence(error: &FieldError) -> String {
    let number = error.at.get(1).and_then(|part| part.parse::<usize>().ok());
    match number {
        Some(number) => format!("Entry {} {}.", number + 1, error.invalid.message),
        None => format!("{}.", capitalised(&error.invalid.message)),
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::names::Invalid;

    use super::*;

    #[test]
    fn what_is_wrong_stands_in_its_field_and_the_rest_above() {
        let error = |at: &[&str], message: &'static str| FieldError {
            at: at.iter().map(ToString::to_string).collect(),
            invalid: Invalid::value(message),
        };
        let invalid = InvalidFields(vec![
            error(&["url"], "must be a URL"),
            error(&["eventTypes", "1"], "must have letters"),
            error(&["other"], "is not possible"),
        ]);
        let filled = Filled::typed(&Form::default(), &invalid);
        let summary = filled.summary(&["url", "eventTypes"]).into_string();
        assert!(summary.contains("Is not possible.") && !summary.contains("URL"), "{summary}");
        let field = filled.line("url", "URL", "").into_string();
        assert!(field.contains(r#"aria-invalid="true""#) && field.contains("Must be a URL."), "{field}");
        let field = filled.lines("eventTypes", "Event types", "", 2).into_string();
        assert!(field.contains("Entry 2 must have letters."), "{field}");
        assert!(!filled.line("uid", "uid", "").into_string().contains("aria-invalid"));
        assert!(Filled::default().summary(&[]).into_string().is_empty());
    }
}
