//! The directory of a ZIP archive: names, kinds, modes, times, sizes and checksums of what is in it. It only looks;
//! taking things out is `unzip`'s work.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// One member of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Folders end with a slash.
    pub name: String,
    /// Type and permissions as Unix has them, where the archive was made on one.
    pub mode: Option<u32>,
    /// Whether it was read-only where there were no Unix permissions.
    pub read_only: bool,
    pub size: u64,
    pub crc: u32,
    /// Seconds since 1970, where the archive has them.
    pub modified: Option<i64>,
    /// Year, month, day, hour, minute, second in the local time of wherever it was made, to two seconds.
    pub local: [u32; 6],
}

impl Member {
    pub fn is_dir(&self) -> bool {
        self.name.ends_with('/') || self.mode.is_some_and(|m| m & 0o170_000 == 0o040_000)
    }
    pub fn is_link(&self) -> bool {
        self.mode.is_some_and(|m| m & 0o170_000 == 0o120_000)
    }
}

fn n16(b: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(u16::from_le_bytes(b.get(at..at + 2)?.try_into().ok()?)))
}
fn n32(b: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(b.get(at..at + 4)?.try_into().ok()?))
}
fn n64(b: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(b.get(at..at + 8)?.try_into().ok()?))
}

/// The members of the archive at `path`. Errors: it can't be read; `InvalidData` where it is no such archive.
pub fn members(path: &str) -> io::Result<Vec<Member>> {
    let bad = || io::Error::from(io::ErrorKind::InvalidData);
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let tail_at = length.saturating_sub(66_000);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(tail_at))?;
    file.read_to_end(&mut tail)?;
    let end = tail.windows(4).rposition(|w| w == b"PK\x05\x06").ok_or_else(bad)?;
    let size = n32(&tail, end + 12).ok_or_else(bad)?;
    let mut size = u64::from(size);
    let mut end_of_directory = tail_at + end as u64;
    // An archive that is too large for the old numbers has a second record with new ones.
    let locator = end.checked_sub(20).filter(|at| tail[*at..].starts_with(b"PK\x06\x07"));
    if let Some(at) = locator {
        let record_at = n64(&tail, at + 8).ok_or_else(bad)?;
        let mut record = [0; 56];
        file.seek(SeekFrom::Start(record_at))?;
        file.read_exact(&mut record)?;
        if !record.starts_with(b"PK\x06\x06") {
            return Err(bad());
        }
        size = n64(&record, 40).ok_or_else(bad)?;
        end_of_directory = record_at;
    }
    // Something may stand before the archive (a program that unpacks it), so its own offsets are not relied on.
    let start = end_of_directory.checked_sub(size).ok_or_else(bad)?;
    let mut directory = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.take(size).read_to_end(&mut directory)?;
    let mut found = Vec::new();
    let mut rest = directory.as_slice();
    while rest.starts_with(b"PK\x01\x02") {
        let (member, length) = member(rest).ok_or_else(bad)?;
        found.push(member);
        rest = rest.get(length..).ok_or_else(bad)?;
    }
    Ok(found)
}

/// One record of the directory, and its length.
fn member(b: &[u8]) -> Option<(Member, usize)> {
    let (time, date) = (n16(b, 12)?, n16(b, 14)?);
    let (name, extra, comment) = (n16(b, 28)? as usize, n16(b, 30)? as usize, n16(b, 32)? as usize);
    let external = n32(b, 38)?;
    let mut m = Member {
        name: String::from_utf8_lossy(b.get(46..46 + name)?).into_owned(),
        // 3 is Unix, 19 macOS.
        mode: (matches!(b.get(5)?, 3 | 19) && external >> 16 != 0).then_some(external >> 16),
        read_only: external & 1 == 1,
        size: u64::from(n32(b, 24)?),
        crc: n32(b, 16)?,
        modified: None,
        local: [1980 + (date >> 9), date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, (time & 31) * 2],
    };
    let mut fields = b.get(46 + name..46 + name + extra)?;
    while let (Some(kind), Some(length)) = (n16(fields, 0), n16(fields, 2)) {
        let Some(data) = fields.get(4..4 + length as usize) else { break };
        match kind {
            0x5455 if data.first().is_some_and(|flags| flags & 1 == 1) => m.modified = n32(data, 1).map(|t| i64::from(t as i32)),
            0x0001 if m.size == u64::from(u32::MAX) => m.size = n64(data, 0)?,
            _ => {}
        }
        fields = &fields[4 + length as usize..];
    }
    Some((m, 46 + name + extra + comment))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_no_archive() {
        assert!(super::members("/proc/self/status").is_err());
        assert!(super::members("/nowhere").is_err());
    }
}
