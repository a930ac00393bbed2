//! `order` and `serial`: a play's hosts in the order and in the groups in which they run.

use rustle_value::{Value, py_str};

/// A host count: a number, or a percentage of all.
fn count(v: &Value, hosts: usize) -> Result<usize, String> {
    let text = py_str(v);
    let text = text.trim();
    if let Some(percent) = text.strip_suffix('%') {
        let percent: f64 = percent.trim().parse().map_err(|_| format!("'{text}' is no percentage"))?;
        // At least one host, so that a small share of few hosts gets on.
        return Ok((((percent / 100.0) * hosts as f64) as usize).max(1));
    }
    let n: i64 = text.parse().map_err(|_| format!("'{text}' is neither a number nor a percentage"))?;
    Ok(usize::try_from(n).unwrap_or(0))
}

/// Cuts hosts by a rendered `serial:` (a number, a percentage or a list of them; null: all at once). The last size
/// repeats.
///
/// # Errors
/// What is neither.
pub fn batches(hosts: &[String], serial: &Value) -> Result<Vec<Vec<String>>, String> {
    if hosts.is_empty() {
        return Ok(Vec::new());
    }
    let sizes: Vec<usize> = match serial.as_list() {
        Some(list) => list.iter().map(|v| count(v, hosts.len())).collect::<Result<_, _>>()?,
        None if serial.is_null() => Vec::new(),
        None => vec![count(serial, hosts.len())?],
    };
    let mut out = Vec::new();
    let mut rest = hosts;
    let mut turn = 0;
    while !rest.is_empty() {
        let size = sizes.get(turn).or(sizes.last()).copied().unwrap_or(0);
        let size = if size == 0 { rest.len() } else { size.min(rest.len()) };
        let (now, later) = rest.split_at(size);
        out.push(now.to_vec());
        rest = later;
        turn += 1;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_cuts_hosts_as_ansible_does() {
        let hosts: Vec<String> = (0..10).map(|i| format!("h{i}")).collect();
        let sizes = |serial: Value| -> Vec<usize> { batches(&hosts, &serial).unwrap().iter().map(Vec::len).collect() };
        assert_eq!(sizes(Value::Null), [10]);
        assert_eq!(sizes(3.into()), [3, 3, 3, 1]);
        assert_eq!(sizes("30%".into()), [3, 3, 3, 1]);
        assert_eq!(sizes("1%".into()), [1; 10]);
        assert_eq!(sizes(vec![Value::from(1), "50%".into()].into()), [1, 5, 4]);
        assert_eq!(sizes(0.into()), [10]);
        assert!(batches(&hosts, &"x".into()).is_err());
    }
}
