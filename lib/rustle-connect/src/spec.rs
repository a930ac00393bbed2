//! How to reach one host: Ansible's connection variables, keywords, options and settings, resolved.
//!
//! Precedence is Ansible's: variables, then keywords, the command line, the environment, `ansible.cfg`, the default;
//! of several names for one thing, the last in the documented order wins. Everything is already templated here.

use crate::{ConnectError, Secret};
use rustle_value::{Dict, Value, py_str};
use std::time::Duration;

/// What applies to every host of a run.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Connection options of the command line: `user`, `connection`, `timeout`, `private_key_file`,
    /// `ssh_common_args`, `ssh_extra_args`.
    pub cli: Dict,
    /// Keywords of the task or play that apply: `connection`, `port`, `remote_user`.
    pub keywords: Dict,
    /// Settings of `ansible.cfg`, by option name (`ssh_args`), by documented name (`DEFAULT_REMOTE_USER`) or as
    /// `section.key` (`ssh_connection.ssh_args`).
    pub config: Dict,
    /// The answer to `-k`.
    pub password: Option<Secret>,
}

/// One host and the way to it.
#[derive(Clone, Debug)]
pub struct HostSpec {
    /// The inventory's name.
    pub name: String,
    /// The connection, as in `ansible_connection`.
    pub kind: String,
    /// Where to connect to: a name or number.
    pub address: String,
    pub port: Option<u16>,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub private_key_file: Option<String>,
    /// A private key's text (`ansible_ssh_private_key`).
    pub private_key: Option<Secret>,
    pub private_key_passphrase: Option<Secret>,
    pub ssh_args: String,
    /// Whether `ssh_args` is the default, which asks for nothing but speed.
    pub ssh_args_default: bool,
    pub ssh_common_args: String,
    pub ssh_extra_args: String,
    pub ssh_executable: String,
    pub host_key_checking: bool,
    /// For the connection to come about.
    pub timeout: Duration,
    /// How often to try again.
    pub retries: u32,
    pub control_path: Option<String>,
    pub control_path_dir: String,
    pub pkcs11_provider: Option<String>,
    pub password_mechanism: String,
    /// `ansible_pipelining` and `ansible_ssh_transfer_method`, as given: one channel does without both.
    pub pipelining: bool,
    pub transfer_method: String,
    /// `-v`s for the SSH client itself.
    pub verbosity: u32,
}

/// `ssh_args` where nobody gives any.
pub const DEFAULT_SSH_ARGS: &str = "-C -o ControlMaster=auto -o ControlPersist=60s";

/// An option's names in each source, in the documented order.
struct Names {
    vars: &'static [&'static str],
    shared: &'static str,
    env: &'static [&'static str],
    config: &'static [&'static str],
}

