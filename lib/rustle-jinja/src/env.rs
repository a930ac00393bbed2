//! The environment: caches of parsed templates, options, and the entry points.

use crate::ast::CompiledTemplate;
use crate::error::{Error, Result};
use crate::host::Scope;
use crate::interp::Interp;
use crate::parser;
use crate::syntax::Syntax;
use crate::uses::{self, Uses};
use rustle_value::{Origin, Value, is_template};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, RwLock};

type Cache = RwLock<HashMap<Arc<str>, Arc<CompiledTemplate>>>;

/// Parsed templates and settings, shared by all hosts and threads of a run.
#[derive(Debug, Default)]
pub struct Environment {
    templates: Cache,
    expressions: Cache,
    /// Expressions in which constant strings may be templates.
    conditions: Cache,
    /// Templates with another syntax than the default one.
    special: RwLock<HashMap<(Arc<str>, Syntax), Arc<CompiledTemplate>>>,
    extensions: bool,
    broken_conditionals: bool,
}

impl Environment {
    /// An environment with Ansible's defaults: no extensions, conditions must be boolean.
    pub fn new() -> Self {
        Self::default()
    }
    /// Allows `do`, `break` and `continue` (`DEFAULT_JINJA2_EXTENSIONS`).
    pub fn with_extensions(mut self, on: bool) -> Self {
        self.extensions = on;
        self
    }
    /// Takes any value as a condition, by its truth (`ALLOW_BROKEN_CONDITIONALS`).
    pub fn with_broken_conditionals(mut self, on: bool) -> Self {
        self.broken_conditionals = on;
        self
    }

    /// Parses (or finds) a template.
    ///
    /// # Errors
    /// [`Error::Syntax`], its message as Ansible gives it.
    pub fn parse(&self, source: &Arc<str>, origin: Option<&Origin>, syntax: &Syntax) -> Result<Arc<CompiledTemplate>> {
        let wrap = |e: Error| e.named(|| "Syntax error in template: ".into()).at_origin(origin);
        if *syntax == *default_syntax() {
            return cached(&self.templates, source, || parser::parse_template(source, syntax, self.extensions)).map_err(wrap);
        }
        let key = (source.clone(), syntax.clone());
        if let Some(t) = read(&self.special).get(&key) {
            return Ok(t.clone());
        }
        let t = Arc::new(parser::parse_template(source, syntax, self.extensions).map_err(wrap)?);
        write(&self.special).insert(key, t.clone());
        Ok(t)
    }

    /// Parses (or finds) a bare expression.
    ///
    /// # Errors
    /// [`Error::Syntax`].
    pub fn parse_expression(&self, source: &Arc<str>, origin: Option<&Origin>) -> Result<Arc<CompiledTemplate>> {
        cached(&self.expressions, source, || parser::parse_expression(source, false))
            .map_err(|e| e.named(|| "Syntax error in expression: ".into()).at_origin(origin))
    }

    /// The value with every template and vaulted text in it resolved. Omitted entries of lists and dicts are dropped;
    /// where the whole value is omitted the result is [`crate::omit`].
    ///
    /// # Errors
    /// Whatever a template in it raises.
    pub fn render_value(&self, v: &Value, scope: &dyn Scope) -> Result<Value> {
        Interp::new(self, scope).finalize(v.clone())
    }

    /// As [`Environment::render_value`], but only the outermost layer: a container keeps its templates.
    ///
    /// # Errors
    /// Whatever the template raises; an undefined result is [`Error::Undefined`].
    pub fn render_shallow(&self, v: &Value, scope: &dyn Scope) -> Result<Value> {
        Interp::new(self, scope).resolve_strict(v.clone())
    }

    /// Renders a template file to text. A `#jinja2:` first line is honoured.
    ///
    /// # Errors
    /// Whatever the template raises.
    pub fn render_text(&self, source: &Arc<str>, origin: Option<&Origin>, syntax: &Syntax, scope: &dyn Scope) -> Result<String> {
        let mut syntax = syntax.clone();
        let rest = syntax.take_header(source).map_err(|e| e.named(|| "Syntax error in template: ".into()).at_origin(origin))?;
        let rest: Arc<str> = if rest.len() == source.len() { source.clone() } else { rest.into() };
        let template = self.parse(&rest, origin, &syntax)?;
        // Of a whole file, no line is told.
        let whole = origin.map(|o| Origin { line: 0, column: 0, ..o.clone() });
        let mut cx = Interp::new(self, scope).standing_at(whole.as_ref());
        cx.syntax = Some(Syntax { keep_trailing_newline: false, ..syntax });
        let v = match cx.render(&template).and_then(|v| cx.piece(v)) {
            Err(e @ Error::NeedsController { .. }) => scope.remote(source, false).unwrap_or(Err(e))?,
            r => r.map_err(|e| crate::interp::leave(e).at_origin(origin))?,
        };
        Ok(crate::interp::piece_text(&v))
    }

    /// The text of a template for somebody to read: what fails in it does not end it, a mark stands in its place, such
    /// as `<< error 1 - 'item' is undefined >>`.
    ///
    /// # Errors
    /// Only [`Error::NeedsController`].
    pub fn render_marked(&self, source: &Arc<str>, origin: Option<&Origin>, scope: &dyn Scope) -> Result<String> {
        let mut cx = Interp::new(self, scope).standing_at(origin);
        cx.marks = Some(Vec::new());
        let mut out = crate::interp::Out::default();
        let failed = match self.parse(source, origin, &Syntax::default()) {
            Ok(t) => cx.run(&t, &mut out).err().map(|e| (e, true)),
            Err(e) => Some((e, false)),
        };
        match failed {
            None => {}
            Some((e @ Error::NeedsController { .. }, _)) => return Err(e),
            Some((e, begun)) => {
                let mark = cx.mark(&crate::interp::leave(e).to_string());
                out.value(mark);
                if begun {
                    let mark = cx.mark("template potentially truncated");
                    out.value(mark);
                }
            }
        }
        Ok(crate::interp::piece_text(&out.finish()))
    }

