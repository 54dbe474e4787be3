//! What is answered to a provider.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::inbound::json_path::JsonPath;
use crate::inbound::request::Request;
use crate::inbound::scheme::text::Parsed;
use crate::inbound::settings::{Settings, Text};

/// An answer to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The content type, where there is a body.
    pub content_type: Option<String>,
    /// Further headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; send it with its length, not chunked.
    pub body: Vec<u8>,
}

impl Reply {
    pub(in crate::inbound) const fn empty(status: u16) -> Self {
        Self { status, content_type: None, headers: Vec::new(), body: Vec::new() }
    }

    /// Text from outside. No browser may take it for a page.
    pub(super) fn text(status: u16, text: &str) -> Self {
        let reply = Self {
            content_type: Some("text/plain; charset=utf-8".to_owned()),
            body: text.as_bytes().to_vec(),
            ..Self::empty(status)
        };
        reply.header("x-content-type-options", "nosniff")
    }

    pub(super) fn json(value: &Value) -> Self {
        let reply = Self {
            content_type: Some("application/json".to_owned()),
            body: value.to_string().into_bytes(),
            ..Self::empty(200)
        };
        reply.header("x-content-type-options", "nosniff")
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What a provider wants to hear after its event is durable: by default 200 and nothing else, which all understand.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::inbound) struct Ack {
    #[serde(default = "ok")]
    pub status: u16,
    content_type: Option<String>,
    #[serde(default)]
    pub body: String,
    /// A field of the body that is to come back as JSON, under its own name.
    pub echo: Option<Parsed<JsonPath>>,
    /// Headers, whose values may be settings; one without a value is left out.
    #[serde(default)]
    headers: BTreeMap<String, Parsed<Text>>,
}

fn ok() -> u16 {
    200
}

impl Default for Ack {
    fn default() -> Self {
        Self { status: ok(), content_type: None, body: String::new(), echo: None, headers: BTreeMap::new() }
    }
}

impl Ack {
    /// The answer in words.
    pub(in crate::inbound) fn describe(&self) -> String {
        let body = match (&self.echo, self.body.is_empty()) {
            (Some(Parsed(path)), _) => format!(" with the body's `{path}`"),
            (None, false) => format!(" with `{}`", self.body),
            (None, true) => String::new(),
        };
        format!("{}{body}", self.status)
    }

    pub(super) fn reply(&self, request: &Request<'_>, settings: &Settings) -> Reply {
        let mut reply = match &self.echo {
            Some(Parsed(path)) => {
                let name = path.to_string();
                Reply::json(&json!({ name: path.text(request.body) }))
            }
            None => Reply { body: self.body.clone().into_bytes(), ..Reply::empty(self.status) },
        };
        reply.status = self.status;
        if self.content_type.is_some() {
            reply.content_type.clone_from(&self.content_type);
        }
        for (name, value) in &self.headers {
            if let Some(value) = value.0.get(settings) {
                reply = reply.header(name, value);
            }
        }
        reply
    }
}
