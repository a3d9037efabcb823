//! An answer that is not a problem: status, JSON, and what caches and repeated writes need.
//!
//! The tag of an answer is a digest of its bytes. Since an answer holds only what its caller may see, the tag tells
//! nothing about what is hidden; two callers who see different things get different tags.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mpi::kv::Seq;
use serde::{Deserialize, Serialize};

use super::problem::{ErrorCode, Problem};

/// The header that names a position of the log at which a write is visible.
pub const SEQUENCE_HEADER: HeaderName = HeaderName::from_static("nayose-sequence");

/// A body with its status and headers. It can be stored and given again, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    status: u16,
    body: Vec<u8>,
    has_tag: bool,
    location: Option<String>,
    seq: Option<u64>,
}

impl Answer {
    /// Done, with a result.
    ///
    /// # Errors
    /// An internal problem when the result has no JSON form.
    pub fn ok(view: &impl Serialize) -> Result<Self, Problem> {
        Self::with(StatusCode::OK, view)
    }

    /// Made, at an address.
    ///
    /// # Errors
    /// An internal problem when the result has no JSON form.
    pub fn created(location: impl Into<String>, view: &impl Serialize) -> Result<Self, Problem> {
        Ok(Self { location: Some(location.into()), ..Self::with(StatusCode::CREATED, view)? })
    }

    /// Done, and there is nothing to say.
    #[must_use]
    pub fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT.as_u16(), body: Vec::new(), has_tag: false, location: None, seq: None }
    }

    fn with(status: StatusCode, view: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(view).map_err(Problem::internal)?;
        Ok(Self { status: status.as_u16(), body, has_tag: false, location: None, seq: None })
    }

    /// The same answer with an `ETag`, for things that are edited or polled.
    #[must_use]
    pub fn tagged(self) -> Self {
        Self { has_tag: true, ..self }
    }

    /// The same answer, or 304 without a body when the caller has it already (`If-None-Match`). Tags the answer.
    #[must_use]
    pub fn unless_known(self, headers: &HeaderMap) -> Self {
        let tag = Tag::of_bytes(&self.body);
        let is_known = tags_in(headers, &header::IF_NONE_MATCH).any(|known| known == "*" || known == tag.0);
        let status = if is_known { StatusCode::NOT_MODIFIED.as_u16() } else { self.status };
        Self { status, has_tag: true, ..self }
    }

    /// The same answer after a commit.
    pub(super) fn committed_at(self, seq: Seq) -> Self {
        Self { seq: Some(seq.0), ..self }
    }

    pub(super) fn body_bytes(&self) -> usize {
        self.body.len()
    }

    /// The same answer without its body.
    pub(super) fn without_body(self) -> Self {
        Self { body: Vec::new(), ..self }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let tag = self.has_tag.then(|| Tag::of_bytes(&self.body));
        let has_body = !self.body.is_empty() && status != StatusCode::NOT_MODIFIED;
        let mut response = if has_body { (status, self.body).into_response() } else { status.into_response() };
        let headers = response.headers_mut();
        if has_body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        let texts = [
            (header::ETAG, tag.map(|tag| tag.0)),
            (header::LOCATION, self.location),
            (SEQUENCE_HEADER, self.seq.map(|seq| seq.to_string())),
        ];
        for (name, text) in texts {
            if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// A strong entity tag: the digest of what the caller sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(String);

impl Tag {
    /// The tag under which a view is answered.
    ///
    /// # Errors
    /// An internal problem when the view has no JSON form.
    pub fn of(view: &impl Serialize) -> Result<Self, Problem> {
        Ok(Self::of_bytes(&serde_json::to_vec(view).map_err(Problem::internal)?))
    }

    fn of_bytes(bytes: &[u8]) -> Self {
        let digest = blake3::hash(bytes).to_hex();
        Self(format!("\"{}\"", digest.chars().take(TAG_CHARS).collect::<String>()))
    }
}

/// 64 bits: two versions of one thing share a tag once in centuries.
const TAG_CHARS: usize = 16;

/// What a change says about the version that it has read (`If-Match`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfMatch(Option<Vec<String>>);

impl IfMatch {
    /// The condition of a request.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let is_given = headers.contains_key(header::IF_MATCH);
        Self(is_given.then(|| tags_in(headers, &header::IF_MATCH).map(str::to_owned).collect()))
    }

    /// Whether the caller says what it has read.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// The thing has to be as the caller has read it; whoever read nothing has to read first.
    ///
    /// # Errors
    /// [`ErrorCode::PreconditionRequired`] without a condition, [`ErrorCode::Stale`] when it does not hold.
    pub fn require(&self, present: &Tag) -> Result<(), Problem> {
        match self {
            Self(None) => Err(Problem::new(ErrorCode::PreconditionRequired, "the request has no `If-Match`")),
            condition => condition.check(present),
        }
    }

    /// The thing has to be as the caller has read it, if the caller says what that was.
    ///
    /// # Errors
    /// [`ErrorCode::Stale`].
    pub fn check(&self, present: &Tag) -> Result<(), Problem> {
        match &self.0 {
            Some(tags) if !tags.iter().any(|tag| tag == "*" || *tag == present.0) => {
                Err(Problem::new(ErrorCode::Stale, "the present version is another one than `If-Match` names"))
            }
            _ => Ok(()),
        }
    }
}

/// The tags of a header, weak ones included as they are written: those never equal one of ours.
fn tags_in<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let values = headers.get_all(name).iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_change_names_what_it_has_read() {
        let tag = Tag::of(&1).unwrap();
        let condition = |value: &str| IfMatch::of(&headers(header::IF_MATCH, value));
        let code = |result: Result<(), Problem>| result.map_err(|problem| problem.code());
        assert_eq!(code(condition(&tag.0).require(&tag)), Ok(()));
        assert_eq!(code(condition(&format!("\"x\", {}", tag.0)).require(&tag)), Ok(()));
        assert_eq!(code(condition("*").require(&tag)), Ok(()));
        assert_eq!(code(condition("\"x\"").require(&tag)), Err(ErrorCode::Stale));
        assert_eq!(code(condition(&format!("W/{}", tag.0)).require(&tag)), Err(ErrorCode::Stale));
        assert_eq!(code(IfMatch::default().require(&tag)), Err(ErrorCode::PreconditionRequired));
        assert_eq!(code(IfMatch::default().check(&tag)), Ok(()));
    }

    #[test]
    fn what_the_caller_has_is_not_sent_again() {
        let answer = || Answer::ok(&["x"]).unwrap();
        let tag = Tag::of(&["x"]).unwrap().0;
        let fresh = answer().unless_known(&headers(header::IF_NONE_MATCH, "\"other\"")).into_response();
        assert_eq!((fresh.status(), fresh.headers()[header::ETAG].to_str().unwrap()), (StatusCode::OK, tag.as_str()));
        let known = answer().unless_known(&headers(header::IF_NONE_MATCH, &tag)).into_response();
        assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(known.headers()[header::ETAG].to_str().unwrap(), tag);
        assert!(!known.headers().contains_key(header::CONTENT_TYPE));
    }
}
