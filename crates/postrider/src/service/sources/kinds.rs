//! The types of sources: which preset checks the requests of each, and what its configuration has.
//!
//! The types that client libraries know are listed with the fields of their configurations. Every other preset is a type
//! by its own name, with an optional `secret`.

use postrider_core::inbound::Presets;

/// A source without a preset, or with one that the configuration names.
pub(super) const GENERIC: &str = "generic-webhook";
/// A source that publishes by a schedule.
pub(super) const CRON: &str = "cron";

/// A field of a configuration that means something to the type alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// What requests are signed with. It is never shown.
    Secret {
        /// Whether there is no source without it.
        required: bool,
    },
    /// What verifies them. It may be shown.
    PublicKey,
    /// A setting of the preset that is not shown.
    Hidden(&'static str),
    /// A setting of the preset that may be shown.
    Shown(&'static str),
    /// Seconds that a signed time may be off.
    Tolerance,
}

/// The fields of a type's configuration, by name.
pub(super) type Fields = &'static [(&'static str, Field)];

/// A type of source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// Its name.
    pub(super) name: &'static str,
    /// The preset, the first of these that there is.
    presets: &'static [&'static str],
    /// Its fields, by name.
    pub(super) fields: Fields,
}

const SECRET: Fields = &[("secret", Field::Secret { required: true })];
const MAYBE_SECRET: Fields = &[("secret", Field::Secret { required: false })];
const KEY: Fields = &[("publicKey", Field::PublicKey)];

const fn kind(name: &'static str, presets: &'static [&'static str], fields: Fields) -> Kind {
    Kind { name, presets, fields }
}

/// The types of the client libraries. Where a provider sends by the Standard Webhooks service of another company, its
/// preset is that one's.
const KINDS: &[Kind] = &[
    kind(GENERIC, &[], MAYBE_SECRET),
    kind(CRON, &[], &[]),
    kind("adobe-sign", &["adobe-sign"], &[("clientId", Field::Shown("client_id"))]),
    kind("airwallex", &["airwallex"], SECRET),
    kind("beehiiv", &["beehiiv", "svix"], SECRET),
    kind("brex", &["brex", "svix"], SECRET),
    kind("checkbook", &["checkbook"], SECRET),
    kind("clerk", &["clerk", "svix"], SECRET),
    kind("docusign", &["docusign"], MAYBE_SECRET),
    kind("easypost", &["easypost"], MAYBE_SECRET),
    kind("github", &["github"], MAYBE_SECRET),
    kind("guesty", &["guesty", "svix"], SECRET),
    kind("hubspot", &["hubspot-v3", "hubspot"], MAYBE_SECRET),
    kind("incident-io", &["incident-io", "svix"], SECRET),
    kind("lithic", &["lithic", "svix"], SECRET),
    kind("merge", &["merge"], SECRET),
    kind(
        "meta",
        &["meta"],
        &[("secret", Field::Secret { required: true }), ("verifyToken", Field::Hidden("verify_token"))],
    ),
    kind("nango", &["nango"], SECRET),
    kind("nash", &["nash", "svix"], SECRET),
    kind("open-ai", &["openai", "open-ai", "standard-webhooks"], SECRET),
    kind("openclaw", &["openclaw"], SECRET),
    kind("orum-io", &["orum-io"], KEY),
    kind("panda-doc", &["panda-doc", "pandadoc"], SECRET),
    kind("pleo", &["pleo", "svix"], SECRET),
    kind("port-io", &["port-io"], SECRET),
    kind("psi-fi", &["psi-fi", "svix"], SECRET),
    kind("render", &["render", "standard-webhooks"], SECRET),
    kind("replicate", &["replicate", "svix"], SECRET),
    kind("resend", &["resend", "svix"], SECRET),
    kind("rutter", &["rutter"], SECRET),
    kind("safebase", &["safebase", "svix"], SECRET),
    kind("sardine", &["sardine", "svix"], SECRET),
    kind("segment", &["segment"], MAYBE_SECRET),
    kind("shopify", &["shopify"], SECRET),
    kind("slack", &["slack"], SECRET),
    kind("stripe", &["stripe"], SECRET),
    kind("stych", &["stytch", "svix"], SECRET),
    kind("svix", &["svix"], SECRET),
    kind(
        "tailscale",
        &["tailscale"],
        &[("secret", Field::Secret { required: true }), ("timestampGraceSeconds", Field::Tolerance)],
    ),
    kind("telnyx", &["telnyx"], KEY),
    kind("vapi", &["vapi"], SECRET),
    kind("veriff", &["veriff"], SECRET),
    kind("vgs", &["vgs"], SECRET),
    kind("zoom", &["zoom"], SECRET),
];

/// The type of this name: its fields, and its preset if it has one. `None` when there is no such type, or nothing that
/// checks its requests yet.
pub(super) fn find<'n>(presets: &Presets, name: &'n str) -> Option<(Fields, Option<&'n str>)> {
    let Some(known) = KINDS.iter().find(|kind| kind.name == name) else {
        return presets.get(name).map(|_| (MAYBE_SECRET, Some(name)));
    };
    if known.presets.is_empty() {
        return Some((known.fields, None));
    }
    let preset = known.presets.iter().copied().find(|preset| presets.get(preset).is_some())?;
    Some((known.fields, Some(preset)))
}

/// The names of all types that there are, sorted.
#[must_use]
pub fn kinds(presets: &Presets) -> Vec<&str> {
    let own = presets.iter().map(|preset| preset.name.as_str());
    let mut all: Vec<_> = KINDS.iter().map(|kind| kind.name).chain(own).collect();
    all.retain(|name| find(presets, name).is_some());
    all.sort_unstable();
    all.dedup();
    all
}

/// The fields of the type of this name; those of a preset where it is no type of a client library.
pub(super) fn fields(name: &str) -> Fields {
    KINDS.iter().find(|kind| kind.name == name).map_or(MAYBE_SECRET, |kind| kind.fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_of_a_client_has_its_preset_and_a_preset_is_a_type() {
        let presets = Presets::embedded();
        assert_eq!(find(presets, GENERIC), Some((MAYBE_SECRET, None)));
        assert_eq!(find(presets, CRON).map(|(_, preset)| preset), Some(None));
        assert_eq!(find(presets, "github"), Some((MAYBE_SECRET, Some("github"))));
        assert_eq!(find(presets, "pleo"), Some((SECRET, Some("svix"))));
        assert_eq!(find(presets, "gitlab").map(|(_, preset)| preset), Some(Some("gitlab")));
        assert_eq!(find(presets, "no-such-provider"), None);
        for name in kinds(presets) {
            assert!(find(presets, name).is_some(), "{name}");
        }
        assert!(kinds(presets).len() > 50, "{}", kinds(presets).len());
    }
}
