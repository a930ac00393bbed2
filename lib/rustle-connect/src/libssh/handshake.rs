//! TCP, key exchange, and whether the host is who it should be.

use crate::child::os_words;
use crate::known_hosts::{Known, Verdict, key_kind, record_name};
use crate::libssh::fit::expand;
use crate::resolved::Resolved;
use crate::{ConnectError, HostSpec, PREFIX};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use ssh2::{HashType, MethodType, Session};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::time::Duration;

/// Connects and exchanges keys. The socket is a second handle on the session's; the third part says whether the host may
/// see passwords, the fourth how long the host took to take the connection: a round trip.
pub(super) fn connect(spec: &HostSpec, resolved: &Resolved) -> Result<(Session, TcpStream, bool, Duration), ConnectError> {
    let (tcp, round_trip) = dial(spec, resolved)?;
    let own = tcp.try_clone().map_err(|e| ConnectError::Local(format!("{PREFIX}{}", os_words(&e))))?;
    let broken = |e: ssh2::Error| trouble(&e, spec, resolved);
    let mut session = Session::new().map_err(broken)?;
    session.set_tcp_stream(tcp);
    session.set_timeout(u32::try_from(spec.timeout.as_millis()).unwrap_or(u32::MAX));
    super::pump::send_whole_packets(&session);
    let name = resolved
        .get("hostkeyalias")
        .map_or_else(|| record_name(resolved.hostname(), resolved.port()), |a| a.to_ascii_lowercase());
    let known = Known::read(&record_files(resolved), &name);
    prefer(&session, resolved, &known)?;
    session.set_compress(resolved.yes("compression") && !spec.ssh_args_default);
    session.handshake().map_err(broken)?;
    let checked = resolved.get("stricthostkeychecking").is_none_or(|v| !matches!(v, "no" | "off" | "false"));
    let trusted = verify(&session, &known, checked, resolved)?;
    Ok((session, own, trusted, round_trip))
}

fn dial(spec: &HostSpec, resolved: &Resolved) -> Result<(TcpStream, Duration), ConnectError> {
    let (host, port) = (resolved.hostname(), resolved.port());
    let family = resolved.get("addressfamily").unwrap_or("any");
    // `ToSocketAddrs` asks for any family; numbers need no resolver.
    let addresses: Vec<SocketAddr> = match host.parse::<IpAddr>() {
        Ok(ip) => vec![SocketAddr::new(ip, port)],
        Err(_) => (host, port).to_socket_addrs().map_err(|e| unknown_name(host, &e))?.collect(),
    };
    let usable = addresses.iter().filter(|a| match family {
        "inet" => a.is_ipv4(),
        "inet6" => a.is_ipv6(),
        _ => true,
    });
    let limit = spec.timeout.max(Duration::from_millis(1));
    let mut last = ConnectError::Unreachable(format!("{PREFIX}ssh: Could not resolve hostname {host}: Name or service not known"));
    for address in usable {
        let begun = std::time::Instant::now();
        match TcpStream::connect_timeout(address, limit) {
            Ok(tcp) => {
                let round_trip = begun.elapsed();
                _ = tcp.set_nodelay(true);
                keep_alive(&tcp);
                return Ok((tcp, round_trip));
            }
            Err(e) => {
                let late = e.kind() == std::io::ErrorKind::TimedOut;
                let words = if late { "Connection timed out".into() } else { os_words(&e) };
                let text = format!("{PREFIX}ssh: connect to host {host} port {port}: {words}");
                last = if late { ConnectError::Timeout(text) } else { ConnectError::Unreachable(text) };
            }
        }
    }
    Err(last)
}

fn keep_alive(tcp: &TcpStream) {
    let on: libc::c_int = 1;
    // SAFETY: the option's value is an int that outlives the call.
    unsafe {
        libc::setsockopt(
            tcp.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_KEEPALIVE,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        );
    }
}

fn unknown_name(host: &str, e: &std::io::Error) -> ConnectError {
    let text = e.to_string();
    let words = text.rsplit(": ").next().unwrap_or(&text);
    ConnectError::Unreachable(format!("{PREFIX}ssh: Could not resolve hostname {host}: {words}"))
}

fn record_files(resolved: &Resolved) -> Vec<PathBuf> {
    let both = ["userknownhostsfile", "globalknownhostsfile"].map(|n| resolved.get(n).unwrap_or_default());
    both.iter().flat_map(|v| v.split(' ')).filter(|f| !f.is_empty()).map(|f| PathBuf::from(expand(f))).collect()
}

