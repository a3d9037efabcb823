//! Where a web hook may be sent: a plain HTTP address on this machine, or one that the configuration names.
//!
//! Whoever may subscribe must not be able to make the server call whatever it can reach. TLS is not here: it comes with
//! the edge, or from a proxy in front of the subscriber, which the configuration then names.

use std::net::IpAddr;

use axum::http::Uri;

/// An address that may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::serve) struct Target {
    /// The host, as it is looked up.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
    /// Path and query.
    pub(super) path: String,
}

/// Longest address.
const URL_BYTES_MAX: usize = 1_000;
const HTTP_PORT: u16 = 80;

impl Target {
    /// The target of an address, if it may be called; otherwise why not.
    pub(in crate::serve) fn parse(url: &str, allowed: &[String]) -> Result<Self, String> {
        if url.len() > URL_BYTES_MAX {
            return Err(format!("is longer than {URL_BYTES_MAX} bytes"));
        }
        let uri: Uri =
            url.parse().map_err(|_| "is not an address such as `http://127.0.0.1:9000/events`".to_owned())?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err("is an address of HTTPS: name a proxy on this machine that speaks it".to_owned());
            }
            _ => return Err("has to begin with `http://`".to_owned()),
        }
        let authority = uri.authority().ok_or_else(|| "names no host".to_owned())?;
        if authority.as_str().contains('@') {
            return Err("must not hold a user or a password: deliveries are signed".to_owned());
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(HTTP_PORT);
        let is_here = host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        let name = format!("{host}:{port}");
        if !is_here && !allowed.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            return Err(format!("leads to `{name}`, which `webhook_targets` of the configuration does not name"));
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { host, port, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Result<(&str, u16, &str), &str>) {
        let found = Target::parse(url, &["proxy.example:8080".to_owned()]);
        match (found, expected) {
            (Ok(found), Ok((host, port, path))) => {
                assert_eq!((found.host.as_str(), found.port, found.path.as_str()), (host, port, path), "{url}");
            }
            (Err(reason), Err(part)) => assert!(reason.contains(part), "{url}: {reason}"),
            (found, _) => panic!("{url}: {found:?}"),
        }
    }

    #[test]
    fn only_this_machine_and_what_is_named_may_be_called() {
        check("http://127.0.0.1:9000/events?x=1", Ok(("127.0.0.1", 9000, "/events?x=1")));
        check("http://localhost", Ok(("localhost", 80, "/")));
        check("http://[::1]:9000/", Ok(("::1", 9000, "/")));
        check("http://PROXY.example:8080/a", Ok(("PROXY.example", 8080, "/a")));
        check("http://proxy.example/a", Err("webhook_targets"));
        check("http://192.0.2.1:9000/", Err("webhook_targets"));
        check("http://127.0.0.1.example/", Err("webhook_targets"));
        check("http://localhost@192.0.2.1/", Err("user"));
        check("https://127.0.0.1/", Err("HTTPS"));
        check("ftp://127.0.0.1/", Err("http://"));
        check("/events", Err("http://"));
        check("not an address", Err("is not an address"));
        check(&format!("http://127.0.0.1/{}", "x".repeat(1_000)), Err("longer"));
    }
}
