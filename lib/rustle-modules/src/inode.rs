//! The attributes that ext-like file systems keep in a file's inode, asked of the kernel: no process per file.
//!
//! Limits: Linux. Elsewhere [`read`] knows nothing, and the caller asks a program.

/// What `lsattr` would print of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lsattr {
    /// The inode's generation, where the file system has them.
    pub version: Option<String>,
    /// Letters, without dashes.
    pub flags: String,
}

/// Bits and their letters, in the order in which they are shown.
#[cfg(target_os = "linux")]
const LETTERS: [(u32, char); 22] = [
    (0x1, 's'),
    (0x2, 'u'),
    (0x8, 'S'),
    (0x1_0000, 'D'),
    (0x10, 'i'),
    (0x20, 'a'),
    (0x40, 'd'),
    (0x80, 'A'),
    (0x4, 'c'),
    (0x800, 'E'),
    (0x4000, 'j'),
    (0x1000, 'I'),
    (0x8000, 't'),
    (0x2_0000, 'T'),
    (0x8_0000, 'e'),
    (0x80_0000, 'C'),
    (0x200_0000, 'x'),
    (0x4000_0000, 'F'),
    (0x1000_0000, 'N'),
    (0x2000_0000, 'P'),
    (0x10_0000, 'V'),
    (0x400, 'm'),
];

/// A file's attributes; none where the kernel does not tell (links, devices, file systems without them). `None` where
/// there is no way to ask.
#[cfg(target_os = "linux")]
pub fn read(path: &str) -> Option<Lsattr> {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::OpenOptionsExt;
    let nothing = Some(Lsattr::default());
    // Opening a device or a pipe can do things; they have no attributes.
    if !std::fs::symlink_metadata(path).is_ok_and(|m| m.is_file() || m.is_dir()) {
        return nothing;
    }
    let Ok(file) = std::fs::File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW).open(path) else { return nothing };
    let ask = |request: u64| {
        // The requests are declared with a long, and kernels write an int: room for both.
        let mut answer = [0u32; 2];
        // SAFETY: the descriptor is open, and the buffer is as large as the largest answer.
        let done = unsafe { libc::ioctl(file.as_raw_fd(), request as _, answer.as_mut_ptr()) } == 0;
        done.then_some(answer[0])
    };
    let Some(flags) = ask(libc::FS_IOC_GETFLAGS as u64) else { return nothing };
    let version = ask(libc::FS_IOC_GETVERSION as u64).map(|v| v.to_string());
    Some(Lsattr { version, flags: LETTERS.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, c)| *c).collect() })
}

/// See the other one: no way to ask here.
#[cfg(not(target_os = "linux"))]
pub fn read(_: &str) -> Option<Lsattr> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Whatever file system the tests run on: the kernel's answer is what the program says.
    #[test]
    fn the_same_as_lsattr() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        std::fs::write(&file, "x").unwrap();
        for path in [dir.path(), &file, std::path::Path::new("/dev/null"), std::path::Path::new("/proc/self/stat")] {
            let Ok(out) = std::process::Command::new("lsattr").arg("-vd").arg(path).output() else { return };
            let text = String::from_utf8_lossy(&out.stdout).into_owned();
            let found = read(path.to_str().unwrap()).unwrap();
            match text.split_whitespace().collect::<Vec<_>>()[..] {
                [version, flags, ..] => assert_eq!((found.version.as_deref(), found.flags), (Some(version), flags.replace('-', "")), "{path:?}"),
                _ => assert_eq!(found.version, None, "{path:?}"),
            }
        }
    }
}