macro_rules! names {
    ($($id:ident: $shared:literal [$($v:literal)*] [$($e:literal)*] [$($c:literal)*];)*) => {
        $(const $id: Names = Names { shared: $shared, vars: &[$($v),*], env: &[$($e),*], config: &[$($c),*] };)*
    };
}
names! {
    KIND: "connection" ["ansible_connection"] ["ANSIBLE_TRANSPORT"] ["defaults.transport" "DEFAULT_TRANSPORT"];
    HOST: "" ["inventory_hostname" "ansible_host" "ansible_ssh_host"] [] [];
    PORT: "port" ["ansible_port" "ansible_ssh_port"] ["ANSIBLE_REMOTE_PORT"] ["defaults.remote_port" "DEFAULT_REMOTE_PORT"];
    USER: "remote_user" ["ansible_user" "ansible_ssh_user"] ["ANSIBLE_REMOTE_USER"] ["defaults.remote_user" "DEFAULT_REMOTE_USER"];
    PASSWORD: "" ["ansible_password" "ansible_ssh_pass" "ansible_ssh_password"] [] [];
    KEY_FILE: "private_key_file" ["ansible_private_key_file" "ansible_ssh_private_key_file"] ["ANSIBLE_PRIVATE_KEY_FILE"] ["defaults.private_key_file" "DEFAULT_PRIVATE_KEY_FILE"];
    KEY: "private_key" ["ansible_private_key" "ansible_ssh_private_key"] ["ANSIBLE_PRIVATE_KEY"] [];
    PASSPHRASE: "private_key_passphrase" ["ansible_private_key_passphrase" "ansible_ssh_private_key_passphrase"] ["ANSIBLE_PRIVATE_KEY_PASSPHRASE"] [];
    ARGS: "ssh_args" ["ansible_ssh_args"] ["ANSIBLE_SSH_ARGS"] ["ssh_connection.ssh_args" "ANSIBLE_SSH_ARGS"];
    COMMON: "ssh_common_args" ["ansible_ssh_common_args"] ["ANSIBLE_SSH_COMMON_ARGS"] ["ssh_connection.ssh_common_args" "ANSIBLE_SSH_COMMON_ARGS"];
    EXTRA: "ssh_extra_args" ["ansible_ssh_extra_args"] ["ANSIBLE_SSH_EXTRA_ARGS"] ["ssh_connection.ssh_extra_args" "ANSIBLE_SSH_EXTRA_ARGS"];
    EXECUTABLE: "ssh_executable" ["ansible_ssh_executable"] ["ANSIBLE_SSH_EXECUTABLE"] ["ssh_connection.ssh_executable" "ANSIBLE_SSH_EXECUTABLE"];
    CHECKING: "host_key_checking" ["ansible_host_key_checking" "ansible_ssh_host_key_checking"] ["ANSIBLE_HOST_KEY_CHECKING" "ANSIBLE_SSH_HOST_KEY_CHECKING"] ["defaults.host_key_checking" "ssh_connection.host_key_checking" "HOST_KEY_CHECKING"];
    TIMEOUT: "timeout" ["ansible_ssh_timeout"] ["ANSIBLE_TIMEOUT" "ANSIBLE_SSH_TIMEOUT"] ["defaults.timeout" "ssh_connection.timeout" "DEFAULT_TIMEOUT"];
    RETRIES: "reconnection_retries" ["ansible_ssh_retries"] ["ANSIBLE_SSH_RETRIES"] ["connection.retries" "ssh_connection.retries" "ANSIBLE_SSH_RETRIES"];
    CONTROL: "control_path" ["ansible_control_path"] ["ANSIBLE_SSH_CONTROL_PATH"] ["ssh_connection.control_path" "ANSIBLE_SSH_CONTROL_PATH"];
    CONTROL_DIR: "control_path_dir" ["ansible_control_path_dir"] ["ANSIBLE_SSH_CONTROL_PATH_DIR"] ["ssh_connection.control_path_dir" "ANSIBLE_SSH_CONTROL_PATH_DIR"];
    PKCS11: "pkcs11_provider" ["ansible_ssh_pkcs11_provider"] ["ANSIBLE_PKCS11_PROVIDER"] ["ssh_connection.pkcs11_provider"];
    MECHANISM: "password_mechanism" ["ansible_ssh_password_mechanism"] ["ANSIBLE_SSH_PASSWORD_MECHANISM"] ["ssh_connection.password_mechanism"];
    PIPELINING: "pipelining" ["ansible_pipelining" "ansible_ssh_pipelining"] ["ANSIBLE_PIPELINING" "ANSIBLE_SSH_PIPELINING"] ["defaults.pipelining" "connection.pipelining" "ssh_connection.pipelining" "ANSIBLE_PIPELINING"];
    TRANSFER: "ssh_transfer_method" ["ansible_ssh_transfer_method"] ["ANSIBLE_SSH_TRANSFER_METHOD"] ["ssh_connection.transfer_method"];
    VERBOSITY: "verbosity" ["ansible_ssh_verbosity"] ["ANSIBLE_SSH_VERBOSITY"] ["ssh_connection.verbosity"];
}

/// All sources of one host's settings.
struct Sources<'a> {
    vars: &'a Dict,
    settings: &'a Settings,
}

