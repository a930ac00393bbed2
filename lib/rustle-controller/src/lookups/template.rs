//! `template`: a file of the controller, rendered with the variables at hand.

use super::{Lookup, find_template, finder, flag, read, terms, text};
use crate::world::ControllerWorld;
use rustle_jinja::{Error, Scope, Syntax};
use rustle_playbook::paths;
use rustle_value::{Dict, Origin, Value};
use std::sync::Arc;

/// The variables of the evaluation with `template_vars` above them.
struct With<'a> {
    inner: &'a dyn Scope,
    vars: Dict,
    world: &'a ControllerWorld,
    /// Where what the file includes is looked for.
    folders: Vec<String>,
}

/// What templates say of themselves where nobody says otherwise.
fn managed(name: &str) -> Option<Value> {
    (name == "ansible_managed").then(|| Value::from("Ansible managed"))
}

impl Scope for With<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        self.vars.get(name).cloned().or_else(|| self.inner.get(name)).or_else(|| managed(name))
    }
    fn try_get(&self, name: &str) -> Result<Option<Value>, Error> {
        match self.vars.get(name) {
            Some(v) => Ok(Some(v.clone())),
            None => Ok(self.inner.try_get(name)?.or_else(|| managed(name))),
        }
    }
    fn names(&self) -> Vec<String> {
        self.inner.names()
    }
    fn lookup(&self, name: &str, args: &rustle_jinja::Args, cx: &mut rustle_jinja::Interp<'_>) -> Option<Result<Value, Error>> {
        self.inner.lookup(name, args, cx)
    }
    fn decrypt(&self, v: &rustle_value::Vaulted) -> Result<Value, Error> {
        self.inner.decrypt(v)
    }
    fn load_template(&self, name: &str) -> Result<Option<Arc<str>>, Error> {
        find_template(self.world, name, &self.folders)
    }
    fn template_folders(&self) -> Vec<String> {
        self.folders.clone()
    }
}

pub(crate) static LOOKUP: Lookup = Lookup {
    name: "template",
    run: |world, mut args, cx| {
        let vars = args.take("template_vars").and_then(|v| v.as_dict().cloned()).unwrap_or_default();
        // An option of the past: text stays text.
        _ = args.take("convert_data");
        let mut syntax = Syntax {
            trim_blocks: flag(&mut args, "trim_blocks", true),
            lstrip_blocks: flag(&mut args, "lstrip_blocks", false),
            ..Syntax::default()
        };
        for (key, slot) in [
            ("variable_start_string", &mut syntax.variable_start),
            ("variable_end_string", &mut syntax.variable_end),
            ("comment_start_string", &mut syntax.comment_start),
            ("comment_end_string", &mut syntax.comment_end),
        ] {
            if let Some(v) = text(&mut args, key) {
                *slot = v;
            }
        }
        let finder = finder(world, cx);
        let bases = if finder.search_path.is_empty() { std::slice::from_ref(&finder.basedir) } else { &finder.search_path };
        let folders: Vec<String> = bases.iter().flat_map(|b| [format!("{b}/templates"), b.clone()]).collect();
        let mut scope = With { inner: cx.scope(), vars, world, folders: Vec::new() };
        let mut out = Vec::new();
        for term in terms(&args) {
            let path = finder.find_needle("templates", &term).map_err(|_| Error::runtime(format!("the template file {term} could not be found for the lookup")))?;
            scope.folders = [&[paths::parent(&path).to_owned()][..], &folders].concat();
            let source: Arc<str> = String::from_utf8_lossy(&read(world, &path)?).into_owned().into();
            let text = cx.environment().render_text(&source, Some(&Origin::new(path.as_str(), 1, 1)), &syntax, &scope)?;
            out.push(Value::from(text));
        }
        Ok(out)
    },
};
