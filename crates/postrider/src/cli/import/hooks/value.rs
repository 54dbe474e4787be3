//! Values of a request by the names that hooks give them.

use std::fmt::Write as _;

use postrider_core::exec::Template;
use postrider_core::facts::Fact;

use super::hook::Argument;

/// What stands in the place of an argument.
#[derive(Debug)]
pub(super) enum Given {
    /// The same text for every request.
    Text(String),
    /// A value of the request.
    Fact(Fact),
}

impl Given {
    /// As a template.
    pub(super) fn template(&self) -> String {
        match self {
            Self::Text(text) => Template::literal(text).to_string(),
            Self::Fact(fact) => Template::fact(fact.clone()).to_string(),
        }
    }
}

/// What an argument stands for, or why there is nothing like it here.
pub(super) fn given(argument: &Argument) -> Result<Given, String> {
    let Argument { source, name, other, .. } = argument;
    if let Some(key) = other.keys().next() {
        return Err(format!("`{key}` of a value ({source} {name:?}) is not known here"));
    }
    let text = match source.as_str() {
        "string" => return Ok(Given::Text(name.clone())),
        "header" => format!("header.{name}"),
        "url" | "query" => format!("query.{name}"),
        "payload" => format!("payload.{}", path(name)),
        "request" if name.eq_ignore_ascii_case("method") => "method".to_owned(),
        "request" if name.eq_ignore_ascii_case("remote-addr") => "remote".to_owned(),
        "entire-payload" | "raw-request-body" => "body".to_owned(),
        "entire-headers" => "headers".to_owned(),
        "entire-query" => "query".to_owned(),
        _ => return Err(format!("the value {source:?} {name:?} is not known here")),
    };
    let fact = text.parse().map_err(|_| format!("the value {source:?} {name:?} cannot be named here"))?;
    Ok(Given::Fact(fact))
}

/// A path of ours for one of hooks, where `items.0.id` is the first item; a payload that is a list is called `root` there.
fn path(name: &str) -> String {
    let is_index = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = name.split('.').peekable();
    let mut path = String::new();
    if parts.peek() == Some(&"root") {
        let mut rest = parts.clone().skip(1);
        if rest.next().is_some_and(is_index) {
            parts.next();
        }
    }
    for part in parts {
        if is_index(part) {
            write!(path, "[{part}]").expect("a string takes every write");
        } else {
            let dot = if path.is_empty() { "" } else { "." };
            path.push_str(dot);
            path.push_str(part);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_names_here() {
        for (source, name, expected) in [
            ("header", "X-GitHub-Event", "{header.x-github-event}"),
            ("url", "token", "{query.token}"),
            ("query", "a b", "{query.a b}"),
            ("payload", "head_commit.author.email", "{payload.head_commit.author.email}"),
            ("payload", "commits.0.id", "{payload.commits[0].id}"),
            ("payload", "root.0.id", "{payload.[0].id}"),
            ("payload", "root.name", "{payload.root.name}"),
            ("request", "Method", "{method}"),
            ("request", "remote-addr", "{remote}"),
            ("entire-payload", "", "{body}"),
            ("raw-request-body", "", "{body}"),
            ("entire-headers", "", "{headers}"),
            ("entire-query", "", "{query}"),
            ("string", "--flag={x}", "--flag={{x}}"),
        ] {
            let argument = Argument { source: source.into(), name: name.into(), ..Argument::default() };
            let template = given(&argument).map(|given| given.template());
            assert_eq!(template.as_deref(), Ok(expected), "{source} {name}");
            expected.parse::<Template>().unwrap();
        }
        for (source, name) in
            [("context", "a"), ("template", "x"), ("request", "host"), ("payload", ""), ("header", "a b")]
        {
            let argument = Argument { source: source.into(), name: name.into(), ..Argument::default() };
            assert!(given(&argument).is_err(), "{source} {name}");
        }
    }
}
