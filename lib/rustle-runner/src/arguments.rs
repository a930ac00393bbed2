//! The command line of an executable with a plan inside: `ansible-playbook`'s flags, as far as they make sense where the
//! plan is made and the host is given.
//!
//! Limits: nobody is asked for passwords; vaulted values never go into an executable, so no vault password is taken.

use rustle_stream::exit;
use rustle_stream::freeform::parse_kv;
use rustle_value::{Dict, Origin, Value, names::nearest};
use rustle_yaml::Trust;

pub(crate) const HELP: &str = "Runs the plan inside on this machine, and prints what happens as records.

Options:
  -C, --check              Change nothing; predict what would change
  -D, --diff               Show what changes in files
  -t, --tags <TAGS>        Only plays and tasks with these tags
      --skip-tags <TAGS>   Not the plays and tasks with these tags
  -l, --limit <PATTERN>    Run only if this names the host that the plan is for, a group of it, or 'localhost'
  -e, --extra-vars <VARS>  key=value words, YAML or JSON, or @FILE
      --start-at-task <NAME>
      --force-handlers     Run notified handlers even if a task fails
  -b, --become             Become another user for every task
      --become-user <USER>
      --become-method <METHOD>
      --become-password-file <FILE>
                           A file with the become password, or a program that prints it; '-' for standard input
  -v, --verbose            Say more; up to -vvvvvv
      --events <FILE>      Write what happens there instead of to stdout
      --manifest           Print what is inside, as JSON, and run nothing
  -h, --help
      --version

Exit status: 0 all went well, 1 --limit leaves the host out, 2 a task failed, 64 wrong command line, 65 the plan inside
is damaged, 66 a file that the command line names cannot be read.
";

const PLACE: &str = "<CLI option '-e'>";
const NAMES: &[&str] = &[
    "check", "diff", "tags", "skip-tags", "limit", "extra-vars", "start-at-task", "force-handlers", "become", "become-user", "become-method",
    "become-password-file", "become-pass-file", "verbose", "events", "manifest", "help", "version",
];

/// What the command line says.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) check: bool,
    pub(crate) diff: bool,
    pub(crate) force_handlers: bool,
    pub(crate) manifest: bool,
    pub(crate) help: bool,
    pub(crate) version: bool,
    pub(crate) verbosity: u8,
    pub(crate) tags: Vec<String>,
    pub(crate) skip_tags: Vec<String>,
    pub(crate) start_at_task: Option<String>,
    pub(crate) limit: Option<String>,
    pub(crate) events: Option<String>,
    pub(crate) extra: Dict,
    /// Settings of Ansible that flags stand for.
    pub(crate) settings: Dict,
    pub(crate) become_password_file: Option<String>,
}

/// Why nothing runs: an exit code and words for a person.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) u8, pub(crate) String);

impl Refusal {
    fn usage(text: impl Into<String>) -> Refusal {
        Refusal(exit::USAGE, text.into())
    }
    fn unreadable(text: impl Into<String>) -> Refusal {
        Refusal(exit::NO_INPUT, text.into())
    }
}

/// Reads arguments (without the program's name).
pub(crate) fn parse(args: &[String]) -> Result<Arguments, Refusal> {
    let mut out = Arguments::default();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        if let Some(long) = arg.strip_prefix("--").filter(|l| !l.is_empty()) {
            let (name, mut inline) = match long.split_once('=') {
                Some((n, v)) => (n, Some(v.to_owned())),
                None => (long, None),
            };
            out.set(name, &mut || inline.take().or_else(|| rest.next().cloned()).ok_or_else(|| Refusal::usage(format!("--{name} needs a value"))))?;
            if inline.is_some() {
                return Err(Refusal::usage(format!("--{name} takes no value")));
            }
        } else if let Some(mut cluster) = arg.strip_prefix('-').filter(|c| !c.is_empty() && *c != "-") {
            // `-CD`, `-ekey=value`.
            while let Some(letter) = cluster.chars().next() {
                cluster = &cluster[letter.len_utf8()..];
                let name = long(letter).ok_or_else(|| Refusal::usage(format!("unexpected argument '-{letter}'; --help tells what there is")))?;
                out.set(name, &mut || {
                    let here = std::mem::take(&mut cluster);
                    let value = if here.is_empty() { rest.next().cloned() } else { Some(here.to_owned()) };
                    value.ok_or_else(|| Refusal::usage(format!("-{letter} needs a value")))
                })?;
            }
        } else {
            return Err(Refusal::usage(format!("unexpected argument '{arg}': the plan is inside")));
        }
    }
    Ok(out)
}

