//! HTTP for modules: redirects, proxies, authentication and certificates as Ansible's `fetch_url` has them.
//!
//! Limits: Basic authentication only (no Digest, no Kerberos), no Unix sockets, no choice of ciphers.

use crate::{Ctx, Failure};
use base64::Engine as _;
use std::io::Read;
use std::time::Duration;
use ureq::http::{Request as HttpRequest, Response as HttpResponse};
#[cfg(feature = "tls")]
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Proxy};

/// What to ask for.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    /// Names of headers that a redirect must not carry along.
    pub unredirected: Vec<String>,
    pub body: Option<Vec<u8>>,
    pub timeout: u64,
    pub agent: String,
    pub user: Option<String>,
    pub password: Option<String>,
    /// Send the credentials without being asked.
    pub force_basic_auth: bool,
    pub validate_certs: bool,
    pub ca_path: Option<String>,
    pub client_cert: Option<String>,
    pub client_key: Option<String>,
    pub use_proxy: bool,
    /// `all`, `yes`, `none`, `no`, `safe`, `urllib2`.
    pub follow: String,
    /// Undo a gzip encoding of the answer.
    pub decompress: bool,
}

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Response {
    pub status: u16,
    /// The final URL.
    pub url: String,
    pub redirected: bool,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether redirects led in a circle; this is the last of them.
    pub looped: bool,
}

impl Response {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
    }
    /// `OK (12 bytes)` or `HTTP Error 404: Not Found`.
    pub fn message(&self) -> String {
        if self.looped {
            return format!(
                "HTTP Error {}: The HTTP server returned a redirect error that would lead to an infinite loop.\nThe last 30x error message was:\n{}",
                self.status,
                reason(self.status)
            );
        }
        if self.status >= 300 {
            return format!("HTTP Error {}: {}", self.status, reason(self.status));
        }
        format!("OK ({} bytes)", self.header("content-length").unwrap_or("unknown"))
    }
    /// The body as text, in the answer's character set where that is Latin-1, else in UTF-8.
    pub fn text(&self) -> String {
        let kind = self.header("content-type").unwrap_or_default().to_lowercase();
        let latin = ["charset=iso-8859-1", "charset=latin-1", "charset=latin1"].iter().any(|c| kind.replace('"', "").contains(c));
        if latin { self.body.iter().map(|b| char::from(*b)).collect() } else { String::from_utf8_lossy(&self.body).into_owned() }
    }
}

/// The standard words for a status.
pub fn reason(status: u16) -> &'static str {
    ureq::http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Unknown")
}

impl Request {
    /// A GET request with Ansible's defaults.
    pub fn get(url: &str) -> Request {
        Request {
            method: "GET".into(),
            url: url.into(),
            headers: Vec::new(),
            unredirected: Vec::new(),
            body: None,
            timeout: 10,
            agent: "ansible-httpget".into(),
            user: None,
            password: None,
            force_basic_auth: false,
            validate_certs: true,
            ca_path: None,
            client_cert: None,
            client_key: None,
            use_proxy: true,
            follow: "urllib2".into(),
            decompress: true,
        }
    }

