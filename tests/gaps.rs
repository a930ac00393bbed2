//! Known gaps: tests that are expected to fail. The list may only shrink.

use libtest_mimic::{Failed, Trial};
use std::collections::HashMap;
use std::sync::OnceLock;

fn list() -> &'static HashMap<String, String> {
    static LIST: OnceLock<HashMap<String, String>> = OnceLock::new();
    LIST.get_or_init(|| {
        let text = std::fs::read_to_string(crate::support::tests().join("gaps.txt")).unwrap_or_default();
        let lines = text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty());
        lines.map(|l| l.split_once(' ').unwrap_or((l, ""))).map(|(n, why)| (n.to_owned(), why.trim().to_owned())).collect()
    })
}

/// The names on the list.
pub fn names() -> impl Iterator<Item = &'static String> {
    list().keys()
}

/// A test that may be a known gap: then failing is right, and passing is wrong.
pub fn trial(name: String, run: impl FnOnce() -> Result<(), Failed> + Send + 'static) -> Trial {
    let gap = list().get(&name).cloned();
    Trial::test(name, move || match gap {
        None => run(),
        Some(why) => match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
            Ok(Ok(())) => {
                Err(format!("this is no gap any more: take its line from tests/gaps.txt ({why})").into())
            }
            _ => Ok(()),
        },
    })
}