    /// The value of a condition's expression: constant strings in it that are templates are rendered.
    pub(crate) fn eval_embedded(&self, source: &Arc<str>, origin: Option<&Origin>, scope: &dyn Scope) -> Result<Value> {
        if !is_template(source) {
            return self.eval_expression(source, origin, scope);
        }
        let t = cached(&self.conditions, source, || parser::parse_expression(source, true))
            .map_err(|e| {
                e.named(|| "Syntax error in expression. Template delimiters are not supported in expressions: ".into()).at_origin(origin)
            })?;
        match self.evaluate(&t, origin, scope) {
            Err(e @ Error::NeedsController { .. }) => scope.remote(source, true).unwrap_or(Err(e)),
            done => done,
        }
    }

    fn evaluate(&self, t: &Arc<CompiledTemplate>, origin: Option<&Origin>, scope: &dyn Scope) -> Result<Value> {
        let mut cx = Interp::new(self, scope).standing_at(origin);
        let v = cx.render(t).map_err(|e| crate::interp::leave_expression(e).at_origin(origin))?;
        cx.finalize(v).map_err(|e| e.at_origin(origin))
    }

    /// The value of a bare expression.
    ///
    /// # Errors
    /// Whatever it raises; an undefined result is [`Error::Undefined`].
    pub fn eval_expression(&self, source: &Arc<str>, origin: Option<&Origin>, scope: &dyn Scope) -> Result<Value> {
        match self.eval_local(source, origin, scope) {
            Err(e @ Error::NeedsController { .. }) => scope.remote(source, true).unwrap_or(Err(e)),
            done => done,
        }
    }

    /// As [`Environment::eval_expression`], without asking anybody else.
    ///
    /// # Errors
    /// Whatever it raises, [`Error::NeedsController`] among it.
    pub fn eval_local(&self, source: &Arc<str>, origin: Option<&Origin>, scope: &dyn Scope) -> Result<Value> {
        let t = self.parse_expression(source, origin)?;
        self.evaluate(&t, origin, scope)
    }

    /// A condition such as that of `when`. A boolean `Value` stands for itself; text is an expression (or, with
    /// delimiters around it, a template whose text result is an expression again).
    ///
    /// # Errors
    /// Whatever it raises, and a result that is not boolean.
    pub fn eval_condition(&self, condition: &Value, origin: Option<&Origin>, scope: &dyn Scope) -> Result<bool> {
        crate::conditions::evaluate(self, condition, origin, scope, self.broken_conditionals)
    }

    /// Names that a template reads.
    ///
    /// # Errors
    /// [`Error::Syntax`].
    pub fn uses(&self, source: &Arc<str>) -> Result<Uses> {
        if !is_template(source) {
            return Ok(Uses::default());
        }
        Ok(uses::of_template(&*self.parse(source, None, default_syntax())?))
    }

    /// Names that a template file reads. Its first line may override `syntax` unless `part` says that another template
    /// includes it: then it is text.
    ///
    /// # Errors
    /// [`Error::Syntax`].
    pub fn uses_text(&self, source: &Arc<str>, syntax: &Syntax, part: bool) -> Result<(Uses, Syntax)> {
        let mut syntax = syntax.clone();
        let rest = if part { source } else { syntax.take_header(source)? };
        Ok((uses::of_template(&*self.parse(&rest.into(), None, &syntax)?), syntax))
    }

    /// Names that a bare expression reads.
    ///
    /// # Errors
    /// [`Error::Syntax`].
    pub fn uses_expression(&self, source: &Arc<str>) -> Result<Uses> {
        Ok(uses::of_template(&*self.parse_expression(source, None)?))
    }

    /// Names that the templates anywhere in a value read.
    ///
    /// # Errors
    /// [`Error::Syntax`].
    pub fn uses_value(&self, v: &Value) -> Result<Uses> {
        let mut all = Uses::default();
        let mut todo = vec![v];
        while let Some(v) = todo.pop() {
            match v {
                Value::Template(t) => all.merge(self.uses(&t.source)?),
                Value::List(l) | Value::Tuple(l) => todo.extend(l.iter()),
                Value::Dict(d) => todo.extend(d.iter().flat_map(|(k, v)| [k, v])),
                _ => {}
            }
        }
        Ok(all)
    }
}

/// The syntax of values in playbooks and inventories.
pub(crate) fn default_syntax() -> &'static Syntax {
    static DEFAULT: OnceLock<Syntax> = OnceLock::new();
    DEFAULT.get_or_init(|| Syntax { raw_strings: true, ..Syntax::default() })
}

fn read<T>(l: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    l.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}
fn write<T>(l: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    l.write().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn cached(cache: &Cache, source: &Arc<str>, parse: impl FnOnce() -> Result<CompiledTemplate>) -> Result<Arc<CompiledTemplate>> {
    if let Some(t) = read(cache).get(source) {
        return Ok(t.clone());
    }
    let t = Arc::new(parse()?);
    write(cache).insert(source.clone(), t.clone());
    Ok(t)
}
