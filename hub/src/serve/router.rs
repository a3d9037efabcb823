//! Every route of the server on one screen, and the OpenAPI document that the same lines make.
//!
//! A route is one line here and one function in `routes`. What holds for all of them stands here as well: the
//! bearer token, and problem details for every error. Adding a route: write the handler with its `utoipa::path`, add its
//! line, run the tests with `UPDATE_API_SPEC=1`, and look at the difference in `api-spec/`.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::App;
use super::observe::observe;
use super::problem::{self, ErrorCode, Problem};
use super::routes::{
    about, audit, authzen, cards, decisions, directives, emergencies, erasures, events, gaps, health, history, hooks,
    identity, institutions, masks, matching, persons, policies, pseudonyms, receipts, records, relations, rules,
    scenarios, search, simulations, statistics, subscriptions, tasks,
};

/// The routes with their documents.
fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(head())
        // The server itself.
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(about::version))
        .routes(routes!(about::openapi))
        .routes(routes!(about::errors))
        // The directory.
        .routes(routes!(institutions::list))
        .routes(routes!(institutions::get))
        // Records and persons.
        .routes(routes!(records::send))
        .routes(routes!(records::get))
        .routes(routes!(records::versions))
        .routes(routes!(persons::resolve))
        .routes(routes!(persons::get))
        .routes(routes!(pseudonyms::find))
        .routes(routes!(history::of_person))
        .routes(routes!(search::find))
        .routes(routes!(matching::find))
        // What clerks do about identity.
        .routes(routes!(identity::merge))
        .routes(routes!(identity::get))
        .routes(routes!(identity::undo))
        .routes(routes!(identity::link))
        .routes(routes!(identity::unlink))
        .routes(routes!(identity::split))
        .routes(routes!(identity::keep_apart))
        .routes(routes!(history::under_merge))
        .routes(routes!(history::before_move))
        // What has to be forgotten by law.
        .routes(routes!(erasures::list))
        .routes(routes!(erasures::propose))
        .routes(routes!(erasures::get))
        .routes(routes!(erasures::agree))
        .routes(routes!(erasures::withdraw))
        // What waits for clerks.
        .routes(routes!(tasks::list))
        .routes(routes!(tasks::get))
        .routes(routes!(tasks::claim))
        .routes(routes!(tasks::release))
        .routes(routes!(tasks::defer))
        .routes(routes!(tasks::decide))
        .routes(routes!(tasks::undo))
        // Figures.
        .routes(routes!(statistics::get))
        // Rules in operation.
        .routes(routes!(rules::get))
        .routes(routes!(rules::start))
        .routes(routes!(rules::shadow))
        .routes(routes!(rules::versions))
        .routes(routes!(rules::activate))
        .routes(routes!(rules::prepare, rules::standby, rules::release))
        .routes(routes!(rules::runs))
        .routes(routes!(rules::run))
        .routes(routes!(rules::roll_back))
        // The change feed.
        .routes(routes!(events::list))
        .routes(routes!(subscriptions::list))
        .routes(routes!(subscriptions::make))
        .routes(routes!(subscriptions::get))
        .routes(routes!(subscriptions::end))
        .routes(routes!(subscriptions::resume))
        .merge(permission_routes())
}

