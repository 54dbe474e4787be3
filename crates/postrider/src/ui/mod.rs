//! What all pages are made of: their frame, their looks, and the rules that browsers are held to.
//!
//! Pages are rendered here and work without any script; what a script adds is that they follow what happens. Everything
//! comes from this server: a [`Page`] is answered with a policy under which a browser loads nothing else and runs
//! nothing that stands in the page itself.
//!
//! Invariants:
//! - Text from outside reaches a page through maud, which escapes it, or through [`text::visible`], which also shows the
//!   characters that would hide or turn what is read.
//! - Bytes from outside are downloads ([`page::download`]), never documents.

pub(crate) mod assets;
pub(crate) mod form;
pub(crate) mod page;
pub(crate) mod text;
pub(crate) mod visitor;

mod source;

pub(crate) use page::Page;

use axum::Router;

use crate::context::Context;

/// The pages that every server has, and the files of all pages.
pub(crate) fn router(context: Context) -> Router {
    assets::router().merge(source::router(context))
}
