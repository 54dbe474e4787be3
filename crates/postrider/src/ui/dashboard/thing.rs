//! What the last parts of a path name.

use postrider_core::app::Ref;
use postrider_core::id::{AppId, SourceId};

use crate::service::access::Owner;

/// Whose a thing is: an application's, or a source's, whose ids begin otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whose {
    App(Ref<AppId>),
    Source(Ref<SourceId>),
}

impl Whose {
    /// The one that a part of a path names.
    pub(super) fn named(text: &str) -> Self {
        match text.parse::<SourceId>() {
            Ok(source) => Self::Source(Ref::Id(source)),
            Err(_) => Self::App(Ref::parse(text)),
        }
    }

    /// For the services.
    pub(super) const fn owner(&self) -> Owner<'_> {
        match self {
            Self::App(app) => Owner::App(app),
            Self::Source(source) => Owner::Source(source),
        }
    }
}

impl std::fmt::Display for Whose {
    /// As paths name it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::App(Ref::Id(id)) => write!(f, "{id}"),
            Self::Source(Ref::Id(id)) => write!(f, "{id}"),
            Self::App(Ref::Uid(uid)) | Self::Source(Ref::Uid(uid)) => f.write_str(uid),
        }
    }
}
