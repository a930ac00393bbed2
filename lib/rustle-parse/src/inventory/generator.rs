//! `generator`: a host for each combination of layers, with groups named after them.
//! <https://docs.ansible.com/ansible/latest/collections/ansible/builtin/generator_inventory.html>

use super::{Around, dictionary, wants_extra_vars};
use crate::names::Names;
use rustle_inventory::Builder;
use rustle_jinja::Environment;
use rustle_value::{Dict, Value, py_str};
use rustle_yaml::Node;

/// More hosts than this from one file are a mistake.
const MAX_HOSTS: usize = 1_000_000;

pub(super) fn read(builder: &mut Builder<'_>, config: &Node, around: &Around) -> Result<(), String> {
    let layers = dictionary(config, "layers")?;
    let hosts = dictionary(config, "hosts")?;
    let name = hosts.get("name").ok_or("'hosts' has no 'name'")?;
    let values: Vec<(&Value, Vec<Value>)> = layers
        .iter()
        .map(|(layer, values)| match values {
            Value::List(l) => Ok((layer, l.to_vec())),
            other => Err(format!("layer '{}' has to be a list, not {}", py_str(layer), rustle_value::py_repr(other))),
        })
        .collect::<Result<_, String>>()?;
    let count = values.iter().try_fold(1usize, |n, (_, v)| n.checked_mul(v.len())).filter(|n| *n <= MAX_HOSTS);
    let count = count.ok_or_else(|| format!("the layers make more than {MAX_HOSTS} hosts"))?;
    let extra = wants_extra_vars(config, &["ANSIBLE_GENERATOR_USE_EXTRA_VARS"]).then_some(&around.extra_vars);
    let env = Environment::new();
    for n in 0..count {
        let mut vars = Dict::new();
        // The last layer changes fastest.
        let mut rest = n;
        for (layer, list) in values.iter().rev() {
            vars.insert((*layer).clone(), list[rest % list.len()].clone());
            rest /= list.len();
        }
        extra.into_iter().for_each(|e| vars.update(e));
        let host = render(&env, name, &vars)?;
        builder.host(&host, None, None).map_err(|e| e.to_string())?;
        parents(builder, &env, &host, hosts.get("parents"), &vars, 0)?;
    }
    Ok(())
}

fn render(env: &Environment, value: &Value, vars: &Dict) -> Result<String, String> {
    env.render_value(value, &Names { vars }).map(|v| py_str(&v)).map_err(|e| e.to_string())
}

/// Makes `child` a member of its parents, and these of theirs.
fn parents(builder: &mut Builder<'_>, env: &Environment, child: &str, list: Option<&Value>, vars: &Dict, depth: u8) -> Result<(), String> {
    let Some(Value::List(list)) = list else { return Ok(()) };
    if depth > 100 {
        return Err(format!("parents of '{child}' are nested too deeply"));
    }
    for parent in list.iter() {
        let Value::Dict(parent) = parent else { return Err(format!("a parent of '{child}' is no dictionary: {}", py_str(parent))) };
        let name = parent.get("name").ok_or_else(|| format!("Element {child} has a parent with no name element"))?;
        let group = builder.group(&render(env, name, vars)?).map_err(|e| e.to_string())?;
        if let Some(Value::Dict(own)) = parent.get("vars") {
            for (key, value) in own.iter() {
                let value = env.render_value(value, &Names { vars }).map_err(|e| e.to_string())?;
                builder.set(&group, &py_str(key), value, None).map_err(|e| e.to_string())?;
            }
        }
        builder.child(&group, child).map_err(|e| e.to_string())?;
        parents(builder, env, &group, parent.get("parents"), vars, depth + 1)?;
    }
    Ok(())
}