fn long(letter: char) -> Option<&'static str> {
    Some(match letter {
        'C' => "check",
        'D' => "diff",
        't' => "tags",
        'l' => "limit",
        'e' => "extra-vars",
        'b' => "become",
        'v' => "verbose",
        'h' => "help",
        'K' => "ask-become-pass",
        'J' => "ask-vault-pass",
        'i' => "inventory",
        'k' => "ask-pass",
        'u' => "user",
        'c' => "connection",
        'f' => "forks",
        _ => return None,
    })
}

impl Arguments {
    /// `value` gives the argument's value; who does not call it takes none.
    fn set(&mut self, name: &str, value: &mut dyn FnMut() -> Result<String, Refusal>) -> Result<(), Refusal> {
        let words = |text: String| text.split(',').map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect::<Vec<_>>();
        match name {
            "check" => self.check = true,
            "diff" => self.diff = true,
            "force-handlers" => self.force_handlers = true,
            "manifest" => self.manifest = true,
            "help" => self.help = true,
            "version" => self.version = true,
            "verbose" => self.verbosity = (self.verbosity + 1).min(6),
            "tags" => self.tags.extend(words(value()?)),
            "skip-tags" => self.skip_tags.extend(words(value()?)),
            "start-at-task" => self.start_at_task = Some(value()?),
            "events" => self.events = Some(value()?),
            "limit" => self.limit = Some(value()?),
            "extra-vars" => self.extra.update(&variables(&value()?)?),
            "become" => drop(self.settings.insert("DEFAULT_BECOME", true)),
            "become-user" => drop(self.settings.insert("DEFAULT_BECOME_USER", value()?)),
            "become-method" => drop(self.settings.insert("DEFAULT_BECOME_METHOD", value()?)),
            "become-password-file" | "become-pass-file" => self.become_password_file = Some(value()?),
            "ask-become-pass" => return Err(Refusal::usage("nobody is asked for a password here; give --become-password-file FILE ('-' reads standard input)")),
            "vault-password-file" | "vault-pass-file" | "vault-id" | "ask-vault-password" | "ask-vault-pass" => {
                return Err(Refusal::usage(format!("--{name}: no vaulted value is in the plan inside; rustle-compile refuses those that have one")));
            }
            "inventory" | "ask-pass" | "user" | "connection" | "forks" => {
                return Err(Refusal::usage(format!("--{name} is for a controller; the plan inside is for this machine")));
            }
            other => {
                let near = nearest(other, NAMES.iter().copied()).map(|n| format!("; did you mean '--{n}'?")).unwrap_or_default();
                return Err(Refusal::usage(format!("unexpected argument '--{other}'{near}")));
            }
        }
        Ok(())
    }
}

/// `-e`, as Ansible reads it. The texts are the user's own: templates in them are rendered.
fn variables(text: &str) -> Result<Dict, Refusal> {
    let text = text.trim_start();
    let (source, place) = if let Some(file) = text.strip_prefix('@') {
        let source = std::fs::read_to_string(file).map_err(|e| Refusal::unreadable(format!("-e: cannot read {file}: {e}")))?;
        if source.starts_with("$ANSIBLE_VAULT;") {
            return Err(Refusal::usage(format!("-e: {file} is encrypted, and no vault password is taken here; decrypt it first")));
        }
        (source, file)
    } else if text.starts_with(['/', '.']) {
        return Err(Refusal::usage(format!("Please prepend extra_vars filename '{text}' with '@'")));
    } else if text.starts_with(['{', '[']) {
        (text.to_owned(), PLACE)
    } else {
        let pairs = parse_kv(text, false).map_err(|e| Refusal::usage(e.message()))?;
        return Ok(pairs.into_iter().map(|(k, v)| (Value::from(k), Value::trusted(v, Some(Origin::new(PLACE, 0, 0))))).collect());
    };
    let data = rustle_yaml::load(&source, place, &rustle_yaml::Options::default()).map_err(|e| Refusal::usage(format!("-e: {}", e.report())))?;
    match data.0.to_value(Trust::Trusted) {
        Value::Dict(d) => Ok((*d).clone()),
        // An empty file says nothing.
        Value::Null => Ok(Dict::new()),
        _ => Err(Refusal::usage(format!("Invalid extra vars data supplied. '{text}' could not be made into a dictionary"))),
    }
}

