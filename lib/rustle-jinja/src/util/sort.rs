//! Sorting with Python's order, stopping at the first pair that has none.

use crate::error::{Result, fail};
use rustle_value::{Value, py_cmp};
use std::cmp::Ordering;

/// Sorts items by a key, stably.
pub(crate) fn sort_by_key<T>(items: &mut [(Value, T)], reverse: bool) -> Result<()> {
    let mut failed = None;
    items.sort_by(|a, b| {
        let order = py_cmp(&a.0, &b.0).unwrap_or_else(|e| {
            failed.get_or_insert(e);
            Ordering::Equal
        });
        if reverse { order.reverse() } else { order }
    });
    match failed {
        Some(e) => fail(e.message("<")),
        None => Ok(()),
    }
}

/// Sorts values in place.
pub(crate) fn sort_values(items: &mut Vec<Value>, reverse: bool) -> Result<()> {
    let mut pairs: Vec<(Value, ())> = items.drain(..).map(|v| (v, ())).collect();
    let r = sort_by_key(&mut pairs, reverse);
    items.extend(pairs.into_iter().map(|(v, ())| v));
    r
}
