//! What an executable is and where it runs: read from its own headers, not from what somebody says of it.
//!
//! Limits: ELF in depth; of Mach-O and PE only the processor.

use rustle_stream::payload::{self, Format};
use rustle_stream::record::Target;

/// What was read from an executable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Binary {
    /// `elf`, `mach-o`, `pe`.
    pub format: &'static str,
    /// The processor as Rust calls it; empty where unknown.
    pub arch: &'static str,
    /// The system that an ELF file names as its own; empty for Linux, which names none, and where it is not known.
    pub system: &'static str,
    /// The program that loads it; `None` for a static one.
    pub interpreter: Option<String>,
    /// The newest glibc symbol version that it needs.
    pub glibc: Option<(u32, u32)>,
    /// Whether a plan is inside.
    pub embedded: bool,
}

impl Binary {
    /// Whether it needs nothing of the host's libraries.
    pub fn is_static(&self) -> bool {
        self.interpreter.is_none()
    }
    fn is_musl(&self) -> bool {
        self.interpreter.as_deref().is_some_and(|i| i.contains("ld-musl"))
    }
    /// Whether it runs on this platform; if not, why.
    ///
    /// # Errors
    /// Words for a person.
    pub fn fits(&self, target: &Target) -> Result<(), String> {
        let triple = target.triple.as_str();
        let format = if triple.contains("darwin") { "mach-o" } else if triple.contains("windows") { "pe" } else { "elf" };
        if self.format != format {
            return Err(format!("it is {}, {triple} runs {format}", self.format));
        }
        let wanted = triple.split('-').next().unwrap_or("");
        // A Mach-O file may be for several processors.
        let same = self.arch == wanted || (self.arch == "arm" && wanted == "armv7") || (format == "mach-o" && self.arch.is_empty());
        if !same {
            return Err(format!("it is for {}, the host is {wanted}", self.arch));
        }
        if format != "elf" {
            return Ok(());
        }
        let system = ["freebsd", "netbsd", "openbsd"].into_iter().find(|s| triple.contains(s)).unwrap_or("");
        if self.system != system {
            let name = |s: &str| if s.is_empty() { "Linux".to_owned() } else { s.to_owned() };
            return Err(format!("it is for {}, the host runs {}", name(self.system), name(system)));
        }
        if self.is_static() || !triple.contains("-linux-") {
            return Ok(());
        }
        // The user's specification says what it is linked with, and nobody knows of the host.
        if target.spec.is_some() && target.libc_version.is_none() {
            return Ok(());
        }
        match (self.is_musl(), target.libc.as_deref()) {
            (true, Some("musl")) => Ok(()),
            (true, _) => Err("it needs musl's loader, which the host lacks".into()),
            (false, Some("musl")) => Err("it needs glibc, the host has musl".into()),
            (false, _) => {
                let Some((major, minor)) = self.glibc else { return Ok(()) };
                match rustle_target::min_glibc(target) {
                    Some(has) if has >= (major, minor) => Ok(()),
                    Some((a, b)) => Err(format!("it needs glibc {major}.{minor}, the host has {a}.{b}")),
                    None => Err(format!("it needs glibc {major}.{minor}, the host's version is unknown")),
                }
            }
        }
    }
}

/// Reads an executable's headers; `None` for what is none.
pub fn inspect(bytes: &[u8]) -> Option<Binary> {
    let embedded = payload::is_inside(bytes);
    let kind = Format::of(bytes)?;
    let format = match kind {
        Format::Elf => return Elf::new(bytes).and_then(|e| e.read()).map(|b| Binary { embedded, ..b }),
        Format::MachO => "mach-o",
        Format::Pe => "pe",
    };
    Some(Binary { format, arch: kind.arch(bytes), embedded, ..Binary::default() })
}

struct Elf<'a> {
    bytes: &'a [u8],
    wide: bool,
    little: bool,
}

