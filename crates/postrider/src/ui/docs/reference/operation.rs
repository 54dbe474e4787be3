//! One operation: what it takes, what it answers, and how to call it.

use maud::{Markup, html};
use serde_json::Value;

use super::clients::{Call, calls};
use super::{Listed, method};
use crate::ui::catalog::{Outline, outline_table, smallest};
use crate::ui::docs::frame::copied;
use crate::ui::docs::prose::{inline, prose};
use crate::ui::text::visible;

const METHODS: [(&str, &str); 5] =
    [("get", "GET"), ("post", "POST"), ("put", "PUT"), ("patch", "PATCH"), ("delete", "DELETE")];
const JSON: &str = "application/json";

/// See the module's documentation.
pub(super) struct Operation<'d> {
    path: &'d str,
    method: &'static str,
    object: &'d Value,
}

/// All operations, by path.
pub(super) fn operations(document: &Value) -> impl Iterator<Item = Operation<'_>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let of = move |(key, method)| Some(Operation { path, method, object: item.get(key)? });
        METHODS.into_iter().filter_map(of)
    })
}

/// What `value` is, or what it refers to.
fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let target = value["$ref"].as_str().and_then(|reference| document.pointer(reference.strip_prefix('#')?));
    target.unwrap_or(value)
}

impl<'d> Operation<'d> {
    /// The group that it is in.
    pub(super) fn tag(&self) -> &'d str {
        self.object["tags"][0].as_str().unwrap_or_default()
    }

    fn text(&self, key: &str) -> &'d str {
        self.object[key].as_str().unwrap_or_default()
    }

    fn id(&self) -> &'d str {
        self.text("operationId")
    }

    pub(super) fn listed(&self) -> Listed {
        Listed {
            id: self.id().to_owned(),
            method: self.method,
            path: self.path.to_owned(),
            summary: self.text("summary").to_owned(),
        }
    }

    /// The operation as a section of a page.
    pub(super) fn markup(&self, document: &Value, url: &str) -> Markup {
        html! {
            section.operation aria-labelledby=(self.id()) {
                h2 #(self.id()) { a href={ "#" (self.id()) } { (self.text("summary")) } }
                p.route { (method(self.method)) " " code { (self.path) } @if self.object["deprecated"] == true { " " span.status.other { "deprecated" } } }
                (prose(self.text("description")))
                @if self.object["security"].as_array().is_some_and(Vec::is_empty) || self.object["security"] == serde_json::json!([{}]) {
                    p.hint { "It needs no key." }
                }
                (self.parameters(document))
                (self.body(document))
                (self.answers(document))
                (self.examples(document, url))
            }
        }
    }

    fn parameters(&self, document: &Value) -> Markup {
        let all: Vec<_> = self.object["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| resolved(document, one))
            .collect();
        html! {
            @if !all.is_empty() {
                h3 { "Parameters" }
                div.scroll { table.schema {
                    thead { tr { th scope="col" { "Name" } th scope="col" { "Type" } th scope="col" { "Meaning" } } }
                    tbody { @for parameter in &all { (parameter_row(document, parameter)) } }
                } }
            }
        }
    }

    fn body(&self, document: &Value) -> Markup {
        let content = self.object["requestBody"]["content"].as_object();
        html! {
            @for (kind, body) in content.into_iter().flatten() {
                h3 { "Body " span.count { (kind) } }
                @let about = self.object["requestBody"]["description"].as_str().unwrap_or_default();
                @if !about.is_empty() { (prose(about)) }
                (outline_table(&Outline::of(document, &body["schema"])))
            }
        }
    }

    fn answers(&self, document: &Value) -> Markup {
        let answers = self.object["responses"].as_object().into_iter().flatten();
        let answers: Vec<_> =
            answers.map(|(status, answer)| (status.as_str(), resolved(document, answer))).collect();
        let (good, bad): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|(status, _)| status.starts_with(['1', '2', '3']));
        html! {
            h3 { "Answers" }
            @for (status, answer) in good {
                p { span.status.good { (status) } " " (inline(answer["description"].as_str().unwrap_or_default())) }
                @for (kind, content) in answer["content"].as_object().into_iter().flatten() {
                    @let outline = Outline::of(document, &content["schema"]);
                    details.panel {
                        summary { "What is in it " span.count { (kind) } }
                        (outline_table(&outline))
                    }
                }
            }
            @if !bad.is_empty() {
                details.panel {
                    summary { "Errors " span.count { (bad.iter().map(|(status, _)| *status).collect::<Vec<_>>().join(" ")) } }
                    table.schema { tbody { @for (status, answer) in bad {
                        tr { th scope="row" { (status) } td { (inline(answer["description"].as_str().unwrap_or_default())) } }
                    } } }
                }
            }
        }
    }

    fn examples(&self, document: &Value, url: &str) -> Markup {
        let names = self.path.split(['{', '}']).skip(1).step_by(2);
        let schema = &self.object["requestBody"]["content"][JSON]["schema"];
        let call = Call {
            id: self.id(),
            url,
            method: self.method,
            path: self.path,
            parameters: names.map(str::to_uppercase).collect(),
            body: (!schema.is_null()).then(|| smallest(document, schema)),
            needs_key: self.object["security"]
                .as_array()
                .is_none_or(|all| all.iter().any(|one| one != &serde_json::json!({}))),
        };
        html! {
            h3 { "Example" }
            code-tabs {
                @for (language, code) in calls(&call) {
                    section aria-label=(language) { h4 { (language) } (copied(&html! { (visible(&code, true)) })) }
                }
            }
        }
    }
}

fn parameter_row(document: &Value, parameter: &Value) -> Markup {
    let outline = Outline::of(document, &parameter["schema"]);
    let about = parameter["description"].as_str().unwrap_or(&outline.top.about);
    html! {
        tr {
            th scope="row" {
                code { (parameter["name"].as_str().unwrap_or_default()) }
                " " span.quiet { "in the " (parameter["in"].as_str().unwrap_or_default()) }
                @if parameter["required"] == true { " " span.must { "required" } }
            }
            td {
                span.kind { (outline.top.kind) }
                @if let Some(format) = &outline.top.format { " " span.quiet { "(" (format) ")" } }
                @for rule in &outline.top.rules { span.rule { (rule) } }
            }
            td {
                (prose(about))
                @if !outline.top.values.is_empty() { p { "One of " (outline.top.values.join(", ")) } }
                @if let Some(default) = &outline.top.default { p { "Otherwise " code { (default) } } }
            }
        }
    }
}
