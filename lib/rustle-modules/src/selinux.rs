//! SELinux contexts, by the file system's own interface: no libselinux.
//!
//! Limits: no default contexts from the policy's `file_contexts` (`_default` falls back on `matchpathcon`, if there).

use std::io;
use std::path::Path;

/// Whether the kernel enforces or logs a policy.
pub fn enabled() -> bool {
    cfg!(target_os = "linux") && Path::new("/sys/fs/selinux/enforce").exists()
}

/// A file's context, not following links: `[user, role, type, level]`.
pub fn context(path: &Path) -> Option<[String; 4]> {
    if !enabled() {
        return None;
    }
    let mut buf = vec![0u8; 4096];
    let n = lget(path, &mut buf).ok()?;
    let text = String::from_utf8_lossy(&buf[..n]).trim_end_matches('\0').to_string();
    parse(&text)
}

/// Splits `user:role:type:level`.
pub fn parse(text: &str) -> Option<[String; 4]> {
    let mut parts = text.splitn(4, ':').map(str::to_owned);
    Some([parts.next()?, parts.next()?, parts.next()?, parts.next().unwrap_or_default()])
}

/// What the policy says that a path should have.
pub fn default_context(path: &Path) -> Option<[String; 4]> {
    let out = std::process::Command::new("matchpathcon").arg("-n").arg(path).stdin(std::process::Stdio::null()).output().ok()?;
    out.status.success().then(|| parse(String::from_utf8_lossy(&out.stdout).trim())).flatten()
}

/// Sets a file's context, not following links.
pub fn set_context(path: &Path, context: &[String; 4]) -> io::Result<()> {
    let parts: Vec<&str> = context.iter().map(String::as_str).filter(|s| !s.is_empty()).collect();
    lset(path, parts.join(":").as_bytes())
}

#[cfg(target_os = "linux")]
fn lget(path: &Path, buf: &mut [u8]) -> io::Result<usize> {
    Ok(rustix::fs::lgetxattr(path, "security.selinux", buf)?)
}
#[cfg(target_os = "linux")]
fn lset(path: &Path, value: &[u8]) -> io::Result<()> {
    Ok(rustix::fs::lsetxattr(path, "security.selinux", value, rustix::fs::XattrFlags::empty())?)
}
#[cfg(not(target_os = "linux"))]
fn lget(_: &Path, _: &mut [u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}
#[cfg(not(target_os = "linux"))]
fn lset(_: &Path, _: &[u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
