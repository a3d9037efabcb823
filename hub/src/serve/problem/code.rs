//! Every kind of problem: its code, its status, what it means and what to do. `api-spec/errors.md` is made from here.
//!
//! Codes are part of the interface: a code is added, never renamed and never given another meaning.

use std::fmt::Write as _;

use axum::http::StatusCode;

/// A kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// The request cannot be understood.
    BadRequest,
    /// A page token that this server did not give to this caller for this list.
    BadPageToken,
    /// No token, or one that is not known.
    Unauthenticated,
    /// The caller's role does not include this.
    NotAllowed,
    /// There is no such thing, or the caller may not know of it.
    NotFound,
    /// The address exists, this method does not.
    MethodNotAllowed,
    /// The state does not allow it.
    Conflict,
    /// The thing was changed since the caller read it.
    Stale,
    /// The body is too large.
    TooLarge,
    /// The body is not JSON.
    UnsupportedMediaType,
    /// A rule of the domain says no.
    Refused,
    /// What is stored per record would have to be written anew.
    RebuildNeeded,
    /// The same key with another request.
    IdempotencyKeyReused,
    /// A change to one thing at a time needs `If-Match`.
    PreconditionRequired,
    /// A fault of ours.
    Internal,
    /// What was read is not what was written.
    StoreCorrupt,
    /// Too many requests at once.
    Busy,
    /// Others kept changing the same thing.
    Contended,
    /// The store does not answer.
    StoreUnavailable,
    /// It may have been written.
    Unconfirmed,
    /// It took too long.
    TimeLimit,
    /// The server starts, stops, or waits for an operator.
    NotReady,
}

impl ErrorCode {
    /// All of them, by status.
    pub fn all() -> impl Iterator<Item = Self> {
        ENTRIES.iter().map(|entry| entry.code)
    }

    /// The code as it stands in an answer.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.entry().status
    }

    /// A few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.entry().title
    }

    /// What to do.
    #[must_use]
    pub fn action(self) -> &'static str {
        self.entry().action
    }

    /// After how many seconds it makes sense to try again.
    #[must_use]
    pub fn retry_after_seconds(self) -> Option<u32> {
        match self {
            Self::Busy | Self::Contended | Self::TimeLimit => Some(1),
            Self::StoreUnavailable | Self::Unconfirmed | Self::NotReady => Some(5),
            _ => None,
        }
    }

    fn entry(self) -> &'static Entry {
        // Every code is in the table, which a test holds.
        ENTRIES.iter().find(|entry| entry.code == self).unwrap_or(&INTERNAL)
    }
}

/// What a code says.
#[derive(Clone, Copy)]
struct Entry {
    code: ErrorCode,
    name: &'static str,
    status: StatusCode,
    title: &'static str,
    meaning: &'static str,
    action: &'static str,
}

const INTERNAL: Entry = Entry {
    code: ErrorCode::Internal,
    name: "internal",
    status: StatusCode::INTERNAL_SERVER_ERROR,
    title: "The server failed",
    meaning: "A fault of the program. The log has the cause under the request's id.",
    action: "Give the operator the `X-Request-Id` of the answer.",
};

