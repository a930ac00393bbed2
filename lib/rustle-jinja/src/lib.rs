//! Jinja2 as ansible-core 2.21 uses it, on the values of `rustle-value`.
//!
//! - Native: a template that yields one piece keeps that piece's type; more pieces become text.
//! - Lazy: a variable that is a template is rendered when it is read, an entry of a container when *it* is read.
//! - Data is never rendered: only [`rustle_value::Value::Template`] is, and only trusted sources make those.
//! - Undefined values travel through attributes, items, filters and tests; using one is an error.
//!
//! [`Environment`] has the entry points and caches what it parses; a [`Scope`] gives variables and services. Filters,
//! tests and lookups are one file each (or one family) in their folders; the lists are made by the build script.

mod args;
mod ast;
mod conditions;
mod env;
mod error;
pub mod filters;
mod globals;
mod host;
mod interp;
mod lexer;
pub mod lookups;
mod methods;
mod objects;
mod ops;
mod parser;
mod syntax;
pub mod tests;
mod uses;
mod util;

pub use args::Args;
pub use ast::CompiledTemplate;
pub use filters::random::seeded;
pub use conditions::{DELIMITED, bare_name};
pub use env::Environment;
pub use error::{Detail, Error, Result};
pub use host::{EmptyScope, Scope};
pub use interp::{Interp, template_path};
pub use filters::relpath;
pub use methods::bytes::encoded as encode;
pub use objects::{Func, is_omit, omit};
pub use syntax::Syntax;
pub use uses::Uses;

/// A moment of local time, as a template's `datetime`: seconds since 1970, `None` for now.
pub fn local_time(seconds: Option<f64>) -> rustle_value::Value {
    let (secs, micro) = match seconds {
        Some(s) => (s.floor() as i64, ((s - s.floor()) * 1e6) as i64),
        None => util::datetime::clock(),
    };
    util::datetime::local(secs, micro).naive()
}

/// A moment of UTC as text, by a format of `strftime`: seconds and microseconds since 1970.
pub fn strftime_utc(secs: i64, micro: i64, format: &str) -> String {
    util::datetime::strftime(&util::datetime::utc(secs, micro), format)
}

/// A moment of local time as text, by a format of `strftime`: seconds and microseconds since 1970.
pub fn strftime_local(secs: i64, micro: i64, format: &str) -> String {
    util::datetime::strftime(&util::datetime::local(secs, micro), format)
}
