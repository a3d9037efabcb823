//! One delivery on the wire: a POST with a signature, and an answer that takes it or not.
//!
//! A connection per delivery: deliveries are rare, and a subscriber that went away must not be kept waiting for. The
//! signature is an HMAC-SHA256 over the time and the body, under the secret that the subscriber got when it subscribed;
//! the time lets it refuse what somebody has recorded and sends again.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use directory::Instant;
use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use sha2::Sha256;
use tokio::net::TcpStream;

use super::Target;

/// The longest time for one delivery, from the connection to the head of the answer.
const DELIVERY_MAX: Duration = Duration::from_secs(10);
const MICROS_PER_SECOND: i64 = 1_000_000;

/// A delivery.
#[derive(Debug)]
pub(super) struct Delivery {
    /// Where to.
    pub(super) target: Target,
    /// The subscription.
    pub(super) subscription: String,
    /// Its id, the same when it is repeated.
    pub(super) id: String,
    /// The signature, and the time under it.
    pub(super) signature: String,
    /// The events.
    pub(super) body: String,
}

/// Why a delivery was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Another attempt may do.
    Now(String),
    /// The subscriber wants nothing any more.
    ForGood,
}

/// What stands in `Nayose-Signature`: the time in seconds, and the HMAC-SHA256 of `time.body` in hexadecimal digits. The
/// key is the secret as it is written.
pub(in crate::serve) fn signature(secret: &str, at: Instant, body: &str) -> String {
    let seconds = at.micros().div_euclid(MICROS_PER_SECOND);
    let mac = match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mac) => mac,
        // A key of any length is taken.
        Err(_) => return String::new(),
    };
    let mac = mac.chain_update(format!("{seconds}.")).chain_update(body).finalize().into_bytes();
    let digits: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={digits}")
}

/// Sends a delivery.
pub(super) async fn send(delivery: Delivery) -> Result<(), Refused> {
    match tokio::time::timeout(DELIVERY_MAX, post(delivery)).await {
        Ok(Ok(status)) if status.is_success() => Ok(()),
        Ok(Ok(StatusCode::GONE)) => Err(Refused::ForGood),
        Ok(Ok(status)) => Err(Refused::Now(format!("answered with status {}", status.as_u16()))),
        Ok(Err(reason)) => Err(Refused::Now(reason)),
        Err(_) => Err(Refused::Now(format!("no answer within {} seconds", DELIVERY_MAX.as_secs()))),
    }
}

async fn post(delivery: Delivery) -> Result<StatusCode, String> {
    let Delivery { target, subscription, id, signature, body } = delivery;
    let unreachable = |error: std::io::Error| format!("cannot be reached: {}", error.kind());
    let stream = TcpStream::connect((target.host.as_str(), target.port)).await.map_err(unreachable)?;
    let broken = |error: hyper::Error| format!("the connection broke: {error}");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let connection = tokio::spawn(connection);
    let host = if target.host.contains(':') { format!("[{}]", target.host) } else { target.host };
    let request = Request::post(target.path)
        .header(header::HOST, format!("{host}:{}", target.port))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "nayose")
        .header("nayose-subscription", subscription)
        .header("nayose-delivery", id)
        .header("nayose-signature", signature)
        .body(Body::from(body))
        .map_err(|error| format!("cannot be addressed: {error}"))?;
    let answer = sender.send_request(request).await.map_err(broken);
    // What the answer says beyond its status is of no interest.
    connection.abort();
    answer.map(|answer| answer.status())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_others_compute() {
        // The second case of RFC 4231 has this key; its text begins with no time, so the whole is checked by parts.
        let of = |at: i64, body: &str| signature("Jefe", Instant::from_micros(at * MICROS_PER_SECOND), body);
        assert_eq!(of(1, "x").split(",v1=").next(), Some("t=1"));
        let mac = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
        let known = mac.chain_update(b"what do ya want for nothing?").finalize().into_bytes();
        let known: String = known.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(known, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_ne!(of(1, "x"), of(2, "x"));
        assert_ne!(of(1, "x"), of(1, "y"));
        assert_ne!(of(1, "x"), signature("jefe", Instant::from_micros(MICROS_PER_SECOND), "x"));
    }
}
