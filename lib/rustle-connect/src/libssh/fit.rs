//! Whether libssh2 can honour a host's settings. Cautious: what it can't do, or nobody thought of, goes to OpenSSH.

use crate::HostSpec;
use crate::resolved::Resolved;
use std::path::Path;

/// Options that must not be set (to anything but no or none).
const MUST_BE_UNSET: &[&str] = &[
    "proxycommand", "proxyjump", "certificatefile", "pkcs11provider", "knownhostscommand", "revokedhostkeys",
    "remotecommand", "localforward", "remoteforward", "dynamicforward", "bindaddress", "bindinterface", "setenv",
    "hostbasedauthentication", "verifyhostkeydns", "forwardagent", "forwardx11", "gssapikeyexchange", "tunnel",
    "forkafterauthentication", "stdinnull", "permitlocalcommand", "canonicalizehostname", "addkeystoagent",
];

/// Why libssh2 can't do it; `None` where it can.
pub fn obstacle(spec: &HostSpec, resolved: &Resolved) -> Option<String> {
    for name in MUST_BE_UNSET {
        if let Some(value) = resolved.get(name).filter(|v| !matches!(*v, "no" | "false" | "")) {
            return Some(format!("{name} is {value}"));
        }
    }
    if spec.pkcs11_provider.is_some() {
        return Some("a PKCS#11 provider is set".into());
    }
    if resolved.yes("gssapiauthentication") && has_ticket() {
        return Some("a Kerberos ticket is there".into());
    }
    if let Some(path) = resolved.get("controlpath").filter(|p| Path::new(p.trim_matches('"')).exists()) {
        return Some(format!("a shared connection is open at {path}"));
    }
    if resolved.get("pubkeyauthentication").is_some_and(|v| v == "no" || v == "false") && spec.password.is_none() {
        return Some("public keys are not to be used".into());
    }
    let mechanism = spec.password_mechanism.as_str();
    if spec.password.is_some() && mechanism == "disable" {
        return Some("the password mechanism is disabled".into());
    }
    for file in resolved.all("identityfile") {
        let file = expand(file);
        if file.ends_with("_sk") && Path::new(&file).exists() {
            return Some(format!("{file} needs a security key"));
        }
        if Path::new(&format!("{file}-cert.pub")).exists() {
            return Some(format!("{file} has a certificate"));
        }
    }
    if spec.verbosity > 0 {
        return Some("the SSH client is asked to be verbose".into());
    }
    None
}

/// A path of OpenSSH's configuration with the home in it.
pub fn expand(path: &str) -> String {
    let home = || std::env::var("HOME").unwrap_or_default();
    path.strip_prefix("~/").map_or_else(|| path.to_owned(), |rest| format!("{}/{rest}", home()))
}

fn has_ticket() -> bool {
    // SAFETY: geteuid has no preconditions.
    let uid = unsafe { libc::geteuid() };
    std::env::var_os("KRB5CCNAME").is_some() || Path::new(&format!("/tmp/krb5cc_{uid}")).exists()
}
