//! Little-endian numbers at places of a file's bytes, for the readers of headers. What lies outside is `None`.

/// A number of `N` bytes, 8 at most.
pub(super) fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<u64> {
    let part = bytes.get(at..at.checked_add(N)?)?;
    Some(part.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)))
}

/// 16 bits.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    number::<2>(bytes, at).and_then(|n| u16::try_from(n).ok())
}

/// 32 bits.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    number::<4>(bytes, at).and_then(|n| u32::try_from(n).ok())
}

/// 64 bits.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    number::<8>(bytes, at)
}

/// Writes over what is there; `None` where that is outside.
pub(super) fn put(bytes: &mut [u8], at: usize, new: &[u8]) -> Option<()> {
    bytes.get_mut(at..at.checked_add(new.len())?)?.copy_from_slice(new);
    Some(())
}

/// `n` rounded up to a multiple of `to`.
pub(super) fn round(n: u64, to: u64) -> u64 {
    n.div_ceil(to) * to
}
