//! Who may read the metrics.

use super::section::section;
use super::value::Secret;

section! {
    /// Who may read the metrics, at `/metrics` on the address of the API.
    Metrics at "metrics" {
        /// When set, `/metrics` asks for it as `Authorization: Bearer …`.
        token: Option<Secret> = None,
    }
}