    /// Sends it. A status is never an error here; the error is the text of what went wrong underneath.
    pub fn send(&self, ctx: &Ctx) -> Result<Response, String> {
        if let Some(path) = self.url.strip_prefix("file://") {
            return local(&self.url, path);
        }
        if !self.url.starts_with("http://") && !self.url.starts_with("https://") {
            let kind = self.url.split_once("://").map_or("", |(scheme, _)| scheme);
            return Err(format!("Request failed: <urlopen error unknown url type: {kind}>"));
        }
        let (mut url, credentials) = split_credentials(&self.url);
        let auth = match (&self.user, credentials) {
            (Some(u), _) => Some(basic(u, self.password.as_deref().unwrap_or_default())),
            (None, Some((u, p))) => Some(basic(&u, &p)),
            (None, None) => None,
        };
        let mut method = self.method.to_uppercase();
        let mut body = self.body.clone();
        let mut send_auth = self.force_basic_auth;
        let mut redirected = false;
        let mut hops = 0;
        loop {
            let agent = self.agent_for(ctx, &url).map_err(|e| format!("Request failed: {e}"))?;
            let mut headers: Vec<(&str, &str)> = self
                .headers
                .iter()
                .filter(|(k, _)| !redirected || !self.unredirected.iter().any(|u| u.eq_ignore_ascii_case(k)))
                // What describes the body goes with it.
                .filter(|(k, _)| !redirected || body.is_some() || !k.eq_ignore_ascii_case("content-type"))
                .map(|(k, v)| (k.as_str(), v.as_str()))
                .collect();
            if let (true, Some(a)) = (send_auth, &auth) {
                headers.push(("Authorization", a));
            }
            if !headers.iter().any(|(k, _)| k.eq_ignore_ascii_case("user-agent")) {
                headers.push(("User-Agent", &self.agent));
            }
            // One exchange per connection: Ansible's client says so, and servers may depend on it.
            headers.push(("Connection", "close"));
            if body.is_some() && !headers.iter().any(|(k, _)| k.eq_ignore_ascii_case("content-type")) {
                headers.push(("Content-Type", "application/x-www-form-urlencoded"));
            }
            let answer = exchange(&agent, &method, &url, &headers, body.as_deref())?;
            let status = answer.status().as_u16();
            if status == 401 && !send_auth && auth.is_some() && asks_for_basic(&answer) {
                send_auth = true;
                continue;
            }
            let location = answer.headers().get("location").and_then(|l| l.to_str().ok());
            match location.filter(|_| matches!(status, 301 | 302 | 303 | 307 | 308) && self.follows(&method, status)) {
                Some(l) if hops < 10 => {
                    hops += 1;
                    url = resolve(&url, l);
                    redirected = true;
                    if status == 303 && method != "HEAD" || matches!(status, 301 | 302) && method == "POST" {
                        method = "GET".into();
                        body = None;
                    }
                }
                last => {
                    let looped = last.is_some();
                    return self.finish(answer, url, redirected && !looped).map(|r| Response { looped, ..r });
                }
            }
        }
    }

    fn follows(&self, method: &str, status: u16) -> bool {
        let harmless = matches!(method, "GET" | "HEAD");
        match self.follow.as_str() {
            "all" | "yes" => true,
            "none" | "no" => false,
            "safe" => harmless,
            _ => harmless || method == "POST" && matches!(status, 301..=303),
        }
    }

