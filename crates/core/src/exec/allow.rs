//! Who may use a command.

use std::fmt;
use std::str::FromStr;

/// An entry of a command's list of users: `source:UID`, `app:UID`, either with an id instead of the uid, or `source:*` for
/// all sources; with `@ENVIRONMENT` behind it, by name or id, only there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    kind: Kind,
    /// An id or uid; `None` for all of the kind.
    who: Option<String>,
    environment: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Source,
    App,
}

/// Text that names no user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be source:UID, source:* or app:UID, each with @ENVIRONMENT behind it or without")]
pub struct InvalidAllow;

/// Whose endpoint wants to use a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Whether it is a source's; else an application's.
    pub is_source: bool,
    /// Its id and its uid, if it has one.
    pub names: Vec<String>,
    /// The id and the name of its environment.
    pub environment: Vec<String>,
}

impl Allow {
    /// All sources of all environments.
    #[must_use]
    pub fn sources() -> Self {
        Self { kind: Kind::Source, who: None, environment: None }
    }

    /// Whether it names `owner`.
    #[must_use]
    pub fn allows(&self, owner: &Owner) -> bool {
        let among = |wanted: &Option<String>, names: &[String]| {
            wanted.as_ref().is_none_or(|wanted| names.contains(wanted))
        };
        (self.kind == Kind::Source) == owner.is_source
            && among(&self.who, &owner.names)
            && among(&self.environment, &owner.environment)
    }
}

impl FromStr for Allow {
    type Err = InvalidAllow;

    fn from_str(text: &str) -> Result<Self, InvalidAllow> {
        let (kind, who) = text.split_once(':').ok_or(InvalidAllow)?;
        let (who, environment) = who.split_once('@').map_or((who, None), |(who, it)| (who, Some(it)));
        let kind = match kind {
            "source" => Kind::Source,
            "app" => Kind::App,
            _ => return Err(InvalidAllow),
        };
        let who = match who {
            "*" if kind == Kind::Source => None,
            // Applications are tenants: each one is named.
            "" | "*" => return Err(InvalidAllow),
            who => Some(who.to_owned()),
        };
        if environment == Some("") {
            return Err(InvalidAllow);
        }
        Ok(Self { kind, who, environment: environment.map(str::to_owned) })
    }
}

impl fmt::Display for Allow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Source => "source",
            Kind::App => "app",
        };
        write!(f, "{kind}:{}", self.who.as_deref().unwrap_or("*"))?;
        self.environment.as_ref().map_or(Ok(()), |environment| write!(f, "@{environment}"))
    }
}
