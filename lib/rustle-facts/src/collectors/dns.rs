//! `ansible_dns`: resolv.conf.

use crate::{Collector, Context};
use rustle_value::{Dict, Value};

pub static COLLECTOR: Collector =
    Collector { subset: "dns", aliases: &[], minimal: true, requires: &[], slow: false, gather };

fn gather(ctx: &Context, out: &mut Dict) {
    let mut d = Dict::new();
    for line in ctx.read("/etc/resolv.conf").unwrap_or_default().lines() {
        let line = line.trim();
        let mut words = line.split_whitespace();
        let Some(word) = words.next().filter(|w| !w.starts_with(['#', ';'])) else { continue };
        let rest: Vec<Value> = words.clone().map(Value::from).collect();
        match word {
            "nameserver" => {
                let known = d.get("nameservers").and_then(Value::as_list).unwrap_or_default().to_vec();
                d.insert("nameservers", [known, rest].concat());
            }
            "domain" => {
                if let Some(name) = rest.first() {
                    d.insert("domain", name.clone());
                }
            }
            "search" | "sortlist" => {
                d.insert(word, rest);
            }
            "options" => {
                let mut options = d.get("options").and_then(Value::as_dict).cloned().unwrap_or_default();
                for option in words {
                    match option.split_once(':') {
                        Some((k, v)) => options.insert(k, v),
                        None => options.insert(option, true),
                    };
                }
                d.insert("options", options);
            }
            _ => {}
        }
    }
    out.insert("dns", d);
}
