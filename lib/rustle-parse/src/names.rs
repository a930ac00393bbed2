//! What templates may use that are rendered before a run: the variables that are known then, and the environment.

use rustle_jinja::{Args, Interp, Scope};
use rustle_value::{Dict, Value};

/// See the module's page.
pub(crate) struct Names<'a> {
    pub vars: &'a Dict,
}

impl Scope for Names<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        self.vars.get(name).cloned()
    }
    fn names(&self) -> Vec<String> {
        Scope::names(self.vars)
    }
    fn lookup(&self, name: &str, args: &Args, _cx: &mut Interp<'_>) -> Option<rustle_jinja::Result<Value>> {
        if !matches!(name, "env" | "ansible.builtin.env" | "ansible.legacy.env") {
            return None;
        }
        let default = args.kw.iter().find(|(k, _)| &**k == "default").map(|(_, v)| v.clone()).unwrap_or_else(|| Value::from(""));
        let one = |term: &Value| std::env::var(term.to_string().trim()).map_or_else(|_| default.clone(), Value::from);
        Some(Ok(Value::list(args.pos.iter().map(one).collect::<Vec<_>>())))
    }
}