    fn agent_for(&self, ctx: &Ctx, url: &str) -> Result<Agent, String> {
        let t = Some(Duration::from_secs(self.timeout.max(1)));
        #[cfg(not(feature = "tls"))]
        if url.starts_with("https:") {
            return Err("this runner was built without HTTPS".into());
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .timeout_connect(t)
            .timeout_per_read(t)
            .timeout_recv_response(t)
            .user_agent("")
            .accept("")
            .accept_encoding("identity")
            .proxy(if self.use_proxy { proxy(ctx, url)? } else { None });
        #[cfg(feature = "tls")]
        let config = config.tls_config(self.tls(ctx, url)?);
        Ok(config.build().into())
    }

    #[cfg(feature = "tls")]
    fn tls(&self, ctx: &Ctx, url: &str) -> Result<TlsConfig, String> {
        let mut tls = TlsConfig::builder()
            .disable_verification(!self.validate_certs)
            .unversioned_rustls_crypto_provider(std::sync::Arc::new(rustls::crypto::ring::default_provider()));
        if url.starts_with("https:") {
            if self.validate_certs {
                tls = tls.root_certs(RootCerts::new_with_certs(&roots(ctx, self.ca_path.as_deref())?));
            }
            if let Some(cert) = &self.client_cert {
                tls = tls.client_cert(Some(client_cert(cert, self.client_key.as_deref().unwrap_or(cert))?));
            }
        }
        Ok(tls.build())
    }

    fn finish(&self, mut answer: HttpResponse<Body>, url: String, redirected: bool) -> Result<Response, String> {
        let headers: Vec<(String, String)> =
            answer.headers().iter().map(|(k, v)| (k.as_str().to_lowercase(), String::from_utf8_lossy(v.as_bytes()).into_owned())).collect();
        let mut body = Vec::new();
        let gzip = headers.iter().any(|(k, v)| k == "content-encoding" && v == "gzip");
        let mut reader = answer.body_mut().with_config().limit(u64::MAX).reader();
        if gzip && self.decompress {
            flate2::read::MultiGzDecoder::new(&mut reader).read_to_end(&mut body)
        } else {
            reader.read_to_end(&mut body)
        }
        .map_err(|e| format!("Request failed: {e}"))?;
        Ok(Response { status: answer.status().as_u16(), url, redirected, headers, body, looped: false })
    }
}

const LOOKUP: &str = "Request failed: <urlopen error [Errno -2] Name or service not known>";

/// A file of this machine as if a server had sent it; it has no status of its own.
fn local(url: &str, path: &str) -> Result<Response, String> {
    let path = path.strip_prefix("localhost").unwrap_or(path);
    let path = percent(path);
    let body = std::fs::read(&path).map_err(|e| format!("Request failed: <urlopen error {}>", crate::errors::py_oserror(&e, &path)))?;
    let headers = vec![("content-length".into(), body.len().to_string())];
    Ok(Response { status: 200, url: url.to_owned(), redirected: false, headers, body, looped: false })
}

/// `%41` to `A`.
pub(crate) fn percent(text: &str) -> String {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, tail)) = rest.split_first() {
        let coded = (*first == b'%').then(|| tail.get(..2)).flatten();
        match coded.and_then(|h| u8::from_str_radix(std::str::from_utf8(h).ok()?, 16).ok()) {
            Some(b) => {
                out.push(b);
                rest = &tail[2..];
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The URL as results show it: without the user's name and password.
pub fn shown(url: &str) -> String {
    match (split_credentials(url), url.split_once("://")) {
        ((clean, Some(_)), Some((scheme, _))) => format!("{scheme}://****:****@{}", clean.split_once("://").map_or("", |(_, rest)| rest)),
        _ => url.to_owned(),
    }
}

fn exchange(agent: &Agent, method: &str, url: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Result<HttpResponse<Body>, String> {
    let mut b = HttpRequest::builder().method(method).uri(url);
    for (k, v) in headers {
        b = b.header(*k, *v);
    }
    let words = |e: ureq::Error| match e {
        ureq::Error::Io(e) if e.to_string().contains("lookup address") => LOOKUP.to_owned(),
        ureq::Error::Io(e) => format!("Request failed: <urlopen error {}>", crate::errors::py_errno(&e)),
        ureq::Error::HostNotFound => LOOKUP.to_owned(),
        ureq::Error::Timeout(ureq::Timeout::Connect) => "Request failed: <urlopen error timed out>".to_owned(),
        ureq::Error::Timeout(_) => "Connection failure: timed out".to_owned(),
        e => format!("Request failed: <urlopen error {e}>"),
    };
    // What may have a body says that there is none, rather than sending an empty one in chunks.
    let body = body.or_else(|| matches!(method, "POST" | "PUT" | "PATCH").then_some(&[][..]));
    match body {
        Some(data) => {
            let request = b.body(data).map_err(|e| format!("Request failed: {e}"))?;
            // A body may go with any method, as Python's client allows.
            agent.run(request).map_err(words)
        }
        None => agent.run(b.body(()).map_err(|e| format!("Request failed: {e}"))?).map_err(words),
    }
}

fn asks_for_basic(r: &HttpResponse<Body>) -> bool {
    r.headers().get_all("www-authenticate").iter().any(|v| v.to_str().is_ok_and(|v| v.trim_start().to_lowercase().starts_with("basic")))
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

/// The URL without `user:password@`, and those two.
fn split_credentials(url: &str) -> (String, Option<(String, String)>) {
    let Some((scheme, rest)) = url.split_once("://") else { return (url.into(), None) };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let Some(at) = rest[..end].rfind('@') else { return (url.into(), None) };
    let (u, p) = rest[..at].split_once(':').unwrap_or((&rest[..at], ""));
    (format!("{scheme}://{}", &rest[at + 1..]), Some((u.into(), p.into())))
}

/// A redirect's target, relative to where we are.
pub fn resolve(base: &str, location: &str) -> String {
    if location.contains("://") {
        return location.into();
    }
    let (scheme, rest) = base.split_once("://").unwrap_or(("http", base));
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = &rest[..host_end];
    if let Some(other) = location.strip_prefix("//") {
        return format!("{scheme}://{other}");
    }
    if location.starts_with('/') {
        return format!("{scheme}://{host}{location}");
    }
    let path = rest[host_end..].split(['?', '#']).next().unwrap_or_default();
    let folder = path.rfind('/').map_or("/", |i| &path[..=i]);
    format!("{scheme}://{host}{folder}{location}")
}

/// The proxy that the environment names for this URL.
fn proxy(ctx: &Ctx, url: &str) -> Result<Option<Proxy>, String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(h, _)| h);
    let var = |n: &str| ctx.env(n).or_else(|| ctx.env(&n.to_uppercase())).filter(|v| !v.is_empty());
    let excluded = var("no_proxy").unwrap_or_default();
    let hit = |e: &str| e == "*" || name == e || name.ends_with(&format!(".{}", e.trim_start_matches('.')));
    if excluded.split(',').map(str::trim).filter(|e| !e.is_empty()).any(hit) {
        return Ok(None);
    }
    match var(&format!("{scheme}_proxy")).or_else(|| var("all_proxy")) {
        Some(p) => Proxy::new(&p).map(Some).map_err(|e| format!("proxy {p}: {e}")),
        None => Ok(None),
    }
}

/// The certificates that we trust: `ca_path`, `SSL_CERT_FILE`, or the system's bundle.
#[cfg(feature = "tls")]
fn roots(ctx: &Ctx, ca_path: Option<&str>) -> Result<Vec<Certificate<'static>>, String> {
    const BUNDLES: &[&str] = &[
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        "/usr/local/share/certs/ca-root-nss.crt",
        "/usr/local/etc/ssl/cert.pem",
    ];
    let named = ca_path.map(str::to_owned).or_else(|| ctx.env("SSL_CERT_FILE"));
    let mut texts = Vec::new();
    match &named {
        Some(p) => texts.push(std::fs::read(p).map_err(|e| crate::errors::py_oserror(&e, p))?),
        None => texts.extend(BUNDLES.iter().find_map(|p| std::fs::read(p).ok())),
    }
    let certs = texts.iter().flat_map(|t| parse_pem(t).flatten().collect::<Vec<_>>());
    Ok(certs.filter_map(|item| if let PemItem::Certificate(c) = item { Some(c) } else { None }).collect())
}

#[cfg(feature = "tls")]
fn client_cert(cert: &str, key: &str) -> Result<ClientCert, String> {
    let read = |p: &str| std::fs::read(p).map_err(|e| crate::errors::py_oserror(&e, p));
    let chain = read(cert)?;
    let certs: Vec<Certificate<'static>> =
        parse_pem(&chain).flatten().filter_map(|i| if let PemItem::Certificate(c) = i { Some(c) } else { None }).collect();
    let key = PrivateKey::from_pem(&read(key)?).map_err(|e| e.to_string())?;
    Ok(ClientCert::new_with_certs(&certs, key))
}

/// `Mon, 02 Jan 2006 15:04:05 GMT`.
pub fn http_date(seconds: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, rest) = (seconds.div_euclid(86400), seconds.rem_euclid(86400));
    // Days since 1970 to a date, by 400-year eras that begin on 1 March.
    let z = days + 719_468;
    let (era, day_of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let mp = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!(
        "{}, {day:02} {} {year} {:02}:{:02}:{:02} GMT",
        DAYS[days.rem_euclid(7) as usize],
        MONTHS[(month - 1) as usize],
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// The file's name that an answer suggests: its `Content-Disposition`, else the end of its URL, else `index.html`.
pub fn file_name(r: &Response) -> String {
    let suggested = r.header("content-disposition").and_then(|d| {
        let (_, rest) = d.split_once("filename=")?;
        Some(rest.split(';').next()?.trim().trim_matches(['"', '\'']).to_string())
    });
    let clean = |n: String| crate::paths::basename(&n).to_string();
    let from_url = || {
        let rest = r.url.split_once("://").map_or(r.url.as_str(), |(_, rest)| rest);
        let path = rest.split(['?', '#']).next().unwrap_or_default();
        path.split_once('/').map(|(_, p)| clean(p.to_string())).filter(|n| !n.is_empty())
    };
    suggested.map(clean).filter(|n| !n.is_empty()).or_else(from_url).unwrap_or_else(|| "index.html".into())
}

/// Options that can't be honoured are refused, not ignored.
pub fn refuse(option: &str) -> Failure {
    Failure::new(format!("{option} is not supported by the native module"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_dates() {
        assert_eq!(resolve("http://h/a/b?c", "d"), "http://h/a/d");
        assert_eq!(resolve("http://h", "/d"), "http://h/d");
        assert_eq!(shown("http://u:p@h/x@y"), "http://****:****@h/x@y");
        assert_eq!(percent("/a%20b%"), "/a b%");
        assert_eq!(split_credentials("http://u:p@h/x@y").0, "http://h/x@y");
        assert_eq!(http_date(1_136_214_245), "Mon, 02 Jan 2006 15:04:05 GMT");
        assert_eq!(http_date(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
    }
}