impl<'a> Elf<'a> {
    fn new(bytes: &'a [u8]) -> Option<Elf<'a>> {
        Some(Elf { bytes, wide: *bytes.get(4)? == 2, little: *bytes.get(5)? == 1 })
    }
    fn number(&self, at: usize, size: usize) -> Option<usize> {
        let part = self.bytes.get(at..at.checked_add(size)?)?;
        let step = |n: usize, b: &u8| n << 8 | usize::from(*b);
        Some(if self.little { part.iter().rev().fold(0, step) } else { part.iter().fold(0, step) })
    }
    /// A field whose place and size differ between 32 and 64 bits: `(offset, size)` of each.
    fn field(&self, base: usize, narrow: (usize, usize), wide: (usize, usize)) -> Option<usize> {
        let (offset, size) = if self.wide { wide } else { narrow };
        self.number(base.checked_add(offset)?, size)
    }
    fn text(&self, at: usize) -> Option<&'a str> {
        let rest = self.bytes.get(at..)?;
        std::str::from_utf8(&rest[..rest.iter().position(|b| *b == 0)?]).ok()
    }

    fn read(&self) -> Option<Binary> {
        let arch = match (self.number(18, 2)?, self.wide, self.little) {
            (62, true, true) => "x86_64",
            (3, false, true) => "i686",
            (183, true, true) => "aarch64",
            (40, false, true) => "arm",
            (243, true, true) => "riscv64gc",
            (21, true, true) => "powerpc64le",
            (22, true, false) => "s390x",
            (258, true, true) => "loongarch64",
            _ => "",
        };
        // EI_OSABI; a Linux program may have 0 or 3 there.
        let system = match self.number(7, 1)? {
            2 => "netbsd",
            9 => "freebsd",
            12 => "openbsd",
            _ => "",
        };
        let mut binary = Binary { format: "elf", arch, system, ..Binary::default() };
        let (start, size, count) = (
            self.field(0, (28, 4), (32, 8))?,
            self.field(0, (42, 2), (54, 2))?,
            self.field(0, (44, 2), (56, 2))?,
        );
        for i in 0..count {
            let header = start.checked_add(i.checked_mul(size)?)?;
            // PT_INTERP
            if self.number(header, 4)? == 3 {
                let place = self.field(header, (4, 4), (8, 8))?;
                binary.interpreter = self.text(place).map(str::to_owned);
            }
        }
        // Where the first bytes do not tell, the loader does.
        if let Some(loader) = binary.interpreter.as_deref().filter(|_| system.is_empty()) {
            binary.system = match loader {
                "/libexec/ld-elf.so.1" => "freebsd",
                "/usr/libexec/ld.elf_so" => "netbsd",
                "/usr/libexec/ld.so" => "openbsd",
                _ => "",
            };
        }
        binary.glibc = self.glibc();
        Some(binary)
    }

    /// The highest `GLIBC_x.y` among the versions that the dynamic symbols need.
    fn glibc(&self) -> Option<(u32, u32)> {
        let start = self.field(0, (32, 4), (40, 8))?;
        let (size, count) = (self.field(0, (46, 2), (58, 2))?, self.field(0, (48, 2), (60, 2))?);
        let section = |i: usize| start.checked_add(i.checked_mul(size)?);
        let mut newest = None;
        for i in 0..count {
            let header = section(i)?;
            // SHT_GNU_verneed
            if self.number(header.checked_add(4)?, 4)? != 0x6fff_fffe {
                continue;
            }
            let begin = self.field(header, (16, 4), (24, 8))?;
            let names = section(self.field(header, (24, 4), (40, 4))?)?;
            let names = self.field(names, (16, 4), (24, 8))?;
            for version in self.needed(begin, names) {
                newest = newest.max(Some(version));
            }
        }
        newest
    }

