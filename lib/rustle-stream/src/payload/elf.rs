//! Where an ELF image ends: behind its table of sections, which linkers write last.
//!
//! Limits: little-endian files; none for those that have lost that table.

use super::bytes::{u16_at, u32_at, u64_at};

/// `head` begins with the file's header.
pub(super) fn image_end(head: &[u8]) -> Option<u64> {
    let (table, sizes) = match head.get(4..6)? {
        [2, 1] => (u64_at(head, 40)?, 58),
        [1, 1] => (u64::from(u32_at(head, 32)?), 46),
        _ => return None,
    };
    let length = u64::from(u16_at(head, sizes)?) * u64::from(u16_at(head, sizes + 2)?);
    table.checked_add(length).filter(|_| table > 0)
}
