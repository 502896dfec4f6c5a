//! Where a request comes from, as the connection and the proxies in front of the server tell.
//!
//! A reverse proxy on this host connects from loopback, as a command of this host does. What tells them apart is what
//! proxies add to a request, and the name that was asked for. Whatever is in doubt is not taken for this host. The same
//! holds for the Unix socket, to which a proxy can be pointed by mistake.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, Request, Version, header};
use ipnet::IpNet;

use super::super::request::Peer;
use super::policy::{SEC_FETCH_SITE, asks_for_loopback};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// What the names of most headers that proxies add begin with.
const FORWARDED_PREFIX: &str = "x-forwarded-";
/// Further headers that proxies add: RFC 7239, RFC 9110 section 7.6.3, and those of widespread products.
const FORWARDING_HEADERS: [&str; 8] = [
    "cf-connecting-ip",
    "forwarded",
    "true-client-ip",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-forwarded-for",
    "x-real-ip",
];

/// The reverse proxies that are believed who has connected to them, and how.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

/// Where a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::api) struct RequestClient {
    /// The client's address; `None` over the Unix socket.
    pub(in crate::api) address: Option<IpAddr>,
    /// Whether the client's own connection is encrypted, be it to a proxy.
    pub(in crate::api) has_tls: bool,
    /// Whether a proxy that is not trusted has forwarded it, so that all whom that proxy serves have its address.
    pub(super) is_of_unknown_proxy: bool,
    pub(super) place: ClientPlace,
}

/// Whether a request was sent on this host, for this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ClientPlace {
    /// Over loopback.
    ThisHost,
    /// Over the Unix socket.
    HostUser { uid: u32, user: Arc<str> },
    /// Anywhere else, or through a proxy.
    Network,
}

impl TrustedProxies {
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Returns where a request comes from.
    pub(super) fn client_of<B>(&self, request: &Request<B>) -> RequestClient {
        let headers = request.headers();
        let is_forwarded = is_forwarded(headers);
        match request.extensions().get::<Peer>() {
            Some(Peer::Address { ip, has_tls }) => {
                let is_believed = is_forwarded && self.has(*ip);
                let is_local = ip.is_loopback() && !is_forwarded && is_for_this_host(request);
                RequestClient {
                    address: Some(if is_believed { self.client_behind(*ip, headers) } else { *ip }),
                    has_tls: if is_believed {
                        is_https(headers).unwrap_or(*has_tls)
                    } else {
                        *has_tls
                    },
                    is_of_unknown_proxy: is_forwarded && !is_believed,
                    place: if is_local { ClientPlace::ThisHost } else { ClientPlace::Network },
                }
            }
            Some(Peer::Process { uid, user })
                if !is_forwarded && is_for_this_host(request) && !is_of_browser(headers) =>
            {
                let place = ClientPlace::HostUser { uid: *uid, user: Arc::clone(user) };
                RequestClient { address: None, has_tls: false, is_of_unknown_proxy: false, place }
            }
            Some(Peer::Process { .. }) | None => {
                let place = ClientPlace::Network;
                RequestClient { address: None, has_tls: false, is_of_unknown_proxy: false, place }
            }
        }
    }

    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Returns the last address of `X-Forwarded-For` that is no proxy's: each proxy adds the one that connected to
    /// it, and what stands before may be invented. What cannot be read ends the search.
    fn client_behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lists = headers.get_all(&X_FORWARDED_FOR).iter();
        let entries: Vec<&str> =
            lists.flat_map(|list| list.to_str().unwrap_or("?").split(',').map(str::trim)).collect();
        let mut client = peer;
        for entry in entries.into_iter().rev() {
            let Some(address) = address_in(entry) else { break };
            client = address;
            if !self.has(address) {
                break;
            }
        }
        client
    }
}

/// Returns whether a proxy has forwarded the request.
fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.keys().map(HeaderName::as_str).any(|name| {
        name.starts_with(FORWARDED_PREFIX) || FORWARDING_HEADERS.binary_search(&name).is_ok()
    })
}

