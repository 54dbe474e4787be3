//! The catalogue for programs: all event types as JSON, as a document of `AsyncAPI` 3.0, and as text.
//!
//! A file may have tens of megabytes. So it is made once for each revision of the catalogue, where it keeps nobody else
//! waiting, and all who read it share its bytes ([`Files`]).

mod asyncapi;
mod events;
mod text;
mod yaml;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, header};
use tokio::sync::Mutex;

use super::Asked;

/// A file of the catalogue.
#[derive(Debug, Clone, Copy)]
pub(super) enum File {
    /// All event types as JSON.
    Events,
    /// All of it as text.
    Everything,
    /// The document of `AsyncAPI` as JSON.
    AsyncapiJson,
    /// The same as YAML.
    AsyncapiYaml,
    /// What there is, as text.
    Overview,
}

/// The files as they were made last, each with its revision.
#[derive(Default)]
pub(super) struct Files([Mutex<Option<(String, Bytes)>>; 5]);

impl Files {
    /// The file of this revision: kept, or as `make` makes it. Held meanwhile, since who comes then wants the same.
    pub(super) async fn get<E>(
        &self,
        file: File,
        revision: &str,
        make: impl Future<Output = Result<Bytes, E>>,
    ) -> Result<Bytes, E> {
        let mut kept = self.0[file as usize].lock().await;
        if let Some((of, bytes)) = &*kept
            && of == revision
        {
            return Ok(bytes.clone());
        }
        let bytes = make.await?;
        *kept = Some((revision.to_owned(), bytes.clone()));
        Ok(bytes)
    }
}

impl File {
    /// Makes it, which may take a while.
    pub(super) fn make(self, asked: &Asked<'_>) -> Bytes {
        let text = match self {
            Self::Events => events::events(asked).to_string(),
            Self::Everything => text::everything(asked),
            Self::AsyncapiJson => asyncapi::asyncapi(asked).to_string(),
            Self::AsyncapiYaml => yaml::write(&asyncapi::asyncapi(asked)),
            Self::Overview => text::overview(asked),
        };
        text.into()
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Events | Self::AsyncapiJson => "application/json",
            Self::AsyncapiYaml => "application/yaml; charset=utf-8",
            Self::Everything | Self::Overview => "text/markdown; charset=utf-8",
        }
    }

    /// The answer with these bytes. Anybody may read it, from any page, and no browser takes it for anything else.
    pub(super) fn answer(self, bytes: Bytes) -> Response {
        let mut response = Response::new(Body::from(bytes));
        for (name, value) in [
            (header::CONTENT_TYPE, self.content_type()),
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ] {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[tokio::test]
    async fn a_file_is_made_once_for_each_revision() {
        let files = Files::default();
        let get = async |file, revision, text: &'static str| {
            let make = async { Ok::<_, Infallible>(Bytes::from_static(text.as_bytes())) };
            files.get(file, revision, make).await.unwrap()
        };
        assert_eq!(get(File::Events, "1", "first").await, "first");
        assert_eq!(get(File::Events, "1", "again").await, "first");
        assert_eq!(get(File::Overview, "1", "other").await, "other", "a file of its own");
        assert_eq!(get(File::Events, "2", "second").await, "second");
    }
}