impl Sources<'_> {
    /// The setting as text; `None` where no source has it, or has null or an empty text.
    fn text(&self, names: &Names) -> Result<Option<String>, ConnectError> {
        let settings = self.settings;
        let own = |d: &Dict, key: &str| if key.is_empty() { None } else { d.get(key).cloned() };
        let found = names
            .vars
            .iter()
            .rev()
            .find_map(|v| self.vars.get(v).filter(|x| !x.is_null()).cloned())
            .or_else(|| own(&settings.keywords, names.shared))
            .or_else(|| own(&settings.cli, names.shared))
            .or_else(|| if names.shared == "remote_user" { own(&settings.cli, "user") } else { None })
            .or_else(|| if names.shared == "private_key_file" { own(&settings.cli, "private_key") } else { None })
            .or_else(|| names.env.iter().rev().find_map(|e| std::env::var(e).ok().map(Value::from)))
            .or_else(|| names.config.iter().rev().find_map(|c| settings.config.get(c).cloned()))
            .or_else(|| own(&settings.config, names.shared));
        match found {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Template(_) | Value::Vaulted(_)) => Err(ConnectError::Config(format!(
                "the connection setting '{}' is not a final value",
                names.vars.last().unwrap_or(&names.shared)
            ))),
            Some(Value::Undefined(u)) => Err(ConnectError::Config(u.hint.to_string())),
            Some(v) => Ok(Some(py_str(&v)).filter(|t| !t.is_empty())),
        }
    }
    fn or(&self, names: &Names, default: &str) -> Result<String, ConnectError> {
        Ok(self.text(names)?.unwrap_or_else(|| default.to_owned()))
    }
    fn number<T: std::str::FromStr>(&self, names: &Names) -> Result<Option<T>, ConnectError> {
        let Some(text) = self.text(names)? else { return Ok(None) };
        text.trim().parse().map(Some).map_err(|_| {
            ConnectError::Config(format!("'{}' must be a number, and is '{text}'", names.vars.last().unwrap_or(&names.shared)))
        })
    }
    fn truth(&self, names: &Names, default: bool) -> Result<bool, ConnectError> {
        let Some(text) = self.text(names)? else { return Ok(default) };
        match text.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" | "on" | "1" | "true" | "t" | "1.0" => Ok(true),
            "n" | "no" | "off" | "0" | "false" | "f" | "0.0" => Ok(false),
            _ => Err(ConnectError::Config(format!(
                "'{}' must be true or false, and is '{text}'",
                names.vars.last().unwrap_or(&names.shared)
            ))),
        }
    }
}

impl HostSpec {
    /// The way to the host `name`. `vars` are its final variables (only connection variables are looked at). Errors
    /// are values that make no sense.
    pub fn from_vars(name: &str, vars: &Dict, settings: &Settings) -> Result<HostSpec, ConnectError> {
        let s = Sources { vars, settings };
        let address = s.or(&HOST, name)?;
        if address.starts_with('-') {
            return Err(ConnectError::Config(format!("'{address}' is not a host name")));
        }
        let home = std::env::var("HOME").unwrap_or_default();
        let expand = |p: String| p.strip_prefix("~/").map(|r| format!("{home}/{r}")).unwrap_or(p);
        let ssh_args = s.text(&ARGS)?;
        Ok(HostSpec {
            name: name.to_owned(),
            kind: s.or(&KIND, "ssh")?,
            address,
            port: s.number(&PORT)?,
            user: s.text(&USER)?,
            password: s.text(&PASSWORD)?.map(Secret::new).or_else(|| settings.password.clone()),
            private_key_file: s.text(&KEY_FILE)?.map(expand),
            private_key: s.text(&KEY)?.map(Secret::new),
            private_key_passphrase: s.text(&PASSPHRASE)?.map(Secret::new),
            ssh_args_default: ssh_args.as_deref().is_none_or(|a| a == DEFAULT_SSH_ARGS),
            ssh_args: ssh_args.unwrap_or_else(|| DEFAULT_SSH_ARGS.to_owned()),
            ssh_common_args: s.or(&COMMON, "")?,
            ssh_extra_args: s.or(&EXTRA, "")?,
            ssh_executable: s.or(&EXECUTABLE, "ssh")?,
            host_key_checking: s.truth(&CHECKING, true)?,
            timeout: Duration::from_secs(s.number(&TIMEOUT)?.unwrap_or(10)),
            retries: s.number(&RETRIES)?.unwrap_or(0),
            control_path: s.text(&CONTROL)?,
            control_path_dir: expand(s.or(&CONTROL_DIR, "~/.ansible/cp")?),
            pkcs11_provider: s.text(&PKCS11)?,
            password_mechanism: s.or(&MECHANISM, "ssh_askpass")?,
            pipelining: s.truth(&PIPELINING, false)?,
            transfer_method: s.or(&TRANSFER, "smart")?,
            verbosity: s.number(&VERBOSITY)?.unwrap_or(0),
        })
    }

