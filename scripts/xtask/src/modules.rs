//! The module reference: a man page for people, JSON for programs.

use crate::tree::Tree;
use serde_json::{Map, Value};
use std::io;

/// Adds `man/rustle-modules.7` and `man/rustle-modules.json`.
pub fn generate(tree: &mut Tree) -> io::Result<()> {
    let catalogue = rustle_modules::catalogue();
    let mut modules: Vec<&Value> = catalogue.as_array().map(|l| l.iter().collect()).unwrap_or_default();
    modules.sort_by_key(|m| text(m, "name"));
    let mut page = String::from(
        ".TH rustle\\-modules 7 \"\" \"rustle\" \"rustle\"\n.SH NAME\nrustle\\-modules \\- modules that rustle runs by itself\n\
         .SH DESCRIPTION\nOther modules run with the host's Python, where ansible\\-core is installed on the controller.\n",
    );
    for m in &modules {
        module(&mut page, m);
    }
    tree.add("man/rustle-modules.7", page);
    tree.add("man/rustle-modules.json", serde_json::to_string_pretty(&modules)? + "\n");
    Ok(())
}

fn text(v: &Value, key: &str) -> String {
    v.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn words(v: Option<&Value>) -> Vec<String> {
    let word = |w: &Value| w.as_str().map_or_else(|| w.to_string(), str::to_owned);
    v.and_then(Value::as_array).map(|l| l.iter().map(word).collect()).unwrap_or_default()
}

fn module(page: &mut String, m: &Value) {
    page.push_str(&format!(".SH {}\n{}\n", roff(&text(m, "name")), roff(&text(m, "summary"))));
    let aliases = words(m.get("aliases"));
    if !aliases.is_empty() {
        page.push_str(&format!(".PP\nAlso: {}\n", roff(&aliases.join(", "))));
    }
    let support = format!("Check mode: {}; diff: {}; scope: {}.", text(m, "check_mode"), text(m, "diff_mode"), text(m, "scope"));
    page.push_str(&format!(".PP\n{}\n", roff(&support)));
    if let Some(options) = m.get("options").and_then(Value::as_object) {
        list(page, options);
    }
    for r in m.get("rules").and_then(Value::as_array).into_iter().flatten() {
        page.push_str(&format!(".PP\nRule: {}\n", roff(&r.to_string())));
    }
    let examples = text(m, "examples");
    if !examples.is_empty() {
        page.push_str(&format!(".PP\nExamples:\n.PP\n.nf\n{}\n.fi\n", roff(&examples)));
    }
}

fn list(page: &mut String, options: &Map<String, Value>) {
    for (name, o) in options {
        let mut facts = vec![text(o, "type")];
        if o.get("elements").is_some() {
            facts.push(format!("of {}", text(o, "elements")));
        }
        if o.get("required").is_some() {
            facts.push("required".into());
        }
        for (key, label) in [("choices", "one of"), ("aliases", "also")] {
            let given = words(o.get(key));
            if !given.is_empty() {
                facts.push(format!("{label} {}", given.join(", ")));
            }
        }
        if let Some(d) = o.get("default") {
            facts.push(format!("default {}", d.as_str().map_or_else(|| d.to_string(), str::to_owned)));
        }
        page.push_str(&format!(".TP\n\\fB{}\\fR ({})\n{}\n", roff(name), roff(&facts.join("; ")), roff(&text(o, "description"))));
        if let Some(inner) = o.get("options").and_then(Value::as_object) {
            page.push_str(".RS\n");
            list(page, inner);
            page.push_str(".RE\n");
        }
    }
}

/// Text that no line of which is taken for a request.
fn roff(text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-");
    let guard = |l: &str| if l.starts_with(['.', '\'']) { format!("\\&{l}") } else { l.to_owned() };
    escaped.lines().map(guard).collect::<Vec<_>>().join("\n")
}
