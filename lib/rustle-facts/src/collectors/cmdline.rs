//! `ansible_cmdline` and `ansible_proc_cmdline`: the kernel's command line.

use crate::{Collector, Context};
use rustle_value::{Dict, Value};

pub static COLLECTOR: Collector =
    Collector { subset: "cmdline", aliases: &[], minimal: true, requires: &[], slow: false, gather };

fn gather(ctx: &Context, out: &mut Dict) {
    let Some(text) = ctx.line("/proc/cmdline") else { return };
    let (mut last, mut all) = (Dict::new(), Dict::new());
    for word in words(&text) {
        let (key, value) = match word.split_once('=') {
            Some((k, v)) => (k, Value::from(v)),
            None => (word.as_str(), Value::Bool(true)),
        };
        last.insert(key, value.clone());
        // A key that is there more than once has a list of its values; a bare word never becomes one.
        let merged = match (all.get(key), word.contains('=')) {
            (Some(Value::List(l)), true) => Value::list(l.iter().cloned().chain([value]).collect()),
            (Some(first), true) => Value::list(vec![first.clone(), value]),
            _ => value,
        };
        all.insert(key, merged);
    }
    out.insert("cmdline", last);
    out.insert("proc_cmdline", all);
}

/// Splits at blanks outside quotes; quotes stay, as a shell lexer that is not asked to remove them leaves them.
fn words(text: &str) -> Vec<String> {
    let (mut out, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in text.chars() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => {
                if !word.is_empty() {
                    out.push(std::mem::take(&mut word));
                }
                continue;
            }
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if c == q => quote = None,
            _ => {}
        }
        word.push(c);
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}
