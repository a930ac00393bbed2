//! The question to a host, in POSIX `sh`, and the reading of its answer.
//!
//! Every line of the answer that counts begins with `rustle.`, so that banners and noisy profiles do no harm. The
//! first bytes of `/bin/sh` tell the userland's word size and byte order, which `uname` (the kernel) does not.

use crate::TargetError;
use std::collections::HashMap;

/// Asks for everything that [`parse`] reads. Uses nothing that a bare busybox lacks, and never fails.
pub const PROBE: &str = r#"echo "rustle.uname=$(uname -s 2>/dev/null) $(uname -m 2>/dev/null)"; \
echo "rustle.os=$(uname -o 2>/dev/null)"; \
echo "rustle.bits=$(getconf LONG_BIT 2>/dev/null)"; \
echo "rustle.elf=$(od -An -v -tx1 -N40 /bin/sh 2>/dev/null | tr -d ' \n\t')"; \
echo "rustle.libc=$(getconf GNU_LIBC_VERSION 2>/dev/null)"; \
echo "rustle.ldd=$(ldd --version 2>&1 | head -n 2 | tr '\n' ' ')"; \
for f in /lib/ld-musl-*.so.1; do [ -e "$f" ] && echo "rustle.musl=$f"; done; \
echo "rustle.cpu=$(sed -n -e '/^flags/{s/^[^:]*: *//p;q;}' -e '/^Features/{s/^[^:]*: *//p;q;}' -e '/^isa/{s/^[^:]*: *//p;q;}' /proc/cpuinfo 2>/dev/null)"; \
echo "rustle.product=$(sw_vers -productVersion 2>/dev/null)"; \
case $(uname -s 2>/dev/null) in Darwin) echo "rustle.cpu=$(sysctl -n machdep.cpu.features machdep.cpu.leaf7_features 2>/dev/null | tr '\n' ' ')";; esac"#;

/// What a host is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Platform {
    /// Rust's name.
    pub triple: String,
    /// `glibc` or `musl`; absent where the system has but one.
    pub libc: Option<String>,
    pub libc_version: Option<String>,
    /// What was unusual, for the `reason` of the record.
    pub note: Option<String>,
    /// rustc's names of the processor's features, sorted; empty where it tells none.
    pub features: Vec<String>,
}

/// Reads a host's answer to [`PROBE`].
///
/// # Errors
/// [`TargetError::Answer`] for text that is no answer, [`TargetError::Unsupported`] for systems without runners.
pub fn parse(answer: &str) -> Result<Platform, TargetError> {
    let mut platform = named(answer)?;
    let cpu = answer.lines().rev().find_map(|l| l.trim_end_matches('\r').strip_prefix("rustle.cpu="));
    platform.features = crate::cpu::features(platform.triple.split('-').next().unwrap_or_default(), cpu.unwrap_or_default());
    Ok(platform)
}

fn named(answer: &str) -> Result<Platform, TargetError> {
    let fields: HashMap<&str, &str> = answer
        .lines()
        .filter_map(|l| l.trim_end_matches('\r').strip_prefix("rustle.")?.split_once('='))
        .map(|(k, v)| (k, v.trim()))
        .collect();
    let field = |name: &str| fields.get(name).copied().filter(|v| !v.is_empty());
    let Some((system, machine)) = field("uname").and_then(|u| u.split_once(' ')) else {
        return windows_shell(answer).ok_or_else(|| TargetError::Answer(shorten(answer)));
    };
    let unsupported = || TargetError::Unsupported { system: system.to_owned(), machine: machine.to_owned() };
    let plain = |triple: &str| Ok(Platform { triple: triple.to_owned(), ..Platform::default() });
    let arm = matches!(machine, "arm64" | "aarch64");
    let amd = matches!(machine, "x86_64" | "amd64" | "i86pc");
    match system {
        "Linux" => linux(machine, &field).ok_or_else(unsupported),
        "Darwin" if arm => plain("aarch64-apple-darwin"),
        "Darwin" if amd => plain("x86_64-apple-darwin"),
        "FreeBSD" if arm => plain("aarch64-unknown-freebsd"),
        "FreeBSD" if amd => plain("x86_64-unknown-freebsd"),
        "NetBSD" if amd => plain("x86_64-unknown-netbsd"),
        "OpenBSD" if amd => plain("x86_64-unknown-openbsd"),
        "SunOS" if amd => plain("x86_64-unknown-illumos"),
        s if ["MINGW", "MSYS", "CYGWIN"].iter().any(|p| s.starts_with(p)) && amd => Ok(Platform {
            triple: "x86_64-pc-windows-gnu".into(),
            note: Some(format!("sh is {s}")),
            ..Platform::default()
        }),
        _ => Err(unsupported()),
    }
}

