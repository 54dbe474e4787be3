//! Pages for those who receive, and for those who write clients: the catalogue of event types with guides beside it, and
//! the reference of the API.
//!
//! In reading order: [`events`] and [`changelog`] show what is published (`service::catalog`), [`guides`] say how to receive it,
//! [`machine`] has the same for programs; [`reference`] is made from the description of the API, once.
//!
//! Pages are whole without any script, and public where they exist at all: nothing on them depends on who asks. So each
//! has an entity tag, and what has not changed is neither rendered nor sent again.

mod answer;
mod changelog;
mod events;
mod frame;
mod guides;
mod machine;
mod prose;
mod reference;

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::sync::Semaphore;
use utoipa::openapi::OpenApi;

use self::answer::kept;
use self::frame::Site;
use self::machine::{File, Files};
use self::reference::Reference;
use crate::service::catalog::{Catalog, Error, Published};
use crate::ui::Page;

/// Where the catalogue begins, and the reference.
const EVENTS: &str = "/docs/events";
const API: &str = "/docs/api";
/// Pages that are rendered at once.
const PLACES: usize = 4;

/// What the pages are made from.
pub(crate) struct Docs {
    catalog: Option<Catalog>,
    /// Makes the description of the API, which takes a while: so only when the first visitor comes.
    document: fn() -> OpenApi,
    reference: OnceLock<Reference>,
    /// Where clients reach this server, without a slash at the end.
    url: String,
    places: Semaphore,
    files: Files,
}

type Shared = Arc<Docs>;

impl Docs {
    /// Pages with the catalogue, if there is one, and the reference of what `document` describes.
    pub(crate) fn new(catalog: Option<Catalog>, document: fn() -> OpenApi, url: &str) -> Self {
        Self {
            catalog,
            document,
            reference: OnceLock::new(),
            url: url.to_owned(),
            places: Semaphore::new(PLACES),
            files: Files::default(),
        }
    }

    fn reference(&self) -> &Reference {
        self.reference.get_or_init(|| Reference::of(&(self.document)(), &self.url))
    }

    /// What is the same on all pages.
    fn site(&self) -> Site<'_> {
        let title = self.catalog.as_ref().and_then(|catalog| catalog.settings().title.as_deref());
        Site { title: title.unwrap_or("Webhooks"), url: &self.url, has_events: self.catalog.is_some() }
    }
}

/// All routes.
pub(crate) fn router(docs: Docs) -> Router {
    let docs = Arc::new(docs);
    let start = if docs.catalog.is_some() { EVENTS } else { API };
    let mut router = Router::new()
        .route("/docs", get(async move || Redirect::temporary(start)))
        .route(API, get(reference))
        .route("/docs/api/{tag}", get(group));
    if docs.catalog.is_some() {
        router = router
            .route(EVENTS, get(catalogue))
            .route("/docs/events/{name}", get(event_type))
            .route("/docs/changes", get(changes))
            .route("/docs/guides/{name}", get(guide))
            .route("/docs/events.json", get(events_json))
            .route("/docs/events.md", get(events_md))
            .route("/docs/asyncapi.json", get(asyncapi_json))
            .route("/docs/asyncapi.yaml", get(asyncapi_yaml))
            .route("/llms.txt", get(llms));
    }
    router.with_state(docs)
}

/// What a page or a file about the event types is made of.
struct Asked<'d> {
    site: Site<'d>,
    catalog: &'d Catalog,
    published: &'d Published,
}

/// Answers with what `make` makes of what is published, unless the visitor has it already.
async fn about_events(
    docs: &Docs,
    headers: &HeaderMap,
    make: impl FnOnce(&Asked<'_>) -> Response,
) -> Response {
    let Some(catalog) = &docs.catalog else { return StatusCode::NOT_FOUND.into_response() };
    let Ok(_place) = docs.places.acquire().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    match catalog.published().await {
        Ok(published) => {
            let asked = Asked { site: docs.site(), catalog, published: &published };
            kept(headers, &published.revision, || make(&asked))
        }
        Err(error) => trouble(docs, &error),
    }
}

fn trouble(docs: &Docs, error: &Error) -> Response {
    tracing::warn!(%error, "failed to show the catalogue of event types");
    let (status, text) = match error {
        Error::NoEnvironment(_) => {
            (StatusCode::NOT_FOUND, "There is nothing to show: the catalogue is not set up yet.")
        }
        Error::Store(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "The catalogue cannot be read now. Please try again soon.")
        }
    };
    frame::message(&docs.site(), "Not now", text).with_status(status).into_response()
}

