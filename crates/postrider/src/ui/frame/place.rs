//! The places of the dashboard: what the navigation leads to.

use crate::ui::icon::Icon;

/// A place. Pages of one thing, such as a delivery, belong to the place that lists such things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Overview,
    Deliveries,
    Messages,
    Issues,
    Analytics,
    Applications,
    Endpoints,
    EventTypes,
    Sources,
    Bins,
    Setup,
    Portal,
    Replays,
    Keys,
    People,
    Audit,
    System,
    /// The visitor's own name, password and sessions: led to from beside their name.
    Account,
}

/// Places that belong together, under a word for them.
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) places: &'static [Place],
}

/// The navigation, in order.
pub(crate) const GROUPS: [Group; 3] = [
    Group {
        title: "What happens",
        places: &[
            Place::Overview,
            Place::Deliveries,
            Place::Messages,
            Place::Issues,
            Place::Analytics,
            Place::Replays,
        ],
    },
    Group {
        title: "What there is",
        places: &[Place::Applications, Place::Endpoints, Place::EventTypes, Place::Sources, Place::Bins],
    },
    Group {
        title: "This server",
        places: &[Place::Setup, Place::Portal, Place::Keys, Place::People, Place::Audit, Place::System],
    },
];

impl Place {
    /// Its word in the navigation, which is also the heading of its page.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Deliveries => "Deliveries",
            Self::Messages => "Messages",
            Self::Issues => "Issues",
            Self::Analytics => "Analytics",
            Self::Applications => "Applications",
            Self::Endpoints => "Endpoints",
            Self::EventTypes => "Event types",
            Self::Sources => "Sources",
            Self::Bins => "Bins",
            Self::Setup => "Setup",
            Self::Portal => "Portal",
            Self::Replays => "Replays",
            Self::Keys => "Keys",
            Self::People => "People",
            Self::Audit => "Audit log",
            Self::System => "System",
            Self::Account => "Your account",
        }
    }

    /// The last part of its path.
    pub(crate) const fn segment(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Deliveries => "deliveries",
            Self::Messages => "messages",
            Self::Issues => "issues",
            Self::Analytics => "analytics",
            Self::Applications => "applications",
            Self::Endpoints => "endpoints",
            Self::EventTypes => "event-types",
            Self::Sources => "sources",
            Self::Bins => "bins",
            Self::Setup => "setup",
            Self::Portal => "portal",
            Self::Replays => "replays",
            Self::Keys => "keys",
            Self::People => "people",
            Self::Audit => "audit",
            Self::System => "system",
            Self::Account => "account",
        }
    }

    /// The key that leads to it after `g`, where there is one.
    pub(crate) const fn key(self) -> Option<&'static str> {
        match self {
            Self::Overview => Some("o"),
            Self::Deliveries => Some("d"),
            Self::Messages => Some("m"),
            Self::Issues => Some("i"),
            Self::Analytics => Some("a"),
            Self::Endpoints => Some("e"),
            Self::EventTypes => Some("t"),
            Self::Applications => Some("p"),
            Self::Replays => Some("r"),
            _ => None,
        }
    }

    /// Its sign.
    pub(crate) const fn icon(self) -> Icon {
        match self {
            Self::Overview => Icon::LayoutDashboard,
            Self::Deliveries => Icon::Send,
            Self::Messages => Icon::Mail,
            Self::Issues => Icon::CircleAlert,
            Self::Analytics => Icon::ChartLine,
            Self::Applications => Icon::Boxes,
            Self::Endpoints => Icon::Globe,
            Self::EventTypes => Icon::Tag,
            Self::Sources => Icon::Inbox,
            Self::Bins => Icon::FlaskConical,
            Self::Setup => Icon::ListChecks,
            Self::Portal => Icon::Palette,
            Self::Replays => Icon::RotateCcw,
            Self::Keys => Icon::Key,
            Self::People => Icon::Users,
            Self::Audit => Icon::History,
            Self::System => Icon::Server,
            Self::Account => Icon::CircleUser,
        }
    }

    /// Whether only who may manage the whole instance finds something there.
    pub(crate) const fn is_for_admins(self) -> bool {
        matches!(self, Self::Keys | Self::People)
    }
}
