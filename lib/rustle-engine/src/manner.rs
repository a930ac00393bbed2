//! How a task is to be executed: its keywords, rendered.

use crate::context::{TaskContext, number, to_bool};
use crate::engine::Engine;
use crate::failure::{Failure, origin_of};
use rustle_jinja::is_omit;
use rustle_stream::protocol::{Become, Seat};
use rustle_value::{Dict, Origin, Value, py_str};

/// How the module runs: what the task's keywords say, rendered.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    pub check: bool,
    pub diff: bool,
    pub no_log: bool,
    /// The host that the task is delegated to.
    pub delegate: Option<String>,
    pub environment: Dict,
    pub elevate: Option<Become>,
    pub timeout: Option<u64>,
    pub async_seconds: Option<u64>,
    pub poll: u64,
    /// How the task wants to be connected, where that is not as its play is.
    pub seat: Seat,
}

impl Engine<'_> {
    /// The keywords that shape the execution.
    pub(crate) fn manner(&self, cx: &TaskContext) -> Result<Manner, Failure> {
        let mut environment = Dict::new();
        for entry in &cx.inherited.environment {
            let rendered = self.render(cx, entry).map_err(|e| {
                let shown = rustle_value::py_repr(&Value::list(cx.inherited.environment.clone()));
                let failure = Failure::from(e).inside("Error processing keyword 'environment'", Some(&Origin::new("<unknown>", 0, 0)));
                failure.outer_help(shown)
            })?;
            match rendered {
                Value::Dict(d) => {
                    for (k, v) in d.iter() {
                        if !is_omit(v) {
                            environment.insert(k.clone(), py_str(v));
                        }
                    }
                }
                v if v.is_null() || is_omit(&v) => {}
                v => self.world.warning(format!("could not parse environment value, skipping: {}", py_str(&v))),
            }
        }
        let seconds = |v: Option<Value>, name: &str, raw: Option<&Value>| -> Result<Option<u64>, Failure> {
            v.map(|v| number(name, &v, raw.and_then(origin_of)).map(|n| n.max(0.0) as u64)).transpose()
        };
        for name in ["ignore_errors", "ignore_unreachable"] {
            self.keyword_bool(cx, name, false)?;
        }
        let render = |v: &Option<Value>| v.as_ref().map(|v| self.render(cx, v)).transpose().map_err(Failure::from);
        let throttle = cx.inherited.get("throttle").map(|raw| {
            self.render(cx, raw).map_err(|e| {
                Failure::new(format!("Failed to convert the throttle value to an integer: {e}")).at(origin_of(raw))
            })
        });
        if let Some(v) = throttle.transpose()?.filter(|v| !v.is_null() && !is_omit(v)) {
            let given = py_str(&v);
            if v.as_i64().is_none() && given.trim().parse::<i64>().is_err() {
                let text = format!("Failed to convert the throttle value to an integer: invalid literal for int() with base 10: {}", rustle_value::py_repr(&v));
                return Err(Failure::new(text).at(cx.inherited.get("throttle").and_then(origin_of)));
            }
        }
        let timeout = seconds(self.keyword(cx, "timeout")?, "timeout", cx.inherited.get("timeout"))?.filter(|t| *t > 0);
        let async_seconds = seconds(render(&cx.task.async_seconds)?, "async", cx.task.async_seconds.as_ref())?.filter(|t| *t > 0);
        let poll = seconds(render(&cx.task.poll)?, "poll", cx.task.poll.as_ref())?.unwrap_or(15);
        let seat = self.seat(cx)?;
        Ok(Manner {
            check: self.keyword_bool(cx, "check_mode", self.options.check)?,
            diff: self.keyword_bool(cx, "diff", self.options.diff)?,
            no_log: self.keyword_bool(cx, "no_log", false)?,
            delegate: self.delegate(cx)?,
            environment,
            elevate: self.elevation(cx, &seat)?,
            timeout,
            async_seconds,
            poll,
            seat,
        })
    }
    /// Connection settings of the task's own. Only the controller can follow them, so that such tasks run there.
    fn seat(&self, cx: &TaskContext) -> Result<Seat, Failure> {
        let mut seat = Seat::default();
        if !self.world.is_controller() {
            return Ok(seat);
        }
        for (keyword, _) in Seat::KEYWORDS {
            if cx.inherited.get(keyword) != self.play.keywords.other.get(keyword)
                && let Some(v) = self.keyword(cx, keyword)?
            {
                seat.keywords.insert(keyword, v);
            }
        }
        let levels = cx.inherited.vars.iter().chain(&cx.frames);
        for name in levels.flat_map(Dict::str_iter).map(|(name, _)| name).filter(|n| Seat::is_variable(n)) {
            if let Some(v) = self.variable_str(cx, name)? {
                seat.vars.insert(name, v);
            }
        }
        Ok(seat)
    }
    /// The host that the task is delegated to.
    fn delegate(&self, cx: &TaskContext) -> Result<Option<String>, Failure> {
        let Some(raw) = cx.inherited.get("delegate_to") else { return Ok(None) };
        let host = self.render(cx, raw).map_err(|e| Failure::from(e).at(origin_of(raw)))?;
        let host = Some(host).filter(|v| !v.is_null() && !is_omit(v)).map(|v| py_str(&v));
        if let Value::Template(t) = raw && host.as_deref() == Some("") {
            return Err(Failure::new(format!("Empty hostname produced from delegate_to: \"{}\"", t.source)).at(cx.task.origin.as_ref()));
        }
        Ok(host.filter(|d| !d.is_empty()))
    }
    /// How reports name the host that a task is delegated to: with its address where that is another than its name.
    pub(crate) fn delegate_shown(&self, cx: &TaskContext, host: &str) -> String {
        let own = self.vars.magic.get("inventory_hostname").and_then(Value::as_str) == Some(host);
        let connection = cx.inherited.get("connection").and_then(Value::as_str).unwrap_or_default();
        // What is local has no address to be reached at.
        let source = format!(
            "{{% set its = hostvars[{}] | default({{}}) %}}\
             {{{{ '' if its.ansible_connection | default('{}') == 'local' else its.ansible_host | default('') }}}}",
            rustle_value::str_repr(host),
            connection.replace('\'', ""),
        );
        match self.render(cx, &Value::trusted(source, None)) {
            Ok(address) if !own => match py_str(&address) {
                a if a.is_empty() || a == host || cx.task.implicit || matches!(host, "localhost" | "127.0.0.1") => host.to_owned(),
                a => format!("{host}({a})"),
            },
            _ => host.to_owned(),
        }
    }
    /// Become: variables over keywords over the command line.
    fn elevation(&self, cx: &TaskContext, seat: &Seat) -> Result<Option<Become>, Failure> {
        let config = |name: &str| self.options.config.get(name).filter(|v| !v.is_null()).cloned();
        let wanted = match self.variable_str(cx, "ansible_become")? {
            Some(v) => to_bool(&Value::from(v)).unwrap_or(false),
            None => self.keyword_bool(cx, "become", config("DEFAULT_BECOME").is_some_and(|v| to_bool(&v).unwrap_or(false)))?,
        };
        if !wanted {
            return Ok(None);
        }
        let pick = |var: &[&str], keyword: &str, setting: &str| -> Result<Option<String>, Failure> {
            for name in var {
                if let Some(v) = self.variable_str(cx, name)? {
                    return Ok(Some(v));
                }
            }
            Ok(self.keyword_str(cx, keyword)?.or_else(|| config(setting).map(|v| py_str(&v))))
        };
        let method = pick(&["ansible_become_method"], "become_method", "DEFAULT_BECOME_METHOD")?.unwrap_or_else(|| "sudo".into());
        let short = method.rsplit('.').next().unwrap_or(&method).to_owned();
        let own = |suffix: &str| format!("ansible_{short}_{suffix}");
        let user = pick(&["ansible_become_user", &own("user")], "become_user", "DEFAULT_BECOME_USER")?.unwrap_or_else(|| "root".into());
        if seat.is_empty() && self.remote_user.as_deref() == Some(&user) && cx.task.keywords.other.get("delegate_to").is_none() {
            return Ok(None);
        }
        let password = match self.variable_str(cx, "ansible_become_password")? {
            Some(p) => Some(p),
            None => match self.variable_str(cx, "ansible_become_pass")? {
                Some(p) => Some(p),
                None => self.variable_str(cx, &own("pass"))?.or_else(|| self.become_password.clone()),
            },
        };
        Ok(Some(Become {
            method: short.clone(),
            user,
            flags: pick(&["ansible_become_flags", &own("flags")], "become_flags", "DEFAULT_BECOME_FLAGS")?,
            exe: pick(&["ansible_become_exe", &own("exe")], "become_exe", "DEFAULT_BECOME_EXE")?,
            password,
        }))
    }
}
