//! Archives from a file or an address, taken only with the digest that was asked for.

use crate::{SetupError, Site};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// Unpacks the archive at `source` into a folder below rustle's tools, whose name has the digest in it. An archive's
/// single top folder is left out. Gives the folder.
///
/// # Errors
/// [`SetupError::Digest`], before anything is unpacked; what the download or `tar` says.
pub(crate) fn unpack(site: &Site, name: &str, source: &str, sha256: &str) -> Result<PathBuf, SetupError> {
    let tools = site.tools_dir()?;
    std::fs::create_dir_all(&tools).map_err(SetupError::io(&tools))?;
    let mut file = tempfile::NamedTempFile::new_in(&tools).map_err(SetupError::io(&tools))?;
    let got = if let Some(address) = address(source) {
        let agent = agent();
        let fail = |e: ureq::Error| SetupError::Download { url: shown(source), why: e.to_string() };
        let mut answer = agent.get(address).call().map_err(fail)?;
        copy(answer.body_mut().as_reader(), &mut file).map_err(|e| SetupError::Download { url: shown(source), why: e.to_string() })?
    } else {
        let path = Path::new(source.strip_prefix("file://").unwrap_or(source));
        let from = std::fs::File::open(path).map_err(SetupError::io(path))?;
        copy(from, &mut file).map_err(SetupError::io(path))?
    };
    if !got.eq_ignore_ascii_case(sha256) {
        return Err(SetupError::Digest { what: shown(source), want: sha256.to_lowercase(), got });
    }
    let fresh = tempfile::Builder::new().prefix(".unpack-").tempdir_in(&tools).map_err(SetupError::io(&tools))?;
    let mut tar = site.command("tar");
    tar.arg("-xf").arg(file.path()).arg("-C").arg(fresh.path()).arg("--strip-components=1");
    site.run(tar)?;
    let dir = tools.join(format!("{name}-{}", &got[..16]));
    _ = std::fs::remove_dir_all(&dir);
    std::fs::rename(fresh.path(), &dir).map_err(SetupError::io(&dir))?;
    Ok(dir)
}

fn address(source: &str) -> Option<&str> {
    (source.starts_with("http://") || source.starts_with("https://")).then_some(source)
}

/// An address without the name and password in it, for whoever reads along.
pub(crate) fn shown(source: &str) -> String {
    match source.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", &rest[host..])
        }
        None => source.to_owned(),
    }
}

/// Copies all of it; its SHA-256.
fn copy(mut from: impl Read, to: &mut impl Write) -> std::io::Result<String> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let n = match from.read(&mut buffer) {
            Ok(0) => break,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        digest.update(&buffer[..n]);
        to.write_all(&buffer[..n])?;
    }
    to.flush()?;
    Ok(digest.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

/// With the machine's certificates and the proxy of the environment.
fn agent() -> Agent {
    let mut tls = TlsConfig::builder().unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let bundles = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        "/usr/local/etc/ssl/cert.pem",
    ];
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let text = named.into_iter().chain(bundles.map(PathBuf::from)).find_map(|p| std::fs::read(p).ok()).unwrap_or_default();
    let certificates: Vec<_> = parse_pem(&text).flatten().filter_map(|i| if let PemItem::Certificate(c) = i { Some(c) } else { None }).collect();
    tls = tls.root_certs(RootCerts::new_with_certs(&certificates));
    Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(30)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .timeout_global(Some(Duration::from_secs(30 * 60)))
        .tls_config(tls.build())
        .build()
        .into()
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn passwords_in_addresses_are_not_told() {
        assert_eq!(shown("https://me:s@ecret@host:1/zig@1.tar.xz"), "https://host:1/zig@1.tar.xz");
        assert_eq!(shown("/a/b@c.tar"), "/a/b@c.tar");
    }
}
