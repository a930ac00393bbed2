//! Signatures of commits and tags.

use super::{Git, said};
use crate::{Ctx, Failure};

/// A failure unless the version is signed, and (where `allowed` has any) with one of these keys.
pub fn verify(git: &Git, ctx: &Ctx, dest: &str, version: &str, allowed: &[String]) -> Result<(), Failure> {
    let tags = git.must(ctx, &["for-each-ref", "refs/tags/", "--format", "%(objecttype):%(refname:short)"], Some(dest))?;
    let tagged = tags.out().lines().any(|l| l.strip_prefix("tag:") == Some(version));
    let mut words = vec![if tagged { "verify-tag" } else { "verify-commit" }, version];
    if !allowed.is_empty() {
        words.push("--raw");
    }
    let out = git.run(ctx, &words, Some(dest))?;
    if !out.success() {
        return Err(said(format!("Failed to verify GPG signature of commit/tag \"{version}\""), &out));
    }
    if allowed.is_empty() {
        return Ok(());
    }
    let key = fingerprint(&out.err()).unwrap_or_else(|| "None".into());
    if allowed.contains(&key) {
        return Ok(());
    }
    Err(said(format!("The gpg_allowlist does not include the public key \"{key}\" for this commit"), &out))
}

/// The key that gpg says signed: of a subkey, the one that it belongs to.
fn fingerprint(raw: &str) -> Option<String> {
    let words: Vec<&str> = raw.lines().find_map(|l| l.strip_prefix("[GNUPG:] VALIDSIG "))?.split_whitespace().collect();
    words.get(9).or(words.first()).map(|w| (*w).to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_key_of_a_subkey() {
        let raw = "[GNUPG:] NEWSIG\n[GNUPG:] VALIDSIG AAA 2020-01-01 1 0 4 0 22 8 00 BBB\n";
        assert_eq!(super::fingerprint(raw).as_deref(), Some("BBB"));
        assert_eq!(super::fingerprint("gpg: no\n"), None);
    }
}
