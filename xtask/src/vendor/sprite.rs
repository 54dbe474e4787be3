//! All icons in one file, from which a page takes each by its name.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result, ensure};

use super::folder;
use super::manifest::Manifest;

/// The package that they are of.
const PACKAGE: &str = "lucide-static";
/// What every icon of it says of itself, and a part of the file has to say again: it takes nothing from around it.
const LOOKS: [&str; 6] = [
    r#"viewBox="0 0 24 24""#,
    r#"fill="none""#,
    r#"stroke="currentColor""#,
    r#"stroke-width="2""#,
    r#"stroke-linecap="round""#,
    r#"stroke-linejoin="round""#,
];

/// The file.
pub(super) fn of(manifest: &Manifest) -> Result<String> {
    let package = manifest.package(PACKAGE).with_context(|| format!("find {PACKAGE} in vendor.toml"))?;
    let mut text = format!(
        "<!-- Icons of {PACKAGE} {} ({}), put together by `cargo xtask vendor-update`. -->\n\
         <svg xmlns=\"http://www.w3.org/2000/svg\">\n",
        package.version, package.license
    );
    for file in package.files.keys() {
        let Some(name) = file.strip_prefix("icons/").and_then(|name| name.strip_suffix(".svg")) else {
            continue;
        };
        let path = folder().join(PACKAGE).join(file);
        let svg = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let shapes = shapes(&svg).with_context(|| format!("read {}", path.display()))?;
        let _ = writeln!(text, r#"<symbol id="{name}" {}>{shapes}</symbol>"#, LOOKS.join(" "));
    }
    text.push_str("</svg>\n");
    Ok(text)
}

/// What an icon is drawn of, on one line.
fn shapes(svg: &str) -> Result<String> {
    let (_, svg) = svg.split_once("<svg").context("find its root")?;
    let (root, rest) = svg.split_once('>').context("find the end of its root")?;
    for look in LOOKS {
        ensure!(root.contains(look), "find {look} in it");
    }
    let (inner, _) = rest.rsplit_once("</svg>").context("find its end")?;
    Ok(inner.lines().map(str::trim).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_icon_becomes_its_shapes() {
        let root = LOOKS.join("\n  ");
        let svg =
            format!("<!-- of it -->\n<svg\n  {root}\n>\n  <path d=\"M1\" />\n  <circle r=\"2\" />\n</svg>\n");
        assert_eq!(shapes(&svg).unwrap(), "<path d=\"M1\" /><circle r=\"2\" />");
        assert!(shapes(&svg.replace("24 24", "32 32")).is_err(), "of another size");
        assert!(shapes("<svg>").is_err());
    }
}
