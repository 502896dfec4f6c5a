//! The OpenAPI 3.1 document, generated from the handlers.

use std::collections::BTreeMap;

use axum::http::header;
use axum::response::IntoResponse;
use bytes::Bytes;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ContactBuilder, Content, InfoBuilder, LicenseBuilder, Object, OpenApi, OpenApiBuilder, Ref,
    RefOr, Response, ResponseBuilder, Schema, Type,
};
use utoipa_axum::router::OpenApiRouter;

use super::access::{self, Needs};
use super::error::ErrorBody;
use super::state::ApiState;
use super::validation::ValidationErrors;
use crate::auth::Permission;

/// Returns the route of the document, which is rendered once.
pub(super) fn serve(document: &OpenApi) -> axum::routing::MethodRouter<ApiState> {
    let json = Bytes::from(document.to_json().expect("the document is plain data"));
    axum::routing::get(move || {
        let json = json.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], json).into_response() }
    })
}

/// Returns the document without paths: title, version and tags.
pub(super) fn base() -> OpenApiRouter<ApiState> {
    let info = InfoBuilder::new()
        .title("UNOC")
        .description(Some(
            "Fibre network operations centre: devices, interfaces and links of a site, with \
             their status. Live changes come over Socket.IO, see docs/API.md.",
        ))
        .version(env!("CARGO_PKG_VERSION"))
        .contact(Some(ContactBuilder::new().name(Some("UNOC")).build()))
        .license(Some(
            LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build(),
        ))
        .build();
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).build())
}

/// The names of the two ways to be known.
const COOKIE_SCHEME: &str = "session";
const BEARER_SCHEME: &str = "token";

/// Says of each operation who may ask for it, by the table that the gate has.
pub(super) fn add_security(document: &mut OpenApi) {
    let cookie = ApiKeyValue::with_description(
        "unoc_session",
        "The session of a user who has logged in (`POST /api/session`). Over HTTPS its name is __Host-unoc_session. \
         While there are no users, the host itself needs none",
    );
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API token (`POST /api/tokens`)"));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(COOKIE_SCHEME, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    components.add_security_scheme(BEARER_SCHEME, SecurityScheme::Http(bearer.build()));
    for (path, method, operation) in access::operations(document) {
        let Some(needs) = access::needs_of(&method, path) else { continue };
        let scheme = |name: &str| SecurityRequirement::new::<_, _, &str>(name, []);
        // A list without entries: nobody has to be known.
        let mut security = Vec::new();
        if !needs.contains(&Permission::Public) {
            security.push(scheme(COOKIE_SCHEME));
            security
                .extend(needs.iter().any(|one| is_for_tokens(*one)).then(|| scheme(BEARER_SCHEME)));
            add(
                operation,
                &[
                    ("401", "Nobody is known, or a token that is not valid"),
                    ("403", "The caller may not do this"),
                ],
            );
            let text = operation.description.take().unwrap_or_default();
            operation.description =
                Some(format!("{text}\n\n{}", sentence(needs)).trim().to_owned());
        }
        operation.security = Some(security);
    }
}

/// Returns whether a token may have the permission.
fn is_for_tokens(permission: Permission) -> bool {
    match permission {
        Permission::Metrics | Permission::Read | Permission::Operate => true,
        Permission::Public | Permission::Admin | Permission::Account => false,
    }
}

/// Returns who may ask for an operation, as a sentence.
fn sentence(needs: Needs) -> String {
    let words = needs.iter().map(|one| match one {
        Permission::Public => "nothing",
        Permission::Metrics => "the role `viewer`, or a token with the scope `metrics`",
        Permission::Read => "the role `viewer`",
        Permission::Operate => "the role `operator`",
        Permission::Admin => "the role `admin`",
        Permission::Account => "a user who has logged in",
    });
    format!("Needs {}.", words.collect::<Vec<_>>().join(" or "))
}

/// Adds the answers that every request of a method may get.
pub(super) fn add_common_answers(document: &mut OpenApi) {
    add_schemas(document);
    merge_flattened(document);
    for item in document.paths.paths.values_mut() {
        for read in [&mut item.get, &mut item.head].into_iter().flatten() {
            add(
                read,
                &[
                    ("400", "Malformed request"),
                    ("404", "Not found"),
                    ("421", "The requested host is not allowed"),
                    ("500", "Internal error"),
                    ("503", "The service is stopping, or a directory cannot be read"),
                ],
            );
            add_validation(read);
        }
        let writes = [&mut item.post, &mut item.patch, &mut item.delete, &mut item.put];
        for write in writes.into_iter().flatten() {
            add(
                write,
                &[
                    ("400", "The command was refused"),
                    ("403", "Forbidden, or sent by a page of a site that is not allowed"),
                    ("404", "Not found"),
                    ("408", "The body did not arrive in time"),
                    ("413", "The body is too large"),
                    ("421", "The requested host is not allowed"),
                    ("500", "Internal error"),
                    ("503", "The service is stopping or overloaded"),
                    ("507", "Read-only: the data volume is nearly full"),
                ],
            );
            add_validation(write);
        }
    }
}

fn add_schemas(document: &mut OpenApi) {
    use utoipa::{PartialSchema, ToSchema};
    let components = document.components.get_or_insert_default();
    let mut referenced = Vec::new();
    ErrorBody::schemas(&mut referenced);
    ValidationErrors::schemas(&mut referenced);
    components.schemas.extend(referenced);
    components.schemas.insert(ErrorBody::name().into_owned(), ErrorBody::schema());
    components.schemas.insert(ValidationErrors::name().into_owned(), ValidationErrors::schema());
}

/// Describes an object that contains the fields of another one as one object instead of `allOf`, which
/// generators of requests and of types handle less well.
fn merge_flattened(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    let known = components.schemas.clone();
    for schema in components.schemas.values_mut() {
        if matches!(schema, RefOr::T(Schema::AllOf(_)))
            && let Some(merged) = object_of(schema, &known)
        {
            *schema = RefOr::T(Schema::Object(merged));
        }
    }
}

/// The object that a schema is, refers to, or is put together from.
fn object_of(schema: &RefOr<Schema>, known: &BTreeMap<String, RefOr<Schema>>) -> Option<Object> {
    let schema = match schema {
        RefOr::Ref(to) => known.get(to.ref_location.rsplit('/').next()?)?,
        schema @ RefOr::T(_) => schema,
    };
    match schema {
        RefOr::T(Schema::Object(object)) => Some(object.clone()),
        RefOr::T(Schema::AllOf(all)) => {
            let mut merged = Object::with_type(Type::Object);
            merged.description.clone_from(&all.description);
            for item in &all.items {
                let part = object_of(item, known)?;
                merged.properties.extend(part.properties);
                merged.required.extend(part.required);
                merged.description = merged.description.or(part.description);
            }
            Some(merged)
        }
        _ => None,
    }
}

fn add(operation: &mut Operation, answers: &[(&str, &str)]) {
    for (status, description) in answers {
        insert(operation, status, description, "Error");
    }
}

fn add_validation(operation: &mut Operation) {
    insert(operation, "422", "All errors of the request", "ValidationErrors");
}

fn insert(operation: &mut Operation, status: &str, description: &str, schema: &str) {
    let answer = || -> RefOr<Response> {
        let content = Content::new(Some(Ref::from_schema_name(schema)));
        let response = ResponseBuilder::new().description(description);
        RefOr::T(response.content("application/json", content).build())
    };
    operation.responses.responses.entry(status.to_owned()).or_insert_with(answer);
}
