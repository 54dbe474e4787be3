//! What checks the requests of a source, made from its settings.

use std::sync::Arc;
use std::time::Duration;

use postrider_core::inbound::{Presets, Secret, Settings, Verifier};
use postrider_core::names::Invalid;
use postrider_core::source::Source;

/// The source's verifier; `None` where it names no preset. The error is for the people who set it.
pub(super) fn of(source: &Source, presets: &Presets) -> Result<Option<Verifier>, Invalid> {
    let Some(name) = &source.settings.preset else { return Ok(None) };
    let preset = presets.get(name).ok_or_else(|| Invalid::value("there is no such preset"))?;
    let mut secrets = Vec::with_capacity(source.private.credentials.len());
    for credential in &source.private.credentials {
        let secret =
            Secret::new(credential.text.expose()).map_err(|invalid| Invalid::value(invalid.to_string()))?;
        secrets.push(match credential.not_after {
            Some(end) => secret.until(end),
            None => secret,
        });
    }
    let shown = source.settings.parameters.iter().map(|(name, value)| (name.clone(), value.clone()));
    let hidden = source.private.parameters.iter();
    let hidden = hidden.map(|(name, value)| (name.clone(), value.expose().to_owned()));
    let settings: Settings = shown.chain(hidden).collect();
    let verifier = Verifier::new(Arc::clone(preset), secrets, settings)
        .map_err(|invalid| Invalid::value(invalid.to_string()))?;
    Ok(Some(match source.settings.tolerance_seconds {
        Some(seconds) => verifier.tolerance(Duration::from_secs(seconds)),
        None => verifier,
    }))
}
