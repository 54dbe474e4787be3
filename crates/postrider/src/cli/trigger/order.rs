//! What is to be sent, each time anew: a sample filled, changed and signed.

use std::sync::Arc;

use anyhow::Context as _;
use postrider_core::inbound::{Draft, Presets, Secret, Settings, Verifier};
use postrider_core::rng::Rng;
use postrider_core::time::Timestamp;

use super::catalogue::Provider;
use super::sample::{Sample, Wanted};
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, OrExit as _};
use crate::cli::verify::given::Header;
use crate::edit::Assignment;

/// See the module's documentation.
pub(super) struct Order<'a> {
    pub(super) event: &'a str,
    pub(super) sample: Sample,
    pub(super) verifier: Verifier,
    pub(super) set: Vec<Assignment>,
    pub(super) headers: Vec<Header>,
    pub(super) id: Option<String>,
    /// The URL that is signed, where the provider signs one.
    pub(super) url: String,
}

/// Signs as `provider` does. The first secret signs; the provider has but one at a time.
pub(super) fn verifier(provider: &Provider, secrets: Vec<Secret>) -> Result<Verifier, Failure> {
    if secrets.is_empty() {
        let sentence =
            format!("{} signs with a secret; give it with --secret or --secret-file", provider.name);
        return Err(Failure::new(Exit::Usage, sentence));
    }
    let preset = Presets::embedded().get(provider.preset).map(Arc::clone);
    let preset = preset.with_context(|| format!("there is no preset {:?}", provider.preset))?;
    Verifier::new(preset, secrets, Settings::default()).or_exit(Exit::Usage)
}

impl Order<'_> {
    /// A request for the moment `now`, and the id of its delivery.
    pub(super) fn request(&self, now: Timestamp, rng: &dyn Rng) -> Result<(Draft, String), Failure> {
        let wanted =
            Wanted { event: self.event, id: self.id.as_deref(), set: &self.set, url: &self.url, now };
        let (mut draft, id) = self.sample.draft(&wanted, rng).or_exit(Exit::Usage)?;
        // Before the signature, which may cover them, and once more behind it: what was asked for is what is sent.
        self.put_headers(&mut draft);
        self.verifier.produce(&mut draft, now, rng).or_exit(Exit::Usage)?;
        self.put_headers(&mut draft);
        Ok((draft, id))
    }

    fn put_headers(&self, draft: &mut Draft) {
        for Header { name, .. } in &self.headers {
            draft.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        }
        let given = self.headers.iter().filter(|header| !header.value.is_empty());
        draft.headers.extend(given.map(|header| (header.name.clone(), header.value.clone())));
    }
}
