//! Pages for those who receive.

use ipnet::IpNet;

use super::section::section;
use super::value::{Setting, Value, text};

section! {
    /// Pages for those who receive: the catalogue of event types at `/docs/events`, with guides beside it. The reference of
    /// the API at `/docs/api` is always there.
    Docs at "docs" {
        /// Who may read the catalogue: `public` is everybody without signing in, `off` is nobody. What a product sends may
        /// be a secret until it is announced, so it is `off` unless it is set; `postrider dev` has it `public`.
        events: Readers = Readers::Off,
        /// The name or id of the environment whose event types are shown. Without it, the environment `default`, or
        /// the oldest one.
        environment: Option<String> = None,
        /// The title of the catalogue, such as the name of your product.
        title: Option<String> = None,
        /// What stands at the beginning of the catalogue. A blank line begins a new paragraph.
        intro: Option<String> = None,
        /// The networks that deliveries come from, for receivers that let in nobody else. Set it where you can promise
        /// it; without it the catalogue says that addresses may change.
        addresses: Vec<IpNet> = Vec::new(),
    }
}

/// Who may read something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Nobody: it is not there.
    Off,
    /// Everybody, without signing in.
    Public,
}

impl Setting for Readers {
    const FORM: &'static str = "off or public";

    fn read(value: &Value) -> Result<Self, String> {
        match text(value)? {
            "off" => Ok(Self::Off),
            "public" => Ok(Self::Public),
            other => Err(format!("{other:?} is neither off nor public")),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Off => "off".to_owned(),
            Self::Public => "public".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_named_exactly() {
        for (text, readers) in [("off", Ok(Readers::Off)), (" public ", Ok(Readers::Public))] {
            assert_eq!(Readers::read(&Value::Text(text.to_owned())), readers);
        }
        for text in ["", "Public", "true"] {
            assert!(Readers::read(&Value::Text(text.to_owned())).is_err(), "{text}");
        }
        assert_eq!([Readers::Off, Readers::Public].map(|readers| readers.show()), ["off", "public"]);
    }
}
