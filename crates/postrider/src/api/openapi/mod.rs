//! The description of the API: OpenAPI 3.1, made from the handlers' own declarations.
//!
//! What all operations have in common is added here once: how to authenticate, and the errors that any of them may
//! answer.

mod describe;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use self::describe::describe_fields;
use super::problem::{InvalidBody, PlainBody, Refusal};

const SECURITY: &str = "HTTPBearer";

/// An error that operations have in common.
struct Error {
    status: u16,
    /// Its name among the components.
    name: &'static str,
    description: &'static str,
    when: When,
}

/// Which operations can answer an error.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// When the caller must be known.
    Known,
    /// When something is written.
    Writing,
}

const ERRORS: [Error; 11] = {
    use When::{Always, Known, Writing};
    const fn of(status: u16, name: &'static str, when: When, description: &'static str) -> Error {
        Error { status, name, description, when }
    }
    [
        of(400, "BadRequest", Known, "The request cannot be read."),
        of(401, "AuthenticationFailed", Known, "The API key is missing, unknown, revoked or expired."),
        of(403, "InsufficientAccess", Known, "The key's kind does not allow this operation."),
        of(404, "NotFound", Known, "There is no such object, or it is not this caller's."),
        of(408, "RequestTimeout", Writing, "The body came too slowly."),
        of(409, "Conflict", Writing, "Something else has the uid, name or event id."),
        of(413, "PayloadTooLarge", Writing, "The body is larger than the server allows."),
        of(422, "Invalid", Known, "Values are refused; each is named."),
        of(429, "Overloaded", Always, "Too much is under way: ask again after `Retry-After` seconds."),
        of(
            503,
            "Unavailable",
            Always,
            "The server is stopping or broken: ask again after `Retry-After` seconds.",
        ),
        of(507, "DiskFull", Writing, "There is no room on the disk: ask again after `Retry-After` seconds."),
    ]
};

/// What stands at the beginning of the document.
pub(super) fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Postrider API")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(include_str!("description.md")))
        .build();
    let tags =
        TAGS.map(|(name, description)| TagBuilder::new().name(name).description(Some(description)).build());
    OpenApiBuilder::new().info(info).tags(Some(tags)).build()
}

const TAGS: [(&str, &str); 23] = [
    (
        "Application",
        "One for each customer of your product: the tenant that endpoints and messages belong to.",
    ),
    ("Event Type", "What your product sends, by name, with JSON Schemas."),
    ("Endpoint", "Where an application's messages go."),
    ("Message", "One event for one application, delivered to every endpoint that wants it."),
    ("Message Attempt", "What happened each time a message was tried at an endpoint."),
    ("Authentication", "Who the caller is."),
    ("Health", "Whether the server answers."),
    ("Ingest Source", "Where webhooks of other companies' services are received."),
    ("Ingest Endpoint", "Where a source's messages go."),
    ("Ingest Endpoint Filter", "Which requests an endpoint of a source gets."),
    ("Ingest Endpoint Transformation", "Code that is kept for an endpoint of a source. Nothing runs it yet."),
    ("Ingest Reception", "What a source has received, and what it has refused."),
    ("Ingest Listener", "Hearing what sources receive while it comes, as on a developer's machine."),
    ("Bin", "Receivers in the server itself, for trying webhooks out."),
    ("Environment", "Walled-off sets of applications, event types and keys."),
    ("Key", "API keys, for whoever runs the instance."),
    ("User", "Who signs in to the dashboard, for whoever runs the instance."),
    ("Delivery", "A message on its way to one endpoint."),
    ("Background Task", "Long work that goes on by itself, such as a replay of many messages."),
    ("Search", "Deliveries and messages, by what is known of them."),
    ("Analytics", "Numbers over time: volume, success and latency."),
    ("Issue", "Failures of an endpoint that look alike, as one thing to deal with."),
    ("Audit log", "Who did what, when, and what became of it."),
];

/// Adds what all operations have in common.
pub(super) fn complete(mut document: OpenApi) -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key, sent as `Authorization: Bearer …`."))
        .build();
    let mut components = ComponentsBuilder::from(document.components.take().unwrap_or_default())
        .schema(PlainBody::name(), PlainBody::schema())
        .schema(InvalidBody::name(), InvalidBody::schema())
        .schema(Refusal::name(), Refusal::schema())
        .security_scheme(SECURITY, SecurityScheme::Http(bearer));
    for error in &ERRORS {
        components = components.response(error.name, response(error));
    }
    let mut components = components.build();
    components.schemas.values_mut().for_each(describe_fields);
    document.components = Some(components);
    document.security = Some(vec![SecurityRequirement::new(SECURITY, [""; 0])]);
    for item in document.paths.paths.values_mut() {
        item.get.iter_mut().for_each(|operation| add_errors(operation, false));
        let writing = [&mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        writing.into_iter().flatten().for_each(|operation| add_errors(operation, true));
    }
    document
}

fn response(error: &Error) -> Response {
    let body = if error.status == 422 { InvalidBody::name() } else { PlainBody::name() };
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(body))).build();
    let response = ResponseBuilder::new().description(error.description).content("application/json", content);
    if !matches!(error.status, 429 | 503 | 507) {
        return response.build();
    }
    let seconds = HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::Integer).build()))
        .description(Some("Seconds to wait."))
        .build();
    response.header("Retry-After", seconds).build()
}

fn add_errors(operation: &mut Operation, writes: bool) {
    let known = operation.security.is_none();
    let can = |error: &&Error| match error.when {
        When::Always => true,
        When::Known => known,
        When::Writing => writes,
    };
    for error in ERRORS.iter().filter(can) {
        let response = RefOr::Ref(Ref::from_response_name(error.name));
        operation.responses.responses.entry(error.status.to_string()).or_insert(response);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    /// What the client libraries send and expect; the integration tests hold every operation to it.
    const CONTRACT: &str = include_str!("../../../tests/it/client_contract.json");

    /// The names of a schema's required properties, references and parts followed.
    fn required(document: &Value, schema: &Value) -> Vec<String> {
        let schema = match schema["$ref"].as_str() {
            Some(path) => document.pointer(&path[1..]).expect("a reference leads somewhere"),
            None => schema,
        };
        let own =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        let parts =
            schema["allOf"].as_array().into_iter().flatten().flat_map(|part| required(document, part));
        own.chain(parts).collect()
    }

    #[test]
    fn rows_of_lists_have_what_clients_read() {
        let document = serde_json::to_value(crate::api::openapi()).unwrap();
        let contract: Value = serde_json::from_str(CONTRACT).unwrap();
        let mut lists = 0;
        for expected in contract["operations"].as_array().unwrap() {
            let Some(needed) = expected["answer"]["item"]["required"].as_array() else { continue };
            let path = expected["path"].as_str().unwrap();
            let page =
                &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
            let page = page["$ref"].as_str().map_or(page, |path| document.pointer(&path[1..]).unwrap());
            let found = required(&document, &page["properties"]["data"]["items"]);
            for name in needed {
                assert!(found.iter().any(|own| own == name), "{path}: {name} is missing in {found:?}");
            }
            lists += 1;
        }
        assert!(lists >= 8, "only {lists} lists were compared");
    }
}
