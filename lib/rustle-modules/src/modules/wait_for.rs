//! Waits for a port, a file, a text in either, or for a time.

use crate::{Ctx, Failure, Module, Outcome, Params, PathArg, Scope, Support, Value, params};
use fancy_regex::Regex;
use rustle_value::Dict;
use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

params! {
    /// Options of `wait_for`.
    pub struct Args {
        /// The host to connect to.
        host: String => default("127.0.0.1");
        /// How many seconds to wait.
        timeout: i64 => default("300");
        /// How many seconds one connection may take.
        connect_timeout: i64 => default("5");
        /// How many seconds to wait before the first look.
        delay: i64 => default("0");
        /// The port.
        port: Option<i64>;
        /// States of TCP connections that count as active.
        active_connection_states: Vec<String> => default("ESTABLISHED,FIN_WAIT1,FIN_WAIT2,SYN_RECV,SYN_SENT,TIME_WAIT");
        /// The file.
        path: Option<PathArg>;
        /// A text in the file, or in what the port sends.
        search_regex: Option<String>;
        /// What to wait for.
        state: String => default("started"), choices(&["absent", "drained", "present", "started", "stopped"]);
        /// Hosts whose connections do not count (for `drained`).
        exclude_hosts: Option<Vec<String>>;
        /// Seconds between looks.
        sleep: i64 => default("1");
        /// The message instead of the usual one.
        msg: Option<String>;
    }
}

const EXAMPLES: &str = "
- name: Until the server answers
  ansible.builtin.wait_for:
    port: 8000
    delay: 10
";

pub static MODULE: Module = Module {
    scope: Scope::World,
    check: Support::None,
    ..Module::new::<Args>("ansible.builtin.wait_for", "Waits for a port, a file or a text", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

/// Numbers of the kernel's TCP states, in `/proc/net/tcp`.
const STATES: &[(&str, &str)] = &[
    ("ESTABLISHED", "01"), ("SYN_SENT", "02"), ("SYN_RECV", "03"), ("FIN_WAIT1", "04"), ("FIN_WAIT2", "05"), ("TIME_WAIT", "06"),
];

fn run(_: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let path = a.path.as_ref().map(|p| p.0.clone());
    if a.port.is_some() && path.is_some() {
        return Err(Failure::new("port and path parameter can not both be passed to wait_for").with("elapsed", 0));
    }
    if path.is_some() && a.state == "stopped" {
        return Err(Failure::new("state=stopped should only be used for checking a port in the wait_for module").with("elapsed", 0));
    }
    if path.is_some() && a.state == "drained" {
        return Err(Failure::new("state=drained should only be used for checking a port in the wait_for module").with("elapsed", 0));
    }
    if a.exclude_hosts.is_some() && a.state != "drained" {
        return Err(Failure::new("exclude_hosts should only be with state=drained").with("elapsed", 0));
    }
    for s in &a.active_connection_states {
        if !STATES.iter().any(|(n, _)| n == s) {
            return Err(Failure::new(format!("unknown active_connection_state ({s}) defined")).with("elapsed", 0));
        }
    }
    let regex = match &a.search_regex {
        Some(r) => Some(Regex::new(&format!("(?m){r}")).map_err(|e| Failure::new(format!("invalid regular expression: {e}")))?),
        None => None,
    };
    let start = Instant::now();
    let end = start + Duration::from_secs(u64::try_from(a.timeout).unwrap_or(0));
    std::thread::sleep(Duration::from_secs(u64::try_from(a.delay).unwrap_or(0)));
    let nap = || {
        let left = end.saturating_duration_since(Instant::now());
        std::thread::sleep(Duration::from_secs(u64::try_from(a.sleep).unwrap_or(1)).min(left.max(Duration::from_millis(1))));
    };
    let mut found: Option<(Vec<Value>, Dict)> = None;
    let elapsed = || start.elapsed().as_secs();
    let fail = |usual: String| Err(Failure::new(a.msg.clone().unwrap_or(usual)).with("elapsed", elapsed()));
    let port = a.port.unwrap_or_default();
    if a.port.is_none() && path.is_none() && a.state != "drained" {
        // A plain pause: the delay and the time come one after the other.
        std::thread::sleep(Duration::from_secs(u64::try_from(a.timeout).unwrap_or(0)));
    } else if a.state == "absent" || a.state == "stopped" {
        loop {
            if Instant::now() >= end {
                return match (&path, a.port) {
                    (None, Some(_)) => fail(format!("Timeout when waiting for {}:{port} to stop.", a.host)),
                    (Some(p), _) => fail(format!("Timeout when waiting for {p} to be absent.")),
                    _ => fail(String::new()),
                };
            }
            let gone = match &path {
                Some(p) => std::fs::metadata(p).is_err(),
                None => connect(&a, end).is_err(),
            };
            if gone {
                break;
            }
            nap();
        }
    } else if a.state == "drained" {
        while active(&a)? > 0 {
            if Instant::now() >= end {
                return fail(format!("Timeout when waiting for {}:{port} to drain", a.host));
            }
            nap();
        }
    } else {
        loop {
            if Instant::now() >= end {
                return fail(match (&path, &a.search_regex) {
                    (None, Some(r)) => format!("Timeout when waiting for search string {r} in {}:{port}", a.host),
                    (None, None) => format!("Timeout when waiting for {}:{port}", a.host),
                    (Some(p), Some(r)) => format!("Timeout when waiting for search string {r} in {p}"),
                    (Some(p), None) => format!("Timeout when waiting for file {p}"),
                });
            }
            match (&path, &regex) {
                (Some(p), None) if std::fs::metadata(p).is_ok() => break,
                (Some(p), Some(r)) => {
                    found = std::fs::read(p).ok().and_then(|b| search(r, &String::from_utf8_lossy(&b)));
                    if found.is_some() {
                        break;
                    }
                }
                (None, None) if connect(&a, end).is_ok() => break,
                (None, Some(r)) => {
                    if let Ok(stream) = connect(&a, end) {
                        found = listen(stream, r, end);
                        if found.is_some() {
                            break;
                        }
                    }
                }
                _ => {}
            }
            nap();
        }
    }
    let (groups, named) = found.unwrap_or_default();
    let mut o = Outcome::ok();
    // The state of a file that is there is what it is, like in every result with a path.
    if !path.as_ref().is_some_and(|p| std::path::Path::new(p).exists()) {
        o.set("state", a.state.as_str());
    }
    Ok(o
        .with("port", a.port)
        .with("search_regex", a.search_regex.clone())
        .with("match_groups", groups)
        .with("match_groupdict", named)
        .with("path", path)
        .with("elapsed", elapsed()))
}

fn search(r: &Regex, text: &str) -> Option<(Vec<Value>, Dict)> {
    let c = r.captures(text).ok()??;
    let value = |m: Option<fancy_regex::Match>| m.map(|m| m.as_str().to_owned()).map_or(Value::Null, Value::from);
    let groups = (1..c.len()).map(|i| value(c.get(i))).collect();
    let mut named = Dict::new();
    for name in r.capture_names().flatten() {
        named.insert(name, value(c.name(name)));
    }
    Some((groups, named))
}

/// Addresses of the host, without a name service where the name is an address or `localhost`.
fn addresses(host: &str, port: u16) -> Vec<std::net::SocketAddr> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return vec![(ip, port).into()];
    }
    (host, port).to_socket_addrs().map(Iterator::collect).unwrap_or_default()
}