/// A password from a file, from a program that prints it, or from standard input (`-`).
pub(crate) fn password(path: &str) -> Result<String, Refusal> {
    let text = if path == "-" {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map_err(|e| Refusal::unreadable(format!("standard input: {e}")))?;
        line
    } else if runs(path) {
        let out = std::process::Command::new(path).output().map_err(|e| Refusal::unreadable(format!("Problem occurred when trying to run the password script {path} ({e})")))?;
        if !out.status.success() {
            return Err(Refusal::unreadable(format!("The password script {path} returned an error (rc={})", out.status.code().unwrap_or(-1))));
        }
        String::from_utf8_lossy(&out.stdout).into_owned()
    } else {
        std::fs::read_to_string(path).map_err(|e| Refusal::unreadable(format!("Could not read password file {path}: {e}")))?
    };
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() { Err(Refusal::unreadable(format!("Empty password was provided from file ({path})"))) } else { Ok(text.to_owned()) }
}

#[cfg(unix)]
fn runs(path: &str) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn runs(_: &str) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Arguments, Refusal> {
        parse(&args.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn flags_as_ansible_has_them() {
        let a = parsed(&["-CDvv", "--tags=a,b", "-tc", "-e", "x=1 y='two words'", "-e{\"z\": [3]}", "--become-user", "www", "-v", "-l", "web*"]).unwrap();
        assert_eq!((a.check, a.diff, a.verbosity, a.tags.join(" ")), (true, true, 3, "a b c".into()));
        assert_eq!(a.limit.as_deref(), Some("web*"));
        let extra: Vec<String> = a.extra.iter().map(|(k, v)| format!("{}={}", rustle_value::py_str(k), rustle_value::py_str(v))).collect();
        assert_eq!(extra, ["x=1", "y=two words", "z=[3]"]);
        assert_eq!(a.settings.get("DEFAULT_BECOME_USER").and_then(Value::as_str), Some("www"));
        // What the user wrote is rendered.
        assert!(matches!(parsed(&["-e", "x={{ y }}"]).unwrap().extra.get("x"), Some(Value::Template(_))));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (args, code, words) in [
            (&["--chek"][..], 64, "unexpected argument '--chek'; did you mean '--check'?"),
            (&["--check=yes"], 64, "--check takes no value"),
            (&["--tags"], 64, "--tags needs a value"),
            (&["-x"], 64, "unexpected argument '-x'; --help tells what there is"),
            (&["site.yml"], 64, "unexpected argument 'site.yml': the plan is inside"),
            (&["-K"], 64, "nobody is asked for a password here; give --become-password-file FILE ('-' reads standard input)"),
            (&["--vault-id", "x"], 64, "--vault-id: no vaulted value is in the plan inside; rustle-compile refuses those that have one"),
            (&["-i", "hosts"], 64, "--inventory is for a controller; the plan inside is for this machine"),
            (&["-e", "./vars.yml"], 64, "Please prepend extra_vars filename './vars.yml' with '@'"),
            (&["-e", "[1]"], 64, "Invalid extra vars data supplied. '[1]' could not be made into a dictionary"),
            (&["-e", "@/nowhere/at/all"], 66, "-e: cannot read /nowhere/at/all: "),
        ] {
            let Refusal(found, text) = parsed(args).unwrap_err();
            assert!(found == code && text.starts_with(words), "{args:?}: {found} {text}");
        }
    }
}