async fn catalogue(State(docs): State<Shared>, headers: HeaderMap) -> Response {
    about_events(&docs, &headers, |asked| events::index(asked).into_response()).await
}

async fn event_type(State(docs): State<Shared>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    about_events(&docs, &headers, |asked| match asked.published.event_type(&name) {
        Some(event_type) => events::event_type(asked, event_type).into_response(),
        None => missing(&asked.site, "There is no such event type, or it is not published."),
    })
    .await
}

async fn changes(State(docs): State<Shared>, headers: HeaderMap) -> Response {
    about_events(&docs, &headers, |asked| changelog::page(asked).into_response()).await
}

async fn guide(State(docs): State<Shared>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    about_events(&docs, &headers, |asked| match guides::page(asked, &name) {
        Some(page) => page.into_response(),
        None => missing(&asked.site, "There is no such guide."),
    })
    .await
}

async fn file(docs: Shared, headers: &HeaderMap, file: File) -> Response {
    let Some(catalog) = &docs.catalog else { return StatusCode::NOT_FOUND.into_response() };
    let published = match catalog.published().await {
        Ok(published) => published,
        Err(error) => return trouble(&docs, &error),
    };
    let bytes = if answer::is_known(headers, &published.revision) {
        Ok(Bytes::new())
    } else {
        docs.files.get(file, &published.revision, made(&docs, &published, file)).await
    };
    match bytes {
        Ok(bytes) => kept(headers, &published.revision, || file.answer(bytes)),
        Err(status) => status.into_response(),
    }
}

/// Makes a file beside the work of others.
async fn made(docs: &Shared, published: &Arc<Published>, file: File) -> Result<Bytes, StatusCode> {
    let _place = docs.places.acquire().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let (docs, published) = (Arc::clone(docs), Arc::clone(published));
    let made = tokio::task::spawn_blocking(move || {
        let catalog = docs.catalog.as_ref()?;
        Some(file.make(&Asked { site: docs.site(), catalog, published: &published }))
    });
    made.await.ok().flatten().ok_or(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn events_json(State(docs): State<Shared>, headers: HeaderMap) -> Response {
    file(docs, &headers, File::Events).await
}

async fn events_md(State(docs): State<Shared>, headers: HeaderMap) -> Response {
    file(docs, &headers, File::Everything).await
}

async fn asyncapi_json(State(docs): State<Shared>, headers: HeaderMap) -> Response {
    file(docs, &headers, File::AsyncapiJson).await
}

async fn asyncapi_yaml(State(docs): State<Shared>, headers: HeaderMap) -> Response {
    file(docs, &headers, File::AsyncapiYaml).await
}

async fn llms(State(docs): State<Shared>, headers: HeaderMap) -> Response {
    file(docs, &headers, File::Overview).await
}

async fn reference(State(docs): State<Shared>, headers: HeaderMap) -> Response {
    about_api(&docs, &headers, |reference| Some(reference.index(&docs.site()))).await
}

async fn group(State(docs): State<Shared>, Path(tag): Path<String>, headers: HeaderMap) -> Response {
    about_api(&docs, &headers, |reference| reference.group(&docs.site(), &tag)).await
}

async fn about_api(
    docs: &Docs,
    headers: &HeaderMap,
    make: impl FnOnce(&Reference) -> Option<Page>,
) -> Response {
    let Ok(_place) = docs.places.acquire().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let reference = docs.reference();
    kept(headers, reference.revision(), || match make(reference) {
        Some(page) => page.into_response(),
        None => missing(&docs.site(), "There is no such group of operations."),
    })
}

fn missing(site: &Site<'_>, text: &str) -> Response {
    frame::message(site, "Not here", text).with_status(StatusCode::NOT_FOUND).into_response()
}