/// Tells libssh2 which methods the user allows, in the user's order. Where the ciphers stand in OpenSSH's own order,
/// the one that this machine's processor computes comes first. Host key types that are on record come first, as
/// OpenSSH does it: else a host with several keys would look unknown.
fn prefer(session: &Session, resolved: &Resolved, known: &Known) -> Result<(), ConnectError> {
    let mut ciphers = resolved.list("ciphers");
    if ciphers.starts_with(&["chacha20-poly1305@openssh.com", "aes128-ctr"])
        || ciphers.starts_with(&["chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com"])
    {
        let fast = "aes128-gcm@openssh.com";
        if aes_in_hardware() && ciphers.contains(&fast) {
            ciphers.retain(|c| *c != fast);
            ciphers.insert(0, fast);
        }
    }
    let mut keys = resolved.list("hostkeyalgorithms");
    keys.sort_by_key(|k| {
        let kind = if k.starts_with("rsa-sha2-") { "ssh-rsa" } else { k };
        !known.keys.iter().any(|e| e.kind == kind)
    });
    let mut want = vec![
        (MethodType::Kex, resolved.list("kexalgorithms")),
        (MethodType::HostKey, keys),
        (MethodType::CryptCs, ciphers.clone()),
        (MethodType::CryptSc, ciphers),
        (MethodType::MacCs, resolved.list("macs")),
        (MethodType::MacSc, resolved.list("macs")),
    ];
    // With an empty list the library's own defaults stay.
    want.retain(|(_, list)| !list.is_empty());
    for (what, list) in want {
        session.method_pref(what, &list.join(",")).map_err(|e| {
            ConnectError::Unsupported(format!("{PREFIX}none of the allowed methods is available in process ({})", e.message()))
        })?;
    }
    Ok(())
}

fn aes_in_hardware() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::is_x86_feature_detected!("aes");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("aes");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    false
}

fn verify(session: &Session, known: &Known, checked: bool, resolved: &Resolved) -> Result<bool, ConnectError> {
    let host = resolved.hostname();
    let fail = |text: String| Err(ConnectError::HostKey(format!("{PREFIX}{text}\r\nHost key verification failed.")));
    let Some((key, _)) = session.host_key() else { return fail("No host key was shown.".into()) };
    let kind = key_kind(key);
    let name = kind.strip_prefix("ssh-").unwrap_or(&kind).to_ascii_uppercase();
    let name = if name.starts_with("ECDSA") { "ECDSA".into() } else { name };
    let print = session.host_key_hash(HashType::Sha256).map(|h| STANDARD_NO_PAD.encode(h)).unwrap_or_default();
    if known.authority {
        return Err(ConnectError::Unsupported(format!("{PREFIX}the host's key may be a certificate")));
    }
    match known.judge(key) {
        Verdict::Known => Ok(true),
        Verdict::Revoked => fail(format!("The {name} host key for {host} is marked as revoked.")),
        // As OpenSSH: without checking, a changed key is let through, but gets no password.
        Verdict::Changed(_) if !checked => Ok(false),
        _ if !checked => Ok(true),
        Verdict::Changed(entry) => {
            let line = "@".repeat(59);
            fail(format!(
                "{line}\r\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n{line}\r\n\
                 IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\r\n\
                 The fingerprint for the {name} key sent by the remote host is\nSHA256:{print}.\r\n\
                 Offending {name} key in {}:{}",
                entry.file.display(),
                entry.line
            ))
        }
        Verdict::Unknown | Verdict::OtherType => {
            fail(format!("No {name} host key is known for {host} and you have requested strict checking."))
        }
    }
}

/// What OpenSSH says of a server that closes the connection before the keys are exchanged.
const CLOSED: &str = "kex_exchange_identification: Connection closed by remote host";

/// Whether the server hung up before anything was said of who may come in, as it does where too many come at once.
pub(super) fn turned_away(e: &ConnectError) -> bool {
    matches!(e, ConnectError::Unreachable(text) if text.contains(CLOSED))
}

/// An error of the library in OpenSSH's words where it has some.
pub(super) fn trouble(e: &ssh2::Error, spec: &HostSpec, resolved: &Resolved) -> ConnectError {
    let (host, port) = (resolved.hostname(), resolved.port());
    let code = match e.code() {
        ssh2::ErrorCode::Session(c) | ssh2::ErrorCode::SFTP(c) => c,
    };
    match code {
        // Timeout, or the banner did not come in time.
        -9 | -30 => ConnectError::Timeout(format!("{PREFIX}Connection timed out during banner exchange\r\nConnection to {host} port {port} timed out after {} seconds", spec.timeout.as_secs())),
        // The other side went away.
        -13 | -43 | -7 | -2 => ConnectError::Unreachable(format!("{PREFIX}{CLOSED}\r\nConnection closed by {host} port {port}")),
        // No common methods, or one that failed.
        -5 | -8 | -44 => ConnectError::Unsupported(format!("{PREFIX}Unable to negotiate with {host} port {port}: {}", e.message())),
        _ => ConnectError::Unreachable(format!("{PREFIX}{} ({host} port {port})", e.message())),
    }
}
