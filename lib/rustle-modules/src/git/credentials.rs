//! Passwords in the addresses of repositories: kept off command lines, which every user of a host can read, and out of
//! results.

use crate::{Ctx, Dict, Value};
use std::fs;
use std::io;
use std::path::Path;

/// An HTTP address with a name and a password, in parts.
pub struct Credentials {
    /// As the user wrote it.
    full: String,
    /// Without the password.
    clean: String,
    /// `https://name:password@`.
    full_start: String,
    /// `https://name@`.
    clean_start: String,
    /// `https://name:********@`.
    shown_start: String,
    /// `https://host:port`.
    site: String,
    password: String,
}

impl Credentials {
    /// The address's, where it has a name and a password.
    pub fn of(address: &str) -> Option<Credentials> {
        let (scheme, rest) = address.split_once("://")?;
        let end = rest.find('/').unwrap_or(rest.len());
        let (login, host) = rest[..end].rsplit_once('@')?;
        let (user, password) = login.split_once(':')?;
        if !matches!(scheme, "http" | "https") || user.is_empty() || password.is_empty() {
            return None;
        }
        Some(Credentials {
            full: address.to_owned(),
            clean: format!("{scheme}://{user}@{}", &rest[login.len() + 1..]),
            full_start: format!("{scheme}://{login}@"),
            clean_start: format!("{scheme}://{user}@"),
            shown_start: format!("{scheme}://{user}:********@"),
            site: format!("{scheme}://{host}"),
            password: crate::http::percent(password),
        })
    }

    /// The address without the password.
    pub fn clean(&self) -> &str {
        &self.clean
    }

    /// What must not be seen, with what surrounds it: the password alone may be a common word.
    pub fn secret(&self) -> String {
        let login = self.full_start.split_once("://").map_or("", |(_, r)| r);
        login.split_once(':').map_or(String::new(), |(_, p)| format!(":{p}"))
    }

    /// Settings for git: who asks for the password gets it from a variable, and addresses that have it are used as if
    /// they had not.
    pub fn environment(&self, ctx: &Ctx) -> Vec<(String, String)> {
        let helper = r#"!f() { test "$1" = get && printf 'password=%s\n' "$RUSTLE_GIT_PASSWORD"; }; f"#;
        let credential = format!("credential.{}.helper", self.site);
        let settings = [
            (format!("url.{}.insteadOf", self.clean_start), self.full_start.clone()),
            // Nothing that the user has configured is asked before, or told.
            (credential.clone(), String::new()),
            (credential, helper.to_owned()),
        ];
        let first: usize = ctx.env("GIT_CONFIG_COUNT").and_then(|n| n.parse().ok()).unwrap_or(0);
        let mut out = vec![("RUSTLE_GIT_PASSWORD".to_owned(), self.password.clone()), ("GIT_CONFIG_COUNT".to_owned(), (first + settings.len()).to_string())];
        for (i, (key, value)) in settings.into_iter().enumerate() {
            out.push((format!("GIT_CONFIG_KEY_{}", first + i), key));
            out.push((format!("GIT_CONFIG_VALUE_{}", first + i), value));
        }
        out
    }

    /// Gives the remote's address in a configuration its password.
    pub fn write(&self, config: &Path, remote: &str) -> io::Result<()> {
        let text = fs::read_to_string(config)?;
        let section = format!("[remote \"{remote}\"]");
        let mut inside = false;
        let mut out = String::with_capacity(text.len() + 32);
        for line in text.split_inclusive('\n') {
            let word = line.trim();
            if word.starts_with('[') {
                inside = word == section;
            }
            match word.strip_prefix("url").map(|r| r.trim_start_matches([' ', '=']).trim_matches('"')) {
                Some(url) if inside && url == self.clean => {
                    let plain = !self.full.contains(['#', ';', '"', '\\']);
                    let value = if plain { self.full.clone() } else { format!("\"{}\"", self.full.replace('\\', "\\\\").replace('"', "\\\"")) };
                    out += &format!("\turl = {value}\n");
                }
                _ => out += line,
            }
        }
        fs::write(config, out)
    }

    /// What takes the password out of texts.
    pub fn redactor(&self) -> Redactor {
        Redactor { from: [self.full_start.clone(), self.clean_start.clone()], to: self.shown_start.clone() }
    }
}

/// Shows addresses as `https://name:********@host/…`.
pub struct Redactor {
    from: [String; 2],
    to: String,
}

impl Redactor {
    /// A text without the password.
    pub fn text(&self, s: &str) -> String {
        self.from.iter().fold(s.to_owned(), |s, f| s.replace(f.as_str(), &self.to))
    }
    /// [`Redactor::text`] for every text in a dict.
    pub fn dict(&self, d: &Dict) -> Dict {
        let mut out: Dict = d.iter().map(|(k, v)| (k.clone(), self.value(v))).collect();
        if let Some(line) = d.get("cmd").and_then(Value::as_str).and_then(|s| self.line(s)) {
            out.insert("cmd", line);
        }
        out
    }
    /// A command line, where there is something to hide: what is shown instead is quoted anew.
    fn line(&self, s: &str) -> Option<String> {
        let words = crate::command::split(s).ok().filter(|_| self.text(s) != s)?;
        Some(crate::command::join(&words.iter().map(|w| self.text(w)).collect::<Vec<_>>()))
    }
    fn value(&self, v: &Value) -> Value {
        match v {
            Value::Str(s) => Value::from(self.text(s)),
            Value::List(l) => Value::list(l.iter().map(|x| self.value(x)).collect()),
            Value::Dict(d) => Value::dict(self.dict(d)),
            _ => v.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_an_address() {
        let c = Credentials::of("https://me:p%40ss@example.com:8443/a/b.git").unwrap();
        assert_eq!((c.clean.as_str(), c.site.as_str(), c.password.as_str()), ("https://me@example.com:8443/a/b.git", "https://example.com:8443", "p@ss"));
        assert_eq!(c.redactor().text("at https://me:p%40ss@example.com:8443/a: no"), "at https://me:********@example.com:8443/a: no");
        for plain in ["https://example.com/a:b@c", "https://token@example.com/a", "git@example.com:a.git", "/srv/a"] {
            assert!(Credentials::of(plain).is_none(), "{plain}");
        }
    }

    #[test]
    fn the_configuration_gets_the_password() {
        let c = Credentials::of("https://me:x;y@h/a").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        fs::write(&file, "[remote \"up\"]\n\turl = https://me@h/a\n[remote \"origin\"]\n\turl = https://me@h/a\n\tfetch = x\n").unwrap();
        c.write(&file, "origin").unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text, "[remote \"up\"]\n\turl = https://me@h/a\n[remote \"origin\"]\n\turl = \"https://me:x;y@h/a\"\n\tfetch = x\n");
    }
}
