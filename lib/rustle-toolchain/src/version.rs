//! Versions as numbers: `1.97.0-nightly`, `0.16.0-dev.254+6dd0270a1`, `9.2p1`.

/// The first three numbers; what is missing counts as 0.
pub(crate) fn numbers(version: &str) -> [u64; 3] {
    let mut parts = version.split(['.', '-', '+', 'p']).map(|p| p.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

/// Whether `version` is older than `limit`. What comes before a release counts as the release.
pub fn below(version: &str, limit: &str) -> bool {
    numbers(version) < numbers(limit)
}

/// Whether it is in `from..below`; either may be empty for no bound.
pub(crate) fn within(version: &str, from: &str, limit: &str) -> bool {
    (from.is_empty() || !below(version, from)) && (limit.is_empty() || below(version, limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order() {
        assert!(below("1.87.3", "1.88") && !below("1.88.0", "1.88") && !below("1.97.0-nightly", "1.88"));
        assert!(below("0.9.1", "0.12.0") && !below("0.16.0-dev.254+6dd0270a1", "0.16"));
        assert!(within("0.15.0", "0.15.0", "0.15.1") && !within("0.15.1", "0.15.0", "0.15.1") && within("3", "", ""));
    }
}
