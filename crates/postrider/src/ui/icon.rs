//! Icons: small pictures beside words, never instead of them.
//!
//! They are Lucide's (see `vendor/`), in one file that the page refers to; `cargo xtask vendor-update` makes it. An icon
//! takes its colour and size from the text around it, and nobody who listens to a page hears of it.

use maud::{Markup, html};

use super::assets::ICONS;

macro_rules! icons {
    ($($name:ident => $file:literal,)+) => {
        /// Which icon.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[cfg_attr(not(test), expect(dead_code, reason = "pages choose among them"))]
        pub(crate) enum Icon { $($name),+ }

        impl Icon {
            /// The name that it was published under.
            const fn name(self) -> &'static str {
                match self { $(Self::$name => $file),+ }
            }

            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name),+];
        }
    };
}

icons! {
    Activity => "activity",
    Archive => "archive",
    ArrowDown => "arrow-down",
    ArrowLeft => "arrow-left",
    ArrowRight => "arrow-right",
    ArrowUp => "arrow-up",
    ArrowUpRight => "arrow-up-right",
    Ban => "ban",
    Bell => "bell",
    BookOpen => "book-open",
    Box => "box",
    Boxes => "boxes",
    Braces => "braces",
    Building2 => "building-2",
    Calendar => "calendar",
    ChartColumn => "chart-column",
    ChartLine => "chart-line",
    Check => "check",
    ChevronDown => "chevron-down",
    ChevronLeft => "chevron-left",
    ChevronRight => "chevron-right",
    ChevronUp => "chevron-up",
    ChevronsUpDown => "chevrons-up-down",
    CircleAlert => "circle-alert",
    CircleCheck => "circle-check",
    CircleDashed => "circle-dashed",
    CircleMinus => "circle-minus",
    CirclePause => "circle-pause",
    CirclePlay => "circle-play",
    CircleQuestionMark => "circle-question-mark",
    CircleUser => "circle-user",
    CircleX => "circle-x",
    Clock => "clock",
    Code => "code",
    Command => "command",
    Copy => "copy",
    Database => "database",
    Download => "download",
    Ellipsis => "ellipsis",
    ExternalLink => "external-link",
    Eye => "eye",
    EyeOff => "eye-off",
    FileDiff => "file-diff",
    FileText => "file-text",
    FlaskConical => "flask-conical",
    GitCompare => "git-compare",
    Globe => "globe",
    History => "history",
    Hourglass => "hourglass",
    Inbox => "inbox",
    Info => "info",
    Key => "key",
    KeyRound => "key-round",
    Keyboard => "keyboard",
    Layers => "layers",
    LayoutDashboard => "layout-dashboard",
    Lightbulb => "lightbulb",
    Link => "link",
    ListChecks => "list-checks",
    ListFilter => "list-filter",
    Lock => "lock",
    LogIn => "log-in",
    LogOut => "log-out",
    Mail => "mail",
    Menu => "menu",
    Monitor => "monitor",
    Moon => "moon",
    Palette => "palette",
    PanelLeft => "panel-left",
    Pause => "pause",
    Pencil => "pencil",
    Play => "play",
    Plus => "plus",
    Power => "power",
    Radio => "radio",
    RefreshCw => "refresh-cw",
    Repeat => "repeat",
    RotateCcw => "rotate-ccw",
    RotateCw => "rotate-cw",
    Route => "route",
    Rss => "rss",
    ScrollText => "scroll-text",
    Search => "search",
    Send => "send",
    Server => "server",
    Settings => "settings",
    ShieldCheck => "shield-check",
    SkipForward => "skip-forward",
    Star => "star",
    Sun => "sun",
    SunMoon => "sun-moon",
    Tag => "tag",
    Terminal => "terminal",
    Timer => "timer",
    Trash2 => "trash-2",
    TriangleAlert => "triangle-alert",
    Unplug => "unplug",
    Upload => "upload",
    User => "user",
    Users => "users",
    Webhook => "webhook",
    WifiOff => "wifi-off",
    X => "x",
    Zap => "zap",
}

/// The icon, as part of a line.
pub(crate) fn icon(icon: Icon) -> Markup {
    html! {
        svg.icon aria-hidden="true" focusable="false" {
            use href={ (ICONS.path()) "#" (icon.name()) } {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_file_has_these_icons_and_no_others() {
        let file = include_str!("assets/icons.svg");
        let in_file = file.lines().filter_map(|line| line.strip_prefix("<symbol id=\"")?.split('"').next());
        let (in_file, ours): (BTreeSet<_>, BTreeSet<_>) =
            (in_file.collect(), Icon::ALL.iter().map(|icon| icon.name()).collect());
        assert_eq!(in_file, ours);
    }
}