/// Every code, by status.
static ENTRIES: [Entry; 22] = [
    Entry {
        code: ErrorCode::BadRequest,
        name: "bad_request",
        status: StatusCode::BAD_REQUEST,
        title: "The request cannot be understood",
        meaning: "A value is missing, misspelt or out of range. `errors` names every one that was found.",
        action: "Mend the values that are named.",
    },
    Entry {
        code: ErrorCode::BadPageToken,
        name: "bad_page_token",
        status: StatusCode::BAD_REQUEST,
        title: "The page token is not valid here",
        meaning: "The token was given to another caller, for another list, or by a server with other keys.",
        action: "Start again from the first page, without `page`.",
    },
    Entry {
        code: ErrorCode::Unauthenticated,
        name: "unauthenticated",
        status: StatusCode::UNAUTHORIZED,
        title: "The caller is not known",
        meaning: "The request has no bearer token, or one that is not in the configuration.",
        action: "Send `Authorization: Bearer …` with a token that the administrator has configured.",
    },
    Entry {
        code: ErrorCode::NotAllowed,
        name: "not_allowed",
        status: StatusCode::FORBIDDEN,
        title: "The caller's role does not include this",
        meaning: "The caller is known; its role may not do this at all. It says nothing about what exists.",
        action: "Use a token of a role that may, or ask the administrator.",
    },
    Entry {
        code: ErrorCode::NotFound,
        name: "not_found",
        status: StatusCode::NOT_FOUND,
        title: "There is no such thing",
        meaning: "Nothing is known under this address, or this caller may not know of it: the two look the same.",
        action: "Check the address and the id.",
    },
    Entry {
        code: ErrorCode::MethodNotAllowed,
        name: "method_not_allowed",
        status: StatusCode::METHOD_NOT_ALLOWED,
        title: "This address has no such method",
        meaning: "The address exists, and the document at `/v1/openapi.json` lists its methods.",
        action: "Use a method that the `Allow` header names.",
    },
    Entry {
        code: ErrorCode::Conflict,
        name: "conflict",
        status: StatusCode::CONFLICT,
        title: "The state does not allow this",
        meaning: "What is asked for was done already, was undone, or excludes something that holds.",
        action: "Read the thing again and decide again.",
    },
    Entry {
        code: ErrorCode::Stale,
        name: "stale",
        status: StatusCode::PRECONDITION_FAILED,
        title: "It was changed since you read it",
        meaning: "The tag in `If-Match` is not the present one: somebody else was faster.",
        action: "Read it again, look at what changed, and repeat with the new `ETag`.",
    },
    Entry {
        code: ErrorCode::TooLarge,
        name: "too_large",
        status: StatusCode::PAYLOAD_TOO_LARGE,
        title: "The request is too large",
        meaning: "The body, or what it asks to be written at once, is over a limit.",
        action: "Send less at once; bulk loads go through `nayose import`.",
    },
    Entry {
        code: ErrorCode::UnsupportedMediaType,
        name: "unsupported_media_type",
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        title: "The body is not JSON",
        meaning: "Bodies are JSON in UTF-8, and say so.",
        action: "Send `Content-Type: application/json`.",
    },
    Entry {
        code: ErrorCode::Refused,
        name: "refused",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: "A rule refuses this",
        meaning: "The request is well formed; what it asks for is not allowed in this network. The detail says which rule.",
        action: "Do what the detail says; repeating the request does not help.",
    },
    Entry {
        code: ErrorCode::RebuildNeeded,
        name: "rebuild_needed",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: "The rules read or block records otherwise",
        meaning: "Rules can take over at once when they differ in weights, levels, guards, thresholds or frequencies. \
                  These have other fields or other blocking rules, and what is stored of every record was made under \
                  those that decide now.",
        action: "Prepare the version with `POST /v1/rules/standby`, and activate it when `GET /v1/rules/standby` says \
                 `ready`.",
    },
    Entry {
        code: ErrorCode::IdempotencyKeyReused,
        name: "idempotency_key_reused",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: "The idempotency key belongs to another request",
        meaning: "The same caller has used this `Idempotency-Key` for another address or with another body.",
        action: "Use a new key for a new request; repeat an old request byte for byte.",
    },
    Entry {
        code: ErrorCode::PreconditionRequired,
        name: "precondition_required",
        status: StatusCode::PRECONDITION_REQUIRED,
        title: "This change needs `If-Match`",
        meaning: "Two people may edit this at once, so the request must say which version it has read.",
        action: "Read it, then send its `ETag` as `If-Match`.",
    },
    INTERNAL,
    Entry {
        code: ErrorCode::StoreCorrupt,
        name: "store_corrupt",
        status: StatusCode::INTERNAL_SERVER_ERROR,
        title: "The store is damaged",
        meaning: "What was read is not what was written. Nothing was changed.",
        action: "Tell the operator, who runs `nayose verify` and restores from the backup.",
    },
    Entry {
        code: ErrorCode::Busy,
        name: "busy",
        status: StatusCode::SERVICE_UNAVAILABLE,
        title: "The server is busy",
        meaning: "Too many requests wait already. Nothing was done.",
        action: "Repeat after the time in `Retry-After`.",
    },
    Entry {
        code: ErrorCode::Contended,
        name: "contended",
        status: StatusCode::SERVICE_UNAVAILABLE,
        title: "Others keep changing the same thing",
        meaning: "The change was planned several times, and each time something that it relied on moved. Nothing was done.",
        action: "Repeat after the time in `Retry-After`.",
    },
    Entry {
        code: ErrorCode::StoreUnavailable,
        name: "store_unavailable",
        status: StatusCode::SERVICE_UNAVAILABLE,
        title: "The store does not answer",
        meaning: "The store cannot be reached, has no space, or refuses writes after a failure. Nothing was done.",
        action: "Repeat after the time in `Retry-After`; the operator looks at `/health/ready`.",
    },
    Entry {
        code: ErrorCode::Unconfirmed,
        name: "unconfirmed",
        status: StatusCode::SERVICE_UNAVAILABLE,
        title: "It is not known whether this was done",
        meaning: "The change was sent to the store, which did not say what became of it.",
        action: "Repeat the same request with the same `Idempotency-Key`: it is done once. Without a key, read first.",
    },
    Entry {
        code: ErrorCode::TimeLimit,
        name: "time_limit",
        status: StatusCode::SERVICE_UNAVAILABLE,
        title: "The request took too long",
        meaning: "The time limit of a request has passed. A change may have been made all the same.",
        action: "Repeat a read. Repeat a change with the same `Idempotency-Key`: it is done once.",
    },
    Entry {
        code: ErrorCode::NotReady,
        name: "not_ready",
        status: StatusCode::SERVICE_UNAVAILABLE,
        title: "The server is not ready",
        meaning: "It starts, stops, or waits for an operator; `/health/ready` says why.",
        action: "Repeat after the time in `Retry-After`.",
    },
];