fn linux<'a>(machine: &str, field: &impl Fn(&str) -> Option<&'a str>) -> Option<Platform> {
    let header = field("elf").and_then(Header::read);
    let bits = header.as_ref().map(|h| h.bits).or_else(|| field("bits")?.parse().ok());
    let hard_float = header.as_ref().is_none_or(|h| h.hard_float);
    let arch = arch(machine, bits, header.as_ref())?;
    if field("os") == Some("Android") {
        return Some(Platform { triple: format!("{arch}-linux-android"), ..Platform::default() });
    }
    let (libc, version) = libc(field("libc"), field("ldd"), field("musl"));
    let env = match libc {
        Some("musl") => "musl",
        _ => "gnu",
    };
    let suffix = match (arch, hard_float) {
        ("arm" | "armv7", true) => "eabihf",
        ("arm" | "armv7", false) => "eabi",
        _ => "",
    };
    let kernel64 = matches!(machine, "x86_64" | "aarch64" | "ppc64le" | "riscv64");
    let note = (bits == Some(32) && kernel64).then(|| format!("32-bit userland on a {machine} kernel"));
    Some(Platform {
        triple: format!("{arch}-unknown-linux-{env}{suffix}"),
        libc: libc.map(str::to_owned),
        libc_version: version,
        note,
        ..Platform::default()
    })
}

/// The processor as Rust calls it: the userland's where its ELF header is known, else the kernel's.
fn arch(machine: &str, bits: Option<u32>, header: Option<&Header>) -> Option<&'static str> {
    let small_arm = if machine.starts_with("armv7") || machine.starts_with("armv8") || machine == "aarch64" { "armv7" } else { "arm" };
    if let Some(h) = header {
        match (h.machine, h.bits, h.little) {
            (62, 64, _) => return Some("x86_64"),
            (3, 32, _) => return Some("i686"),
            (183, 64, true) => return Some("aarch64"),
            (40, 32, true) => return Some(if h.hard_float { small_arm } else { "arm" }),
            (243, 64, _) => return Some("riscv64gc"),
            (21, 64, true) => return Some("powerpc64le"),
            (22, 64, _) => return Some("s390x"),
            (258, 64, _) => return Some("loongarch64"),
            _ => {}
        }
    }
    match (machine, bits.unwrap_or(64)) {
        ("x86_64" | "amd64", 32) | ("i386" | "i486" | "i586" | "i686", _) => Some("i686"),
        ("x86_64" | "amd64", _) => Some("x86_64"),
        ("aarch64" | "arm64", 32) => Some("armv7"),
        ("aarch64" | "arm64", _) => Some("aarch64"),
        (m, _) if m.starts_with("arm") => Some(small_arm),
        ("riscv64", 64) => Some("riscv64gc"),
        ("ppc64le", 64) => Some("powerpc64le"),
        ("s390x", 64) => Some("s390x"),
        ("loongarch64", 64) => Some("loongarch64"),
        _ => None,
    }
}

/// Name and version. An empty answer is glibc's guess without a version: `ldd` may be missing, as in slim images.
fn libc(getconf: Option<&str>, ldd: Option<&str>, musl: Option<&str>) -> (Option<&'static str>, Option<String>) {
    if let Some(v) = getconf.and_then(|g| g.strip_prefix("glibc ")) {
        return (Some("glibc"), Some(v.trim().to_owned()));
    }
    let ldd = ldd.unwrap_or("");
    if ldd.starts_with("musl libc") {
        let version = ldd.split("Version ").nth(1).and_then(|v| v.split_whitespace().next());
        return (Some("musl"), version.map(str::to_owned));
    }
    if ldd.contains("GLIBC") || ldd.contains("GNU libc") || ldd.contains("Free Software Foundation") {
        // `ldd (Ubuntu GLIBC 2.31-0ubuntu9.16) 2.31`: the last word of the first line.
        let first = ldd.split(" Copyright").next().unwrap_or(ldd);
        let version = first.split_whitespace().rfind(|w| w.starts_with("2."));
        return (Some("glibc"), version.map(str::to_owned));
    }
    if musl.is_some() {
        return (Some("musl"), None);
    }
    (None, None)
}

/// The part of an ELF header that names the platform.
struct Header {
    bits: u32,
    little: bool,
    machine: u16,
    hard_float: bool,
}

impl Header {
    /// From hexadecimal text of at least 20 bytes.
    fn read(hex: &str) -> Option<Header> {
        let bytes: Vec<u8> =
            (0..hex.len() / 2).map(|i| u8::from_str_radix(hex.get(i * 2..i * 2 + 2)?, 16).ok()).collect::<Option<_>>()?;
        if bytes.len() < 20 || !bytes.starts_with(b"\x7fELF") {
            return None;
        }
        let little = bytes[5] == 1;
        let pair = [bytes[18], bytes[19]];
        let machine = if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) };
        // EF_ARM_ABI_FLOAT_HARD, in e_flags of a 32-bit header.
        let hard_float = bytes.get(37).is_none_or(|b| b & 0x04 != 0);
        Some(Header { bits: if bytes[4] == 2 { 64 } else { 32 }, little, machine, hard_float })
    }
}

/// cmd.exe and PowerShell know no `uname`, and say so each in its way.
fn windows_shell(answer: &str) -> Option<Platform> {
    let shell = if answer.contains("is not recognized as an internal or external command") || answer.contains("$(uname -s") {
        "cmd.exe"
    } else if answer.contains("CommandNotFoundException") || answer.contains("is not recognized as the name of a cmdlet") {
        "PowerShell"
    } else {
        return None;
    };
    Some(Platform {
        triple: "x86_64-pc-windows-msvc".into(),
        note: Some(format!("the shell is {shell}; its processor is assumed")),
        ..Platform::default()
    })
}

fn shorten(answer: &str) -> String {
    let first = answer.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or("it said nothing");
    first.chars().take(120).collect()
}