    fn needed(&self, begin: usize, names: usize) -> Vec<(u32, u32)> {
        let mut found = Vec::new();
        let mut file = begin;
        // Both chains end with a zero link; the bounds end a malformed one.
        for _ in 0..1024 {
            let (Some(count), Some(first), Some(next)) = (self.number(file.saturating_add(2), 2), self.number(file.saturating_add(8), 4), self.number(file.saturating_add(12), 4))
            else {
                break;
            };
            let mut at = file.saturating_add(first);
            for _ in 0..count {
                let (Some(name), Some(link)) = (self.number(at.saturating_add(8), 4), self.number(at.saturating_add(12), 4)) else { break };
                found.extend(self.text(names.saturating_add(name)).and_then(glibc_version));
                at = at.saturating_add(link);
            }
            if next == 0 {
                break;
            }
            file = file.saturating_add(next);
        }
        found
    }
}

/// `GLIBC_2.17` → (2, 17); others, such as `GCC_3.0` or `GLIBC_PRIVATE`, are none.
fn glibc_version(name: &str) -> Option<(u32, u32)> {
    let mut numbers = name.strip_prefix("GLIBC_")?.split('.').map(|n| n.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(triple: &str, libc: Option<&str>, version: Option<&str>) -> Target {
        Target { triple: triple.into(), libc: libc.map(Into::into), libc_version: version.map(Into::into), ..Target::default() }
    }

    #[test]
    fn this_very_program() {
        let own = inspect(&std::fs::read(std::env::current_exe().unwrap()).unwrap()).unwrap();
        assert_eq!((own.format, own.arch, own.embedded), ("elf", std::env::consts::ARCH, false));
        assert!(own.interpreter.is_some() && own.glibc > Some((2, 2)) && own.glibc < Some((3, 0)), "{own:?}");
    }

    #[test]
    fn where_it_runs() {
        let elf = |interpreter: Option<&str>, glibc| Binary { format: "elf", arch: "x86_64", interpreter: interpreter.map(Into::into), glibc, ..Binary::default() };
        let fixed = elf(None, None);
        let gnu = elf(Some("/lib64/ld-linux-x86-64.so.2"), Some((2, 34)));
        let musl = elf(Some("/lib/ld-musl-x86_64.so.1"), None);
        let host = "x86_64-unknown-linux-gnu";
        for (binary, target, problem) in [
            (&fixed, target("x86_64-unknown-linux-musl", Some("musl"), None), None),
            (&fixed, target(host, None, None), None),
            (&fixed, target("aarch64-unknown-linux-gnu", None, None), Some("it is for x86_64, the host is aarch64")),
            (&fixed, target("x86_64-unknown-freebsd", None, None), Some("it is for Linux, the host runs freebsd")),
            (&Binary { system: "freebsd", ..fixed.clone() }, target("x86_64-unknown-freebsd", None, None), None),
            (&Binary { system: "freebsd", ..fixed.clone() }, target(host, None, None), Some("it is for freebsd, the host runs Linux")),
            (&fixed, target("x86_64-apple-darwin", None, None), Some("it is elf, x86_64-apple-darwin runs mach-o")),
            (&gnu, target(host, Some("glibc"), Some("2.36")), None),
            (&gnu, target(host, Some("glibc"), Some("2.17")), Some("it needs glibc 2.34, the host has 2.17")),
            (&gnu, target(host, Some("glibc"), None), Some("it needs glibc 2.34, the host's version is unknown")),
            (&gnu, target("x86_64-unknown-linux-musl", Some("musl"), None), Some("it needs glibc, the host has musl")),
            (&musl, target(host, Some("glibc"), Some("2.36")), Some("it needs musl's loader, which the host lacks")),
        ] {
            assert_eq!(binary.fits(&target).err().as_deref(), problem, "{binary:?} {target:?}");
        }
    }

    #[test]
    fn nonsense_is_survived() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        for n in (0..4096).step_by(7) {
            let mut head = own[..n.min(own.len())].to_vec();
            inspect(&head);
            head.resize(8192, 0xff);
            inspect(&head);
        }
        assert_eq!(inspect(b"#!/bin/sh"), None);
    }
}
