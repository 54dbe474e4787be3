//! The settings of things, as the audit log compares them: by the names that the API has for them.

use postrider_core::app::App;
use postrider_core::audit::Setting;
use postrider_core::endpoint::{Endpoint, Ordering};
use postrider_core::environment::Environment;
use postrider_core::event_type::EventType;
use postrider_core::person::Person;
use postrider_core::retry::Schedule;
use postrider_core::source::Source;
use serde_json::{Value, json};

/// A thing with settings. Two of a kind have the same ones in the same sequence.
pub(crate) trait Describe {
    /// Each setting's name and value.
    fn settings(&self) -> Vec<(&'static str, Setting)>;
}

impl Describe for App {
    fn settings(&self) -> Vec<(&'static str, Setting)> {
        vec![
            ("name", shown(json!(self.name))),
            ("uid", shown(json!(self.uid))),
            ("throttleRate", shown(json!(self.throttle_rate))),
            ("metadata", shown(json!(self.metadata))),
        ]
    }
}

impl Describe for Endpoint {
    fn settings(&self) -> Vec<(&'static str, Setting)> {
        vec![
            ("url", shown(json!(self.url))),
            ("description", shown(json!(self.description))),
            ("uid", shown(json!(self.uid))),
            ("eventTypes", shown(json!(self.event_types))),
            ("channels", shown(json!(self.channels))),
            ("throttleRate", shown(json!(self.throttle_rate))),
            ("disabled", shown(json!(self.disabled.is_some()))),
            ("metadata", shown(json!(self.metadata))),
            ("headers", secret(json!(self.headers))),
            ("secret", secret(json!(self.keys.current.expose()))),
            ("timeoutSeconds", shown(json!(self.timeout.map(|timeout| timeout.as_secs())))),
            ("ordering", shown(json!(if self.ordering == Ordering::Fifo { "fifo" } else { "none" }))),
            ("retrySchedule", schedule(self.retry_schedule.as_ref())),
        ]
    }
}

impl Describe for EventType {
    fn settings(&self) -> Vec<(&'static str, Setting)> {
        vec![
            ("description", shown(json!(self.description))),
            ("archived", shown(json!(self.archived))),
            ("deprecated", shown(json!(self.deprecated))),
            ("schemas", shown(json!(self.schemas))),
            ("groupName", shown(json!(self.group_name))),
            ("featureFlags", shown(json!(self.feature_flags))),
            ("retrySchedule", schedule(self.retry_schedule.as_ref())),
        ]
    }
}

impl Describe for Source {
    fn settings(&self) -> Vec<(&'static str, Setting)> {
        let settings = &self.settings;
        vec![
            ("name", shown(json!(self.name))),
            ("uid", shown(json!(self.uid))),
            ("type", shown(json!(self.kind))),
            ("metadata", shown(json!(self.metadata))),
            ("config.preset", shown(json!(settings.preset))),
            ("config.toleranceSeconds", shown(json!(settings.tolerance_seconds))),
            ("config.acceptUnverified", shown(json!(settings.accept_unverified))),
            ("config.split", shown(json!(settings.split))),
            ("config.forward", shown(json!(settings.forward))),
            ("config.sync", shown(json!(settings.sync))),
            ("config.parameters", shown(json!(settings.parameters))),
            ("config.cron", shown(json!(settings.cron))),
            ("config.secret", secret(json!(self.private))),
            ("transformations", secret(json!(settings.transformations))),
            ("filters", shown(json!(settings.filters))),
        ]
    }
}

impl Describe for Environment {
    fn settings(&self) -> Vec<(&'static str, Setting)> {
        let settings = &self.settings;
        vec![
            ("name", shown(json!(self.name))),
            ("signatureHeaders", shown(json!(settings.signature_headers))),
            ("unknownEventTypes", shown(json!(settings.unknown_event_types))),
            ("retentionDays", shown(json!(settings.retention_days))),
            ("retrySchedule", schedule(Some(&settings.retry_schedule))),
            ("httpsOnly", shown(json!(settings.https_only))),
        ]
    }
}

impl Describe for Person {
    fn settings(&self) -> Vec<(&'static str, Setting)> {
        vec![
            ("name", shown(json!(self.name))),
            ("role", shown(json!(self.role))),
            ("environments", shown(json!(self.environments))),
            ("disabled", shown(json!(self.disabled_at.is_some()))),
        ]
    }
}

const fn shown(value: Value) -> Setting {
    Setting::Shown(value)
}

const fn secret(value: Value) -> Setting {
    Setting::Secret(value)
}

fn schedule(schedule: Option<&Schedule>) -> Setting {
    shown(json!(schedule))
}
