//! How values are written in files, variables and flags.
//!
//! Every layer gives text or a list of texts, and the type of the key reads it: so `server.header_timeout` means the
//! same wherever it is set, and a mistake is reported in the same words.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ipnet::{IpNet, Ipv6Net};
use zeroize::Zeroize as _;

/// What a layer says for one key.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A scalar, as it was written.
    Text(String),
    /// A list of scalars.
    List(Vec<String>),
}

/// A type that a key may have.
pub(super) trait Setting: Sized {
    /// What it is called in the reference.
    const FORM: &'static str;
    /// Whether it must never be shown.
    const SECRET: bool = false;
    /// Reads it. The error is a sentence about the value.
    fn read(value: &Value) -> Result<Self, String>;
    /// Writes it the way it is read.
    fn show(&self) -> String;
}

/// A value that is neither logged nor printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The scalar, or why there is none.
pub(super) fn text(value: &Value) -> Result<&str, String> {
    match value {
        Value::Text(text) => Ok(text.trim()),
        Value::List(_) => Err("takes one value, not a list".to_owned()),
    }
}

fn parse<T: std::str::FromStr>(value: &Value, wanted: &str) -> Result<T, String> {
    let text = text(value)?;
    text.parse().map_err(|_| format!("{text:?} is not {wanted}"))
}

macro_rules! parsed {
    ($($type:ty, $form:literal, $wanted:literal;)+) => {$(
        impl Setting for $type {
            const FORM: &'static str = $form;

            fn read(value: &Value) -> Result<Self, String> {
                parse(value, $wanted)
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

parsed! {
    bool, "true or false", "true or false";
    u32, "number", "a whole number";
    usize, "number", "a whole number";
    SocketAddr, "address", "an address with a port, such as 127.0.0.1:8071 or [::1]:8071";
    Ipv6Net, "network", "an IPv6 network, such as 64:ff9b::/96";
    String, "text", "text";
}

impl Setting for PathBuf {
    const FORM: &'static str = "path";

    fn read(value: &Value) -> Result<Self, String> {
        match text(value)? {
            "" => Err("is empty".to_owned()),
            path => Ok(path.into()),
        }
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Setting for Secret {
    const FORM: &'static str = "secret";
    const SECRET: bool = true;

    fn read(value: &Value) -> Result<Self, String> {
        match text(value)? {
            "" => Err("is empty".to_owned()),
            secret => Ok(Self(secret.to_owned())),
        }
    }

    fn show(&self) -> String {
        "(set)".to_owned()
    }
}

impl<T: Setting> Setting for Option<T> {
    const FORM: &'static str = T::FORM;
    const SECRET: bool = T::SECRET;

    fn read(value: &Value) -> Result<Self, String> {
        T::read(value).map(Some)
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(String::new, T::show)
    }
}

/// The texts of a list, or of a scalar with commas.
fn parts(value: &Value) -> impl Iterator<Item = &str> {
    let parts: Vec<&str> = match value {
        Value::Text(text) => text.split(',').collect(),
        Value::List(list) => list.iter().map(String::as_str).collect(),
    };
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty())
}

impl Setting for Vec<String> {
    const FORM: &'static str = "list of texts";

    fn read(value: &Value) -> Result<Self, String> {
        Ok(parts(value).map(str::to_owned).collect())
    }

    fn show(&self) -> String {
        self.join(", ")
    }
}

impl Setting for Vec<IpNet> {
    const FORM: &'static str = "list of networks";

    fn read(value: &Value) -> Result<Self, String> {
        parts(value).map(network).collect()
    }

    fn show(&self) -> String {
        self.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// A network, or one address as the network of itself.
fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse()
        .or_else(|_| address())
        .map_err(|_| format!("{text:?} is not a network, such as 10.1.0.0/16 or ::1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Setting>(text: &str) -> Option<T> {
        T::read(&Value::Text(text.to_owned())).ok()
    }

    #[test]
    fn networks_come_as_a_list_or_with_commas() {
        let both: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "127.0.0.1/32".parse().unwrap()];
        assert_eq!(read::<Vec<IpNet>>("10.0.0.0/8, 127.0.0.1"), Some(both.clone()));
        let list = Value::List(vec!["10.0.0.0/8".to_owned(), "127.0.0.1".to_owned()]);
        assert_eq!(Setting::read(&list), Ok(both));
        assert_eq!(read::<Vec<IpNet>>(""), Some(Vec::new()));
        assert_eq!(read::<Vec<IpNet>>("10.0.0.0/33"), None);
        assert_eq!(u32::read(&list), Err("takes one value, not a list".to_owned()));
    }

    #[test]
    fn texts_come_as_a_list_or_with_commas() {
        let both = Some(vec!["example.com".to_owned(), "example.org".to_owned()]);
        assert_eq!(read::<Vec<String>>("example.com,, example.org ,"), both);
        assert_eq!(read::<Vec<String>>(""), Some(Vec::new()));
    }

    #[test]
    fn secrets_do_not_show() {
        let secret = read::<Secret>("very-secret").expect("a secret");
        assert_eq!(secret.expose(), "very-secret");
        assert!(!format!("{secret:?}{}", secret.show()).contains("very"));
    }
}