    /// `user@address:port` as far as it is given.
    pub fn label(&self) -> String {
        let user = self.user.as_ref().map(|u| format!("{u}@")).unwrap_or_default();
        let port = self.port.map(|p| format!(":{p}")).unwrap_or_default();
        format!("{user}{}{port}", self.address)
    }

    /// Arguments of all three sources, split as a shell would.
    pub fn all_args(&self) -> Result<Vec<String>, ConnectError> {
        let mut all = split(&self.ssh_args)?;
        all.extend(split(&self.ssh_common_args)?);
        all.extend(split(&self.ssh_extra_args)?);
        Ok(all)
    }
}

/// Splits a line into words with a shell's quotes and backslashes (no expansion).
pub(crate) fn split(line: &str) -> Result<Vec<String>, ConnectError> {
    let (mut words, mut word, mut open) = (Vec::new(), String::new(), false);
    let mut chars = line.chars();
    let unfinished = || ConnectError::Config(format!("No closing quotation in '{line}'"));
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                open = true;
                loop {
                    match chars.next().ok_or_else(unfinished)? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                open = true;
                loop {
                    match chars.next().ok_or_else(unfinished)? {
                        '"' => break,
                        '\\' => match chars.next().ok_or_else(unfinished)? {
                            c @ ('"' | '\\') => word.push(c),
                            c => word.extend(['\\', c]),
                        },
                        c => word.push(c),
                    }
                }
            }
            '\\' => {
                open = true;
                word.push(chars.next().ok_or_else(unfinished)?);
            }
            c if c.is_whitespace() => {
                if open || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                open = false;
            }
            c => word.push(c),
        }
    }
    if open || !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustle_value::dict;

    #[test]
    fn variables_beat_keywords_beat_options() {
        let settings = Settings {
            cli: dict! { "user" => "cli", "timeout" => 33, "private_key_file" => "/k" },
            keywords: dict! { "remote_user" => "keyword", "port" => 23 },
            ..Default::default()
        };
        let spec = HostSpec::from_vars("h", &Dict::new(), &settings).unwrap();
        assert_eq!((spec.user.as_deref(), spec.port, spec.timeout.as_secs()), (Some("keyword"), Some(23), 33));
        let vars = dict! {
            "ansible_host" => "10.0.0.1", "ansible_user" => "v", "ansible_port" => "2222", "ansible_ssh_pass" => "p",
            "ansible_ssh_host_key_checking" => "no", "ansible_ssh_args" => "-o 'A=b c' -4"
        };
        let spec = HostSpec::from_vars("h", &vars, &settings).unwrap();
        assert_eq!(spec.label(), "v@10.0.0.1:2222");
        assert!(!spec.host_key_checking && !spec.ssh_args_default);
        assert_eq!(spec.all_args().unwrap(), ["-o", "A=b c", "-4"]);
        assert_eq!(format!("{:?}", spec.password), "Some(Secret(…))");
    }

    #[test]
    fn nonsense_is_refused() {
        let bad = |d: Dict| HostSpec::from_vars("h", &d, &Settings::default()).unwrap_err().to_string();
        assert!(bad(dict! { "ansible_port" => "many" }).contains("must be a number"));
        assert!(bad(dict! { "ansible_host" => "-oProxyCommand=x" }).contains("not a host name"));
        assert!(bad(dict! { "ansible_host" => Value::trusted("{{ x }}", None) }).contains("not a final value"));
    }
}