/// The page that describes every code, in Markdown: `api-spec/errors.md`, served at `/v1/errors`.
#[must_use]
pub fn document() -> String {
    let mut text = String::from(
        "# Errors\n\n\
         Every answer that is an error is a problem detail (RFC 9457, `application/problem+json`): `type`, `title`,\n\
         `status`, `code`, `detail`, `action` and, for a wrong request, `errors` with one `field` and `reason` each.\n\
         Programs look at `code`: codes are added, never renamed. Every answer has an `X-Request-Id`, under which the\n\
         log has more. This page is made from the program (see `docs/server.md`).\n",
    );
    for Entry { code, name, status, title, meaning, action } in &ENTRIES {
        let _ = write!(text, "\n## `{name}`\n\n{title} (status {}).\n{meaning}\n\n", status.as_u16());
        let _ = writeln!(text, "What to do: {action}");
        if let Some(seconds) = code.retry_after_seconds() {
            let _ = writeln!(text, "The answer has `Retry-After: {seconds}`.");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_is_listed_once_and_says_what_to_do() {
        // The last variant of the enumeration.
        assert_eq!(ENTRIES.len(), ErrorCode::NotReady as usize + 1);
        let names: BTreeSet<&str> = ErrorCode::all().map(ErrorCode::name).collect();
        assert_eq!(names.len(), ENTRIES.len());
        for code in ErrorCode::all() {
            assert!(code.status().is_client_error() || code.status().is_server_error());
            assert!(code.action().ends_with('.') && code.action().len() > 10, "{code:?}");
            let waits = code.status() == StatusCode::SERVICE_UNAVAILABLE;
            assert_eq!(code.retry_after_seconds().is_some(), waits, "{code:?}");
        }
    }
}
