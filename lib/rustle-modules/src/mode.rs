//! File modes as Ansible reads them: numbers, octal text, and symbols such as `u=rw,g+X`.

use rustle_value::{Value, py_str};

/// A mode that was asked for, before it meets a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// From a number.
    Bits(u32),
    /// From octal text: bits above the permissions are not looked at.
    Octal(u32),
    Symbolic(String),
}

/// Why a mode can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModeError {
    /// Neither octal nor symbolic: details.
    Form(String),
    /// More than permission bits.
    Range,
}

impl Mode {
    /// Reads an argument's value. `None` for null.
    pub fn from_value(v: &Value) -> Option<Mode> {
        match v {
            Value::Null => None,
            Value::Int(n) => Some(Mode::Bits(*n as u32)),
            _ => {
                let s = py_str(v);
                match u32::from_str_radix(s.trim(), 8) {
                    Ok(n) => Some(Mode::Octal(n)),
                    Err(_) => Some(Mode::Symbolic(s)),
                }
            }
        }
    }

    /// The bits for a file that has `current` (type bits aside) now.
    pub fn resolve(&self, current: u32, directory: bool) -> Result<u32, ModeError> {
        let bits = match self {
            Mode::Bits(n) => *n,
            Mode::Octal(n) => return Ok(*n),
            Mode::Symbolic(s) => symbolic(s, current & 0o7777, directory, umask()).map_err(ModeError::Form)?,
        };
        if bits & !0o7777 != 0 { Err(ModeError::Range) } else { Ok(bits) }
    }
}

/// The process's umask. There is no call that only reads it; Linux tells it in `/proc`.
pub fn umask() -> u32 {
    if let Ok(s) = std::fs::read_to_string("/proc/self/status") {
        if let Some(m) = s.lines().find_map(|l| l.strip_prefix("Umask:")) {
            if let Ok(m) = u32::from_str_radix(m.trim(), 8) {
                return m;
            }
        }
    }
    let old = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    rustix::process::umask(old);
    old.as_raw_mode() as u32
}

fn symbolic(text: &str, current: u32, directory: bool, umask: u32) -> Result<u32, String> {
    let bad = || format!("bad symbolic permission for mode: {text}");
    let mut mode = current;
    for clause in text.split(',') {
        let op_at = clause.find(['+', '-', '=']).ok_or_else(bad)?;
        let (who, mut rest) = clause.split_at(op_at);
        // `a` stands alone.
        if who != "a" && !who.chars().all(|c| "ugo".contains(c)) {
            return Err(bad());
        }
        let default_who = who.is_empty();
        let who = if default_who || who.contains('a') { "ugo" } else { who };
        // One clause may hold several operations: u=rw+x.
        while let Some(op) = rest.chars().next() {
            if !"+-=".contains(op) {
                return Err(bad());
            }
            rest = &rest[1..];
            let end = rest.find(['+', '-', '=']).unwrap_or(rest.len());
            let (perms, tail) = rest.split_at(end);
            rest = tail;
            if !perms.chars().all(|c| "rwxXstugo".contains(c)) {
                return Err(bad());
            }
            for w in who.chars() {
                let shift = match w {
                    'u' => 6,
                    'g' => 3,
                    _ => 0,
                };
                let mut bits = 0;
                for p in perms.chars() {
                    bits |= match p {
                        'r' => 4 << shift,
                        'w' => 2 << shift,
                        'x' => 1 << shift,
                        'X' if directory || current & 0o111 != 0 => 1 << shift,
                        'X' => 0,
                        's' if w == 'u' => 0o4000,
                        's' if w == 'g' => 0o2000,
                        's' => 0,
                        't' if w == 'o' || who == "ugo" || default_who => 0o1000,
                        't' => 0,
                        'u' => ((mode >> 6) & 7) << shift,
                        'g' => ((mode >> 3) & 7) << shift,
                        _ => (mode & 7) << shift,
                    };
                }
                if default_who {
                    bits &= !(umask & 0o777);
                }
                let special = match w {
                    'u' => 0o4000,
                    'g' => 0o2000,
                    _ => 0o1000,
                };
                match op {
                    '+' => mode |= bits,
                    '-' => mode &= !bits,
                    _ => mode = (mode & !((7 << shift) | special)) | bits,
                }
            }
        }
    }
    Ok(mode)
}

/// `0644`, as Ansible prints modes; four digits become five: `04755`.
pub fn octal(mode: u32) -> String {
    format!("0{mode:03o}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_change_the_current_mode() {
        for (text, now, dir, want) in [
            ("u=rwx,g=rx,o=", 0o644, false, 0o750),
            ("a+X", 0o644, false, 0o644),
            ("a+X", 0o644, true, 0o755),
            ("a+X", 0o744, false, 0o755),
            ("g+s,o+t", 0o755, true, 0o3755),
            ("g=u", 0o640, false, 0o660),
            ("u=rw,u+x", 0o000, false, 0o700),
            ("a-w", 0o666, false, 0o444),
        ] {
            assert_eq!(symbolic(text, now, dir, 0o022), Ok(want), "{text}");
        }
        assert!(symbolic("z=r", 0, false, 0).is_err());
        assert!(symbolic("u+zz", 0, false, 0).is_err());
    }
}
