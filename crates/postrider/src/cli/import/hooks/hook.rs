//! A hook as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A hook. What it has beside these is kept by name.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Hook {
    pub(super) id: String,
    pub(super) execute_command: String,
    pub(super) command_working_directory: String,
    pub(super) http_methods: Vec<String>,
    pub(super) pass_arguments_to_command: Vec<Argument>,
    pub(super) pass_environment_to_command: Vec<Argument>,
    pub(super) pass_file_to_command: Vec<Argument>,
    pub(super) trigger_rule: Option<Rule>,
    pub(super) trigger_signature_soft_failures: Option<bool>,
    pub(super) parse_parameters_as_json: Option<Vec<Value>>,
    pub(super) incoming_payload_content_type: Option<String>,
    pub(super) response_message: Option<Value>,
    pub(super) response_headers: Option<Value>,
    pub(super) success_http_response_code: Option<Value>,
    pub(super) trigger_rule_mismatch_http_response_code: Option<Value>,
    pub(super) include_command_output_in_response: Option<bool>,
    pub(super) include_command_output_in_response_on_error: Option<bool>,
    #[serde(flatten)]
    pub(super) other: BTreeMap<String, Value>,
}

/// A value of the request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Argument {
    pub(super) source: String,
    pub(super) name: String,
    pub(super) envname: String,
    pub(super) base64decode: bool,
    #[serde(flatten)]
    pub(super) other: BTreeMap<String, Value>,
}

/// A rule: one of these.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Rule {
    pub(super) and: Option<Vec<Rule>>,
    pub(super) or: Option<Vec<Rule>>,
    pub(super) not: Option<Box<Rule>>,
    #[serde(rename = "match")]
    pub(super) one: Option<Match>,
    #[serde(flatten)]
    pub(super) other: BTreeMap<String, Value>,
}

/// A condition.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Match {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) regex: String,
    pub(super) secret: String,
    /// Text; YAML writes numbers without quotes.
    pub(super) value: Value,
    pub(super) parameter: Argument,
    pub(super) ip_range: String,
    #[serde(flatten)]
    pub(super) other: BTreeMap<String, Value>,
}