/// The routes of what is permitted: decisions, what persons sign, what the network publishes.
fn permission_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(decisions::decide))
        .routes(routes!(decisions::decide_batch))
        .routes(routes!(masks::mask))
        .routes(routes!(emergencies::open))
        .routes(routes!(emergencies::list))
        .routes(routes!(emergencies::get))
        .routes(routes!(emergencies::close))
        .routes(routes!(emergencies::review))
        .routes(routes!(authzen::configuration))
        .routes(routes!(authzen::evaluation))
        .routes(routes!(authzen::evaluations))
        .routes(routes!(authzen::subjects))
        .routes(routes!(authzen::resources))
        .routes(routes!(authzen::actions))
        .routes(routes!(hooks::services))
        .routes(routes!(hooks::consent_consult))
        .routes(routes!(simulations::sight))
        .routes(routes!(audit::list))
        .routes(routes!(audit::under_merge))
        .routes(routes!(directives::enrol))
        .routes(routes!(directives::withdraw))
        .routes(routes!(directives::list))
        .routes(routes!(directives::sign))
        .routes(routes!(directives::get))
        .routes(routes!(directives::withdraw_one))
        .routes(routes!(directives::enter_in_error))
        .routes(routes!(directives::add_to_reach))
        .routes(routes!(gaps::list))
        .routes(routes!(gaps::dismiss))
        .routes(routes!(receipts::of_directive))
        .routes(routes!(receipts::of_withdrawal))
        .routes(routes!(receipts::check))
        .routes(routes!(relations::state))
        .routes(routes!(relations::list))
        .routes(routes!(cards::issue))
        .routes(routes!(cards::find))
        .routes(routes!(cards::tie))
        .routes(routes!(cards::end))
        .routes(routes!(policies::list))
        .routes(routes!(policies::get))
        .routes(routes!(policies::check))
        .routes(routes!(policies::save))
        .routes(routes!(policies::simulate))
        .routes(routes!(policies::simulation))
        .routes(routes!(policies::replay))
        .routes(routes!(policies::replayed))
        .routes(routes!(policies::review))
        .routes(routes!(policies::schedule))
        .routes(routes!(policies::cancel))
        .routes(routes!(scenarios::list))
        .routes(routes!(scenarios::get))
        .routes(routes!(scenarios::save))
        .routes(routes!(scenarios::remove))
        .routes(routes!(scenarios::try_all))
        .routes(routes!(policies::vetoes))
        .routes(routes!(policies::state_veto))
}

/// The service that answers requests.
pub fn router(app: App) -> Router {
    let body_bytes_max = usize::try_from(app.limits().body_bytes_max).unwrap_or(usize::MAX);
    finish(plain_routes(), app, body_bytes_max)
}

/// The routes without what stands around them.
pub(super) fn plain_routes() -> Router<App> {
    routes().split_for_parts().0
}

/// A router with what stands around every request.
pub(super) fn finish(router: Router<App>, app: App, body_bytes_max: usize) -> Router {
    router
        .fallback(async || Problem::not_found("address"))
        .method_not_allowed_fallback(async || {
            Problem::new(ErrorCode::MethodNotAllowed, "this address does not have this method")
        })
        .layer(from_fn_with_state(app.clone(), observe))
        .layer(DefaultBodyLimit::max(body_bytes_max))
        .with_state(app)
}

/// The OpenAPI document of all routes.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut document = routes().into_openapi();
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            operation.responses.responses.entry("default".to_owned()).or_insert_with(problem_response);
        }
    }
    document
}

/// The document as it is served and committed.
///
/// # Errors
/// When it has no JSON form.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&openapi()).map(|text| text + "\n")
}

const BEARER: &str = "bearer";

fn head() -> OpenApi {
    let (name, schema) = problem::schema();
    let (field_name, field_schema) = problem::field_schema();
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token whose BLAKE3 digest stands in the configuration. Its role decides what it may do."))
        .build();
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Nayose")
                .version("1")
                .description(Some(
                    "Who is this person, across all institutions of a network. Errors are problem details whose codes \
                     are described at `/v1/errors`. A thing that the caller may not know of does not exist for it. \
                     Writes take an `Idempotency-Key` and are then done once, however often they are sent.",
                ))
                .license(Some(utoipa::openapi::License::new("Apache-2.0")))
                .build(),
        )
        .components(Some(
            ComponentsBuilder::new()
                .schema(name, schema)
                .schema(field_name, field_schema)
                .security_scheme(BEARER, SecurityScheme::Http(token))
                .build(),
        ))
        .security(Some([SecurityRequirement::new(BEARER, Vec::<String>::new())]))
        .build()
}

fn problem_response() -> RefOr<utoipa::openapi::Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new()
        .description("A problem: `code` says which, `/v1/errors` what to do about it.")
        .content("application/problem+json", content)
        .build()
        .into()
}
