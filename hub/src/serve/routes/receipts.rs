//! Receipts: what a person takes home after signing or leaving, and the check of one that is shown later.
//!
//! A receipt carries a detached signature (JWS, RFC 7515 appendix F, HS256 over its canonical bytes) by a key of this
//! network alone: the network can show for ever that it issued it, and others ask the network.

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use consent::Codebook;
use consent::document::GrantorKind;
use consent::receipt::{Receipt, ReceiptTerms, consent_receipt, withdrawal_receipt};
use consent::registry;
use directory::AsOf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use mpi::kv::Draft;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;
use utoipa::ToSchema;

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Json, Path, Query};
use crate::serve::ids;
use crate::serve::problem::Problem;
use crate::serve::routes::directives::{kept, presented};
use crate::serve::routes::persons::IdentifierQuery;

/// A receipt with its signature, and the page to be printed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Receipt)]
pub(in crate::serve) struct ReceiptView {
    /// The receipt.
    #[schema(value_type = Object)]
    receipt: Receipt,
    /// Its detached signature.
    jws: String,
    /// The same in Japanese, one page of HTML.
    page: String,
}

/// A receipt that is shown.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct ShownReceipt {
    /// The receipt.
    #[schema(value_type = Object)]
    receipt: Value,
    /// Its detached signature.
    jws: String,
}

/// Whether this network issued a receipt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReceiptCheck)]
pub(in crate::serve) struct CheckView {
    /// Whether signature and receipt fit together.
    is_valid: bool,
}

/// The receipt of the last version of a directive.
#[utoipa::path(get, path = "/v1/directives/{consent}/receipt", operation_id = "get_receipt", tag = "directives",
    params(("consent" = String, Path, description = "The directive's id")),
    responses((status = 200, body = ReceiptView)))]
pub(in crate::serve) async fn of_directive(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    caller.require(Scope::SignConsent)?;
    let (id, here) = (ids::consent(&id)?, app.clone());
    app.ask(move |operating, draft| -> Result<Answer, Problem> {
        let now = here.now();
        let kept = kept(draft, (id, None), now)?;
        let mut book = Codebook::new();
        let compiled = kept.compiled(&operating.directory, &mut book)?;
        let text = registry::policy(draft, kept.document.policy)?.text;
        let terms = ReceiptTerms {
            network: &here.network().name,
            policy: (kept.document.policy, blake3::hash(text.as_bytes()).into()),
            how_to_withdraw: &here.network().how_to_withdraw,
            issued: now,
            directory: (&operating.directory, kept.checked),
        };
        Answer::ok(&here.signed(consent_receipt(&kept.document, (&compiled, &book), &terms))?)
    })
    .await
}

/// The receipt of the last withdrawal from the network under an identity.
#[utoipa::path(get, path = "/v1/withdrawals/receipt", operation_id = "get_withdrawal_receipt", tag = "directives",
    params(IdentifierQuery), responses((status = 200, body = ReceiptView)))]
pub(in crate::serve) async fn of_withdrawal(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<IdentifierQuery>,
) -> Result<Answer, Problem> {
    caller.require(Scope::SignConsent)?;
    let (identifier, here) = (query.identifier()?, app.clone());
    app.ask(move |operating, draft| -> Result<Answer, Problem> {
        let (now, (signer, _)) = (here.now(), presented(operating, draft, &identifier)?);
        let withdrawn = registry::history(draft, signer)?.last_withdrawal();
        let withdrawn = withdrawn.ok_or_else(|| Problem::not_found("withdrawal"))?;
        let (version, digest) = in_force(draft, AsOf::known(now))?;
        let terms = ReceiptTerms {
            network: &here.network().name,
            policy: (version, digest),
            how_to_withdraw: &here.network().how_to_withdraw,
            issued: now,
            directory: (&operating.directory, AsOf::known(now)),
        };
        let receipt = withdrawal_receipt(signer, (None, withdrawn), GrantorKind::Subject, &terms);
        Answer::ok(&here.signed(receipt)?)
    })
    .await
}

/// Whether this network issued a receipt that somebody shows.
#[utoipa::path(post, path = "/v1/receipts/check", operation_id = "check_receipt", tag = "directives",
    request_body = ShownReceipt, responses((status = 200, body = CheckView)))]
pub(in crate::serve) async fn check(
    State(app): State<App>,
    caller: Caller,
    Json(shown): Json<ShownReceipt>,
) -> Result<Answer, Problem> {
    caller.require(Scope::SignConsent)?;
    // The members of an object are kept in the order of their names, so the bytes are the canonical ones.
    let bytes = serde_json::to_vec(&shown.receipt).map_err(Problem::internal)?;
    let expected = jws(app.secrets().receipts(), &bytes);
    // Compared as digests, so that the time tells nothing of how near a guess was.
    let is_valid = blake3::hash(expected.as_bytes()) == blake3::hash(shown.jws.as_bytes());
    Answer::ok(&CheckView { is_valid })
}

impl App {
    fn signed(&self, receipt: Receipt) -> Result<ReceiptView, Problem> {
        let bytes = receipt.canonical().map_err(Problem::internal)?;
        Ok(ReceiptView { jws: jws(self.secrets().receipts(), &bytes), page: receipt.page(), receipt })
    }
}

/// The version of the policy in force, and the digest of its text.
fn in_force(draft: &mut Draft<'_>, as_of: AsOf) -> Result<(u32, [u8; 32]), Problem> {
    let published = registry::in_force(draft, as_of)?;
    Ok(published.map_or((0, [0; 32]), |it| (it.version, blake3::hash(it.text.as_bytes()).into())))
}

/// A detached signature: head and signature, with nothing between the two points.
fn jws(key: &[u8; 32], payload: &[u8]) -> String {
    const HEAD: &str = r#"{"alg":"HS256","typ":"JOSE"}"#;
    let (head, payload) = (URL_SAFE_NO_PAD.encode(HEAD), URL_SAFE_NO_PAD.encode(payload));
    let mac = match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => mac,
        // A key of any length is taken.
        Err(_) => return String::new(),
    };
    let signature = mac.chain_update(format!("{head}.{payload}")).finalize().into_bytes();
    format!("{head}..{}", URL_SAFE_NO_PAD.encode(signature))
}
