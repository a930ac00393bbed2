//! Where runners of other machines lie: a folder, or a server that answers GET, HEAD and, to be pushed to, PUT.
//!
//! Nothing here is believed: see [`crate::remote_index`].
//!
//! Limits: no authentication but a bearer token in a file (`cache.remote_token`); redirects are followed.

use crate::BuildError;
use rustle_toolchain::Env;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// A place.
#[derive(Debug)]
pub(crate) enum Door {
    Folder(PathBuf),
    Server { address: String, agent: Box<Agent>, token: Option<String> },
}

impl Door {
    /// The place that the settings name.
    ///
    /// # Errors
    /// It is neither a folder's absolute path nor an address; a token that cannot be read.
    pub(crate) fn of(env: &Env) -> Result<Option<Door>, BuildError> {
        let Some(text) = env.var("RUSTLE_CACHE_REMOTE") else { return Ok(None) };
        if text.starts_with('/') {
            return Ok(Some(Door::Folder(PathBuf::from(text))));
        }
        let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
            return Err(BuildError::Remote(format!("'{text}' is neither an absolute path nor an http(s) address")));
        };
        if rest.split('/').next().is_some_and(|host| host.contains('@')) {
            // It would stand in every message.
            return Err(BuildError::Remote("no password goes into the address: put a token into a file (cache.remote_token)".into()));
        }
        let token = match env.var("RUSTLE_CACHE_REMOTE_TOKEN").map(Path::new) {
            Some(path) => Some(std::fs::read_to_string(path).map_err(BuildError::io(path))?.trim().to_owned()),
            None => None,
        };
        Ok(Some(Door::Server { address: text.trim_end_matches('/').to_owned(), agent: Box::new(agent(env, text)?), token }))
    }

    /// For a person.
    pub(crate) fn name(&self) -> String {
        match self {
            Door::Folder(path) => path.display().to_string(),
            Door::Server { address, .. } => address.clone(),
        }
    }
    /// Whether it is reached without network.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self, Door::Folder(_))
    }

    /// A file of it, of at most `limit` bytes; `None` where it is not there.
    ///
    /// # Errors
    /// [`BuildError::Remote`].
    pub(crate) fn get(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, BuildError> {
        let full = format!("{}/{name}", self.name());
        let failed = |e: String| BuildError::Remote(format!("{full}: {e}"));
        let mut bytes = Vec::new();
        match self {
            Door::Folder(dir) => match std::fs::File::open(dir.join(name)) {
                Ok(file) => file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| failed(e.to_string()))?,
                Err(e) if e.kind() == std::io::ErrorKind::NotFound && dir.is_dir() => return Ok(None),
                Err(e) => return Err(failed(e.to_string())),
            },
            Door::Server { agent, token, .. } => {
                let mut request = agent.get(&full);
                if let Some(token) = token {
                    request = request.header("Authorization", format!("Bearer {token}"));
                }
                let mut answer = request.call().map_err(|e| failed(e.to_string()))?;
                match answer.status().as_u16() {
                    200 => {}
                    404 | 410 => return Ok(None),
                    code => return Err(failed(format!("the server answers {code}"))),
                }
                let mut body = answer.body_mut().with_config().limit(u64::MAX).reader().take(limit + 1);
                body.read_to_end(&mut bytes).map_err(|e| failed(e.to_string()))?
            }
        };
        if bytes.len() as u64 > limit {
            return Err(failed(format!("it is larger than {limit} bytes")));
        }
        Ok(Some(bytes))
    }

    /// Whether it has this file, with this size.
    pub(crate) fn has(&self, name: &str, size: u64) -> bool {
        match self {
            Door::Folder(dir) => dir.join(name).metadata().is_ok_and(|m| m.len() == size),
            Door::Server { address, agent, token } => {
                let mut request = agent.head(format!("{address}/{name}"));
                if let Some(token) = token {
                    request = request.header("Authorization", format!("Bearer {token}"));
                }
                let length = |a: &ureq::http::Response<ureq::Body>| a.headers().get("content-length")?.to_str().ok()?.parse::<u64>().ok();
                request.call().is_ok_and(|a| a.status().as_u16() == 200 && length(&a) == Some(size))
            }
        }
    }

    /// Puts a file there; in a folder it appears at once.
    ///
    /// # Errors
    /// [`BuildError::Remote`], [`BuildError::Io`].
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> Result<(), BuildError> {
        match self {
            Door::Folder(dir) => {
                let path = dir.join(name);
                let parent = path.parent().unwrap_or(dir);
                std::fs::create_dir_all(parent).map_err(BuildError::io(parent))?;
                let mut file = tempfile::Builder::new().permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644)).tempfile_in(parent).map_err(BuildError::io(parent))?;
                file.write_all(bytes).map_err(BuildError::io(&path))?;
                file.persist(&path).map_err(|e| BuildError::io(&path)(e.error))?;
                Ok(())
            }
            Door::Server { address, agent, token } => {
                let full = format!("{address}/{name}");
                let mut request = agent.put(&full).header("Content-Type", "application/octet-stream");
                if let Some(token) = token {
                    request = request.header("Authorization", format!("Bearer {token}"));
                }
                let answer = request.send(bytes).map_err(|e| BuildError::Remote(format!("{full}: {e}")))?;
                let code = answer.status().as_u16();
                if (200..300).contains(&code) { Ok(()) } else { Err(BuildError::Remote(format!("{full}: the server answers {code} to PUT"))) }
            }
        }
    }
}

fn agent(env: &Env, address: &str) -> Result<Agent, BuildError> {
    let limit = Some(Duration::from_secs(20));
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_recv_response(limit)
        .timeout_per_read(limit)
        .user_agent(concat!("rustle/", env!("CARGO_PKG_VERSION")));
    if !address.starts_with("https:") {
        return Ok(config.build().into());
    }
    let roots = RootCerts::new_with_certs(&roots(env)?);
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    Ok(config.tls_config(TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(provider).build()).build().into())
}

/// Whom this machine trusts.
fn roots(env: &Env) -> Result<Vec<Certificate<'static>>, BuildError> {
    const BUNDLES: &[&str] = &[
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        "/usr/local/share/certs/ca-root-nss.crt",
    ];
    let named = env.var("SSL_CERT_FILE");
    let list: Vec<&str> = named.map_or_else(|| BUNDLES.to_vec(), |n| vec![n]);
    let Some(text) = list.iter().find_map(|p| std::fs::read(p).ok()) else {
        return Err(BuildError::Remote(format!("no certificates of authorities in {}; SSL_CERT_FILE names them", list.join(", "))));
    };
    Ok(parse_pem(&text).flatten().filter_map(|i| if let PemItem::Certificate(c) = i { Some(c) } else { None }).collect())
}
