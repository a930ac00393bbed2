//! `ansible_lsb`: what `lsb_release` would say. On Debian's family that program only repeats files, so they are read.

use crate::text::{assignment, assignments, unquote};
use crate::{Collector, Context};
use rustle_value::Dict;

pub static COLLECTOR: Collector =
    Collector { subset: "lsb", aliases: &[], minimal: true, requires: &[], slow: true, gather };

fn gather(ctx: &Context, out: &mut Dict) {
    let mut d = if ctx.which("lsb_release").is_some() {
        from_files(ctx).or_else(|| from_program(&ctx.output_of("lsb_release", &["-a"])?)).unwrap_or_default()
    } else {
        from_lsb_file(&ctx.read("/etc/lsb-release").unwrap_or_default())
    };
    if let Some(release) = d.get("release").map(|r| r.to_string()) {
        d.insert("major_release", release.split('.').next().unwrap_or_default());
    }
    for (_, value) in d.iter_mut() {
        *value = rustle_value::Value::from(unquote(&value.to_string()));
    }
    out.insert("lsb", d);
}

fn from_files(ctx: &Context) -> Option<Dict> {
    let os = ctx.read("/etc/os-release")?;
    let get = |key: &str| assignment(&os, key);
    let mut d = Dict::new();
    match get("ID")?.as_str() {
        "debian" => {
            d.insert("id", "Debian");
            d.insert("description", get("PRETTY_NAME")?);
            d.insert("release", get("VERSION_ID").unwrap_or_else(|| "n/a".into()));
            d.insert("codename", get("VERSION_CODENAME")?);
        }
        "ubuntu" => {
            let lsb = ctx.read("/etc/lsb-release")?;
            d.insert("id", assignment(&lsb, "DISTRIB_ID")?);
            d.insert("description", assignment(&lsb, "DISTRIB_DESCRIPTION")?);
            d.insert("release", assignment(&lsb, "DISTRIB_RELEASE")?);
            d.insert("codename", assignment(&lsb, "DISTRIB_CODENAME")?);
        }
        _ => return None,
    }
    Some(d)
}

fn from_program(text: &str) -> Option<Dict> {
    let mut d = Dict::new();
    for (key, value) in text.lines().filter_map(|l| l.split_once(':')) {
        let name = match key {
            k if k.contains("LSB Version") => "release",
            k if k.contains("Distributor ID") => "id",
            k if k.contains("Description") => "description",
            k if k.contains("Release") => "release",
            k if k.contains("Codename") => "codename",
            _ => continue,
        };
        d.insert(name, value.trim());
    }
    (!d.is_empty()).then_some(d)
}

fn from_lsb_file(text: &str) -> Dict {
    let mut d = Dict::new();
    for (key, value) in assignments(text) {
        let name = match key.as_str() {
            "DISTRIB_ID" => "id",
            "DISTRIB_RELEASE" => "release",
            "DISTRIB_DESCRIPTION" => "description",
            "DISTRIB_CODENAME" => "codename",
            _ => continue,
        };
        d.insert(name, value);
    }
    d
}
