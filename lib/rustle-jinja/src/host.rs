//! What evaluation needs from its surroundings.

use crate::args::Args;
use crate::error::{Error, Result};
use crate::interp::Interp;
use rustle_value::{Origin, Value, Vaulted};
use std::sync::Arc;

/// Variables and services of one evaluation, given by the engine. All but [`Scope::get`] have defaults.
pub trait Scope {
    /// A variable as it was defined (it may be, or contain, templates).
    fn get(&self, name: &str) -> Option<Value>;
    /// As [`Scope::get`], for hosts that may not know the answer.
    ///
    /// # Errors
    /// [`Error::NeedsController`].
    fn try_get(&self, name: &str) -> Result<Option<Value>> {
        Ok(self.get(name))
    }
    /// The value of a whole template (or bare expression) that this side cannot finish; `None` where there is nobody
    /// to ask. Asked after [`Error::NeedsController`], for the innermost template that raised it.
    fn remote(&self, _source: &str, _expression: bool) -> Option<Result<Value>> {
        None
    }
    /// A template that stands at `origin` reads the variable `name`: for those whose use is deprecated.
    /// `DELIMITED` stands for delimiters around a condition.
    fn used(&self, _name: &str, _origin: Option<&Origin>) {}
    /// Whether text in the variable `name` was written by the user, so that it may serve as a condition.
    fn trusts(&self, _name: &str) -> bool {
        true
    }
    /// Names of all variables.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
    /// A lookup that is not pure; `None` where the host does not know it. `args.pos` are the terms.
    /// The answer is the *list* that the plugin returns (`wantlist`), or any other value as it is.
    fn lookup(&self, _name: &str, _args: &Args, _cx: &mut Interp<'_>) -> Option<Result<Value>> {
        None
    }
    /// A filter that is not native; `args` without the piped value.
    fn filter(&self, _name: &str, _input: &Value, _args: &Args) -> Option<Result<Value>> {
        None
    }
    /// A test that is not native.
    fn test(&self, _name: &str, _input: &Value, _args: &Args) -> Option<Result<bool>> {
        None
    }
    /// Plain text of a vaulted value.
    fn decrypt(&self, _v: &Vaulted) -> Result<Value> {
        Err(Error::NeedsController { what: "vault secret".into() })
    }
    /// Source of the template `name`, for include, import and extends; `None` where there is none. The name has no
    /// `..`, and no slash at its start.
    fn load_template(&self, _name: &str) -> Result<Option<Arc<str>>> {
        Ok(None)
    }
    /// The folders where [`Scope::load_template`] looks, for messages.
    fn template_folders(&self) -> Vec<String> {
        Vec::new()
    }
    /// The folder of a role where lookups look for files first: `files`, or the one of the task that is rendered.
    fn folder_of_files(&self) -> &'static str {
        "files"
    }
}

/// A scope without variables.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmptyScope;

impl Scope for EmptyScope {
    fn get(&self, _name: &str) -> Option<Value> {
        None
    }
}

impl Scope for rustle_value::Dict {
    fn get(&self, name: &str) -> Option<Value> {
        rustle_value::Dict::get(self, name).cloned()
    }
    fn names(&self) -> Vec<String> {
        self.str_iter().map(|(k, _)| k.to_owned()).collect()
    }
}
