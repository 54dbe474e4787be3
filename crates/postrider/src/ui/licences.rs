//! The licences of what other people made and pages load, as they were published.
//!
//! Deliberately absent: the crates of the program, whose licences `cargo xtask deps` judges.

use axum::Router;
use axum::routing::get;
use http::header;

/// What is in the pages, and its terms.
const LICENCES: &str = concat!(
    "These parts of the pages were made by others.\n",
    "\n======== htmx.org 4.0.1 ========\n\n",
    include_str!("vendor/htmx.org/LICENSE"),
    "\n======== lucide-static 1.62.0 ========\n\n",
    include_str!("vendor/lucide-static/LICENSE"),
    "\n======== uplot 1.6.32 ========\n\n",
    include_str!("vendor/uplot/LICENSE"),
);

/// The page of them.
pub(super) fn router() -> Router {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Router::new().route("/licenses", get(async move || (headers, LICENCES)))
}

#[cfg(test)]
mod tests {
    use super::LICENCES;

    #[test]
    fn each_package_is_named_with_its_version() {
        let manifest: toml::Table = toml::from_str(include_str!("vendor/vendor.toml")).unwrap();
        for package in manifest["package"].as_array().unwrap() {
            let [name, version] = ["name", "version"].map(|key| package[key].as_str().unwrap());
            assert!(LICENCES.contains(&format!("= {name} {version} =")), "{name}");
        }
    }
}
