//! `combine`: merges dicts: `{{ a | combine(b, c, recursive=true, list_merge='append') }}`.

use super::Filter;
use crate::args::{Args, flag};
use crate::error::{Result, fail};
use crate::interp::Interp;
use rustle_value::{Dict, Value};
use std::sync::Arc;

pub static FILTERS: &[Filter] = &[Filter::new("combine", &[], combine)];

fn combine(_: &mut Interp<'_>, v: Value, mut args: Args) -> Result<Value> {
    let recursive = flag(args.take("recursive").as_ref(), false);
    let list_merge = args.take("list_merge").map_or_else(|| "replace".to_owned(), |v| v.to_string());
    if !args.kw.is_empty() {
        return fail("'recursive' and 'list_merge' are the only valid keyword arguments");
    }
    if !["replace", "keep", "append", "prepend", "append_rp", "prepend_rp"].contains(&list_merge.as_str()) {
        return fail("merge_hash: 'list_merge' argument can only be equal to 'replace', 'keep', 'append', 'prepend', 'append_rp' or 'prepend_rp'");
    }
    // Lists among the arguments stand for their elements.
    let mut parts = Vec::new();
    flatten(&v, &mut parts);
    args.pos.iter().for_each(|a| flatten(a, &mut parts));
    let mut out: Option<Arc<Dict>> = None;
    for p in parts {
        let Value::Dict(d) = &p else {
            if let Value::Object(o) = &p
                && o.is_mapping()
            {
                let d: Dict = o.iterate().unwrap_or_default().into_iter().map(|k| { let x = o.item(&k).unwrap_or_default(); (k, x) }).collect();
                out = Some(merge(out, &Arc::new(d), recursive, &list_merge));
                continue;
            }
            return fail(format!("failed to combine variables, expected dicts but got a '{}' and a '{}'.", lazy_name(&v), lazy_name(&p)));
        };
        out = Some(merge(out, d, recursive, &list_merge));
    }
    Ok(Value::Dict(out.unwrap_or_default()))
}

/// The class behind a container, as Ansible's message names it.
pub(crate) fn lazy_name(v: &Value) -> &'static str {
    match v {
        Value::Dict(_) => "_AnsibleLazyTemplateDict",
        Value::List(_) => "_AnsibleLazyTemplateList",
        v => v.type_name(),
    }
}

/// As [`lazy_name`], with its module.
pub(crate) fn class_name(v: &Value) -> String {
    match v {
        Value::Dict(_) | Value::List(_) => format!("<class 'ansible._internal._templating._lazy_containers.{}'>", lazy_name(v)),
        v => format!("<class '{}'>", v.type_name()),
    }
}

fn flatten(v: &Value, out: &mut Vec<Value>) {
    match v {
        // One level: a list in a list is no dict.
        Value::List(l) | Value::Tuple(l) => out.extend(l.iter().filter(|x| !x.is_null()).cloned()),
        Value::Null => {}
        other => out.push(other.clone()),
    }
}

fn merge(low: Option<Arc<Dict>>, high: &Arc<Dict>, recursive: bool, list_merge: &str) -> Arc<Dict> {
    let Some(mut low) = low.filter(|l| !l.is_empty()) else { return high.clone() };
    let target = Arc::make_mut(&mut low);
    if !recursive && list_merge == "replace" {
        target.update(high);
        return low;
    }
    for (k, h) in high.iter() {
        let merged = match (target.get_value(k), h) {
            (Some(Value::Dict(l)), Value::Dict(h)) if recursive => Value::Dict(merge(Some(l.clone()), h, recursive, list_merge)),
            (Some(Value::List(l)), Value::List(h)) => Value::list(merge_lists(l, h, list_merge)),
            _ => h.clone(),
        };
        target.insert(k.clone(), merged);
    }
    low
}

fn merge_lists(low: &[Value], high: &[Value], how: &str) -> Vec<Value> {
    let without = |a: &[Value], b: &[Value]| a.iter().filter(|x| !b.contains(x)).cloned().collect::<Vec<_>>();
    match how {
        "keep" => low.to_vec(),
        "append" => [low, high].concat(),
        "prepend" => [high, low].concat(),
        "append_rp" => [without(low, high), high.to_vec()].concat(),
        "prepend_rp" => [high.to_vec(), without(low, high)].concat(),
        _ => high.to_vec(),
    }
}
