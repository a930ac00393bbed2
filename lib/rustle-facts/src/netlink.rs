//! A small rtnetlink client: addresses, routes, and the route to one destination. What `ip` would print, without `ip`.

use std::net::{Ipv4Addr, Ipv6Addr};

const RTM_GETADDR: u16 = 22;
const RTM_GETROUTE: u16 = 26;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;

/// An address of an interface.
#[derive(Clone, Debug, Default)]
pub struct Address {
    pub index: u32,
    pub v6: bool,
    /// The address itself, without prefix.
    pub address: String,
    pub prefix: u8,
    pub broadcast: String,
    pub label: String,
    pub scope: u8,
    /// Secondary (IPv4) or temporary (IPv6).
    pub secondary: bool,
    /// A point-to-point address: the prefix belongs to the peer.
    pub peer: bool,
}

/// A route.
#[derive(Clone, Debug, Default)]
pub struct Route {
    pub destination: Option<String>,
    pub prefix: u8,
    pub table: u32,
    /// RTN_*: 1 unicast, 2 local, ….
    pub kind: u8,
    pub interface: Option<u32>,
    pub gateway: Option<String>,
    pub source: Option<String>,
}

/// Every address, in the kernel's order.
pub fn addresses() -> Vec<Address> {
    let mut out = Vec::new();
    let _ = request(RTM_GETADDR, NLM_F_DUMP, &[0u8; 8], |body| {
        let Some(h) = body.get(..8) else { return };
        let v6 = i32::from(h[0]) == libc::AF_INET6;
        let mut a = Address {
            index: u32::from_ne_bytes([h[4], h[5], h[6], h[7]]),
            v6,
            prefix: h[1],
            scope: h[3],
            secondary: h[2] & 1 != 0,
            ..Address::default()
        };
        let (mut local, mut remote) = (None, None);
        attributes(&body[8..], |kind, data| match kind {
            1 => remote = ip(v6, data),
            2 => local = ip(v6, data),
            3 => a.label = String::from_utf8_lossy(data).trim_end_matches('\0').to_owned(),
            4 => a.broadcast = ip(v6, data).unwrap_or_default(),
            _ => {}
        });
        a.peer = matches!((&local, &remote), (Some(l), Some(r)) if l != r);
        a.address = local.or(remote).unwrap_or_default();
        out.push(a);
    });
    out
}

/// Every route of a family, in the kernel's order.
pub fn routes(v6: bool) -> Vec<Route> {
    let mut header = [0u8; 12];
    header[0] = (if v6 { libc::AF_INET6 } else { libc::AF_INET }) as u8;
    let mut out = Vec::new();
    let _ = request(RTM_GETROUTE, NLM_F_DUMP, &header, |body| out.extend(route(body)));
    out
}

/// The route that a packet to `destination` (an address) would take.
pub fn route_to(destination: std::net::IpAddr) -> Option<Route> {
    let (family, bytes) = match destination {
        std::net::IpAddr::V4(a) => (libc::AF_INET, a.octets().to_vec()),
        std::net::IpAddr::V6(a) => (libc::AF_INET6, a.octets().to_vec()),
    };
    let mut message = vec![0u8; 12];
    message[0] = family as u8;
    message[1] = (bytes.len() * 8) as u8;
    message.extend(((bytes.len() + 4) as u16).to_ne_bytes());
    message.extend(1u16.to_ne_bytes());
    message.extend(bytes);
    let mut out = None;
    request(RTM_GETROUTE, 0, &message, |body| out = route(body)).ok()?;
    out
}

fn route(body: &[u8]) -> Option<Route> {
    let h = body.get(..12)?;
    let v6 = i32::from(h[0]) == libc::AF_INET6;
    let mut r = Route { prefix: h[1], table: h[4].into(), kind: h[7], ..Route::default() };
    attributes(&body[12..], |kind, data| match kind {
        1 => r.destination = ip(v6, data),
        4 => r.interface = data.try_into().ok().map(u32::from_ne_bytes),
        5 => r.gateway = ip(v6, data),
        7 => r.source = ip(v6, data),
        15 => r.table = data.try_into().ok().map_or(r.table, u32::from_ne_bytes),
        _ => {}
    });
    Some(r)
}

fn ip(v6: bool, data: &[u8]) -> Option<String> {
    if v6 {
        <[u8; 16]>::try_from(data).ok().map(|b| Ipv6Addr::from(b).to_string())
    } else {
        <[u8; 4]>::try_from(data).ok().map(|b| Ipv4Addr::from(b).to_string())
    }
}

fn attributes(mut rest: &[u8], mut each: impl FnMut(u16, &[u8])) {
    while rest.len() >= 4 {
        let len = usize::from(u16::from_ne_bytes([rest[0], rest[1]]));
        let kind = u16::from_ne_bytes([rest[2], rest[3]]) & 0x3fff;
        if len < 4 || len > rest.len() {
            return;
        }
        each(kind, &rest[4..len]);
        rest = &rest[((len + 3) & !3).min(rest.len())..];
    }
}

/// Sends one request and hands the body of every answer to `each`.
fn request(kind: u16, flags: u16, body: &[u8], mut each: impl FnMut(&[u8])) -> std::io::Result<()> {
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
    // SAFETY: socket takes plain integers; a non-negative result is a descriptor that we own.
    let fd = unsafe {
        let fd = libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_ROUTE);
        if fd < 0 {
            return Err(std::io::Error::last_os_error());
        }
        OwnedFd::from_raw_fd(fd)
    };
    let mut message = Vec::with_capacity(16 + body.len());
    message.extend(((16 + body.len()) as u32).to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend((flags | NLM_F_REQUEST).to_ne_bytes());
    message.extend(1u32.to_ne_bytes());
    message.extend(0u32.to_ne_bytes());
    message.extend(body);
    // SAFETY: the pointer and length describe `message`.
    let sent = unsafe { libc::send(fd.as_raw_fd(), message.as_ptr().cast(), message.len(), 0) };
    if sent < 0 {
        return Err(std::io::Error::last_os_error());
    }
    let mut buffer = vec![0u8; 64 * 1024];
    loop {
        // SAFETY: the pointer and length describe `buffer`.
        let n = unsafe { libc::recv(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), 0) };
        let n = usize::try_from(n).map_err(|_| std::io::Error::last_os_error())?;
        if n == 0 {
            return Ok(());
        }
        let mut rest = &buffer[..n];
        while rest.len() >= 16 {
            let len = u32::from_ne_bytes([rest[0], rest[1], rest[2], rest[3]]) as usize;
            if len < 16 || len > rest.len() {
                return Ok(());
            }
            match u16::from_ne_bytes([rest[4], rest[5]]) {
                3 => return Ok(()),
                2 => return Err(std::io::Error::other("netlink refused the request")),
                _ => each(&rest[16..len]),
            }
            rest = &rest[((len + 3) & !3).min(rest.len())..];
        }
        if flags & NLM_F_DUMP == 0 {
            return Ok(());
        }
    }
}