/// Returns whether a request names this host alone, in a version that a proxy does not speak unless it is told to.
fn is_for_this_host<B>(request: &Request<B>) -> bool {
    // nginx spoke 1.0 by default to what is behind it, without a trace of itself.
    request.version() > Version::HTTP_10 && asks_for_loopback(request)
}

/// Returns whether a browser has sent the request. None connects to a Unix socket: a proxy does for it.
fn is_of_browser(headers: &HeaderMap) -> bool {
    [SEC_FETCH_SITE, header::ORIGIN, header::COOKIE].iter().any(|name| headers.contains_key(name))
}

/// Returns what the proxy that connected says of the client's connection; `None` if it says nothing.
fn is_https(headers: &HeaderMap) -> Option<bool> {
    let last = headers.get_all(&X_FORWARDED_PROTO).iter().next_back()?.to_str().ok()?;
    let scheme = last.rsplit(',').next().unwrap_or_default().trim();
    Some(scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("wss"))
}

/// Reads `192.0.2.7`, `192.0.2.7:1234`, `2001:db8::7` or `[2001:db8::7]:1234`.
fn address_in(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse().ok();
    let address = address.or_else(|| entry.parse::<SocketAddr>().ok().map(|it| it.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(networks: &[&str]) -> TrustedProxies {
        TrustedProxies::new(networks.iter().map(|network| network.parse().unwrap()).collect())
    }

    fn client(proxies: &TrustedProxies, peer: &str, headers: &[(&str, &str)]) -> RequestClient {
        let mut request = Request::builder().uri("/api/devices");
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "127.0.0.1:5001");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let peer = Peer::Address { ip: peer.parse().unwrap(), has_tls: false };
        proxies.client_of(&request.extension(peer).body(()).unwrap())
    }

    #[test]
    fn only_what_is_sent_on_this_host_for_this_host_is_local() {
        let check = |peer: &str, headers: &[(&str, &str)], expected: bool| {
            for proxies in [proxies(&[]), proxies(&["127.0.0.1/32", "192.0.2.0/24"])] {
                let client = client(&proxies, peer, headers);
                assert_eq!(client.place == ClientPlace::ThisHost, expected, "{peer} {headers:?}");
            }
        };
        for host in ["127.0.0.1:5001", "localhost", "LOCALHOST.:5001", "[::1]:5001", "a.localhost"]
        {
            check("127.0.0.1", &[("host", host)], true);
            check("::1", &[("host", host)], true);
            check("192.0.2.7", &[("host", host)], false);
        }
        // What a proxy passes on that adds nothing.
        for host in ["noc.example.org", "192.0.2.1:5001", "box7.lan", "[2001:db8::1]"] {
            check("127.0.0.1", &[("host", host)], false);
        }
        for name in FORWARDING_HEADERS {
            check("127.0.0.1", &[(name, "")], false);
        }
        for name in ["x-forwarded-for", "x-forwarded-proto", "X-Forwarded-Anything"] {
            check("127.0.0.1", &[(name, "127.0.0.1")], false);
        }
    }

    #[test]
    fn the_first_version_of_http_is_that_of_proxies() {
        let mut request = Request::builder().header("host", "localhost").body(()).unwrap();
        let peer = Peer::Address { ip: [127, 0, 0, 1].into(), has_tls: false };
        request.extensions_mut().insert(peer);
        assert_eq!(proxies(&[]).client_of(&request).place, ClientPlace::ThisHost);
        *request.version_mut() = Version::HTTP_10;
        assert_eq!(proxies(&[]).client_of(&request).place, ClientPlace::Network);
    }

    #[test]
    fn only_trusted_proxies_say_who_has_connected() {
        let check = |trusted: &[&str], peer: &str, lists: &[&str], expected: &str| {
            let headers: Vec<_> = lists.iter().map(|list| ("x-forwarded-for", *list)).collect();
            let client = client(&proxies(trusted), peer, &headers);
            assert_eq!(client.address, expected.parse().ok(), "{trusted:?} {peer} {lists:?}");
            let is_unknown = !lists.is_empty() && !proxies(trusted).has(peer.parse().unwrap());
            assert_eq!(client.is_of_unknown_proxy, is_unknown, "{trusted:?} {peer} {lists:?}");
        };
        check(&[], "127.0.0.1", &["203.0.113.9"], "127.0.0.1");
        check(&["192.0.2.1/32"], "127.0.0.1", &["203.0.113.9"], "127.0.0.1");
        let trusted = ["127.0.0.0/8", "10.0.0.0/8", "::1/128"];
        check(&trusted, "127.0.0.1", &["203.0.113.9"], "203.0.113.9");
        check(&trusted, "192.0.2.8", &["203.0.113.9"], "192.0.2.8");
        check(&trusted, "127.0.0.1", &[], "127.0.0.1");
        // What the client invented stands in front.
        check(&trusted, "::1", &["198.51.100.1, 203.0.113.9"], "203.0.113.9");
        check(&trusted, "::1", &["198.51.100.1", "203.0.113.9, 10.1.1.1"], "203.0.113.9");
        check(&trusted, "::1", &["10.2.2.2, 10.1.1.1"], "10.2.2.2");
        check(&trusted, "::1", &["203.0.113.9, unknown"], "::1");
        check(&trusted, "::1", &["203.0.113.9, _hidden, 10.1.1.1"], "10.1.1.1");
        check(&trusted, "::1", &["203.0.113.9:4711"], "203.0.113.9");
        check(&trusted, "::1", &["[2001:db8::7]:4711"], "2001:db8::7");
        check(&trusted, "::1", &["::ffff:203.0.113.9"], "203.0.113.9");
    }

    #[test]
    fn only_trusted_proxies_say_how_a_client_has_connected() {
        let check = |trusted: &[&str], protos: &[&str], expected: bool| {
            let headers: Vec<_> =
                protos.iter().map(|proto| ("x-forwarded-proto", *proto)).collect();
            let client = client(&proxies(trusted), "127.0.0.1", &headers);
            assert_eq!(client.has_tls, expected, "{trusted:?} {protos:?}");
        };
        check(&[], &["https"], false);
        check(&["127.0.0.1/32"], &["https"], true);
        check(&["127.0.0.1/32"], &["HTTPS"], true);
        check(&["127.0.0.1/32"], &["https", "http"], false);
        check(&["127.0.0.1/32"], &["https, http"], false);
        check(&["127.0.0.1/32"], &["http, https"], true);
        check(&["127.0.0.1/32"], &[], false);
    }

    #[test]
    fn a_process_of_this_host_is_known_unless_a_proxy_may_be_it() {
        let of = |version: Version, host: &str, header: Option<(&str, &str)>| {
            let mut request = Request::builder().version(version).uri("/").header("host", host);
            request = request.extension(Peer::Process { uid: 7, user: "ada".into() });
            if let Some((name, value)) = header {
                request = request.header(name, value);
            }
            let client = proxies(&["127.0.0.1/32"]).client_of(&request.body(()).unwrap());
            assert_eq!(client.address, None);
            client.place
        };
        let known = ClientPlace::HostUser { uid: 7, user: "ada".into() };
        assert_eq!(of(Version::HTTP_11, "localhost", None), known);
        assert_eq!(of(Version::HTTP_10, "localhost", None), ClientPlace::Network);
        for host in ["noc.example.org", "192.0.2.7:5001", ""] {
            assert_eq!(of(Version::HTTP_11, host, None), ClientPlace::Network, "{host}");
        }
        for header in [
            ("x-forwarded-for", "203.0.113.9"),
            ("x-real-ip", "203.0.113.9"),
            ("sec-fetch-site", "same-origin"),
            ("origin", "http://localhost"),
            ("cookie", "a=b"),
        ] {
            let place = of(Version::HTTP_11, "localhost", Some(header));
            assert_eq!(place, ClientPlace::Network, "{header:?}");
        }
    }
}