fn connect(a: &Args, end: Instant) -> std::io::Result<TcpStream> {
    let port = u16::try_from(a.port.unwrap_or_default()).unwrap_or_default();
    let limit = Duration::from_secs(u64::try_from(a.connect_timeout).unwrap_or(5));
    let limit = limit.min(end.saturating_duration_since(Instant::now())).max(Duration::from_millis(10));
    let mut last = std::io::Error::other("no address");
    for address in addresses(&a.host, port) {
        match TcpStream::connect_timeout(&address, limit) {
            Ok(s) => return Ok(s),
            Err(e) => last = e,
        }
    }
    Err(last)
}

/// Reads what the port sends until the text is in it, the other side ends, or time is up.
fn listen(mut stream: TcpStream, r: &Regex, end: Instant) -> Option<(Vec<Value>, Dict)> {
    let mut data = Vec::new();
    let mut buffer = [0u8; 1024];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        stream.set_read_timeout(Some(left)).ok()?;
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(n) => data.extend_from_slice(&buffer[..n]),
        }
        if let Some(found) = search(r, &String::from_utf8_lossy(&data)) {
            let _ = stream.flush();
            return Some(found);
        }
    }
}

/// Connections to the port on this host that are still active.
fn active(a: &Args) -> Result<usize, Failure> {
    let own: Vec<IpAddr> = addresses(&a.host, 0).into_iter().map(|s| s.ip()).collect();
    let excluded: Vec<IpAddr> =
        a.exclude_hosts.iter().flatten().flat_map(|h| addresses(h, 0)).map(|s| s.ip()).collect();
    let wanted: Vec<&str> =
        STATES.iter().filter(|(n, _)| a.active_connection_states.iter().any(|s| s == n)).map(|(_, c)| *c).collect();
    let any = own.iter().any(IpAddr::is_unspecified);
    let mut n = 0;
    for file in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for line in std::fs::read_to_string(file).unwrap_or_default().lines().skip(1) {
            let f: Vec<&str> = line.split_whitespace().collect();
            let [_, local, remote, state, ..] = f[..] else { continue };
            let (Some((ip, port)), Some((peer, _))) = (endpoint(local), endpoint(remote)) else { continue };
            let ours = i64::from(port) == a.port.unwrap_or_default() && (any || own.contains(&ip) || ip.is_unspecified());
            n += usize::from(ours && wanted.contains(&state) && !excluded.contains(&peer));
        }
    }
    Ok(n)
}

/// An address and port as the kernel writes them: words of the address in host order, hexadecimal.
fn endpoint(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let mut bytes = Vec::new();
    for i in (0..address.len()).step_by(8) {
        bytes.extend(u32::from_str_radix(address.get(i..i + 8)?, 16).ok()?.to_ne_bytes());
    }
    let ip = match bytes.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        16 => {
            let v6 = std::net::Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?);
            v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4)
        }
        _ => return None,
    };
    Some((ip, u16::from_str_radix(port, 16).ok()?))
}
