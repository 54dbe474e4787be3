//! `postrider openapi`: prints the API's document.

use super::exit::Exit;
use super::failure::Failure;
use super::output;

/// Runs it.
pub(super) fn run() -> Result<Exit, Failure> {
    output::json(&crate::api::openapi())?;
    Ok(Exit::Ok)
}
