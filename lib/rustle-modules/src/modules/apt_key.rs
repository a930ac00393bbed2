//! Keys that Debian packages are signed with, in apt's key rings.
//!
//! `apt-key` is gone from recent systems; where it is not there, gpg does the same on the ring's file.

use crate::{Ctx, Failure, Module, Outcome, Output, Params, PathArg, Rule, Support, params};
use std::fs;
use std::os::unix::fs::PermissionsExt;

params! {
    /// Options of `apt_key`.
    pub struct Args {
        /// The key's id.
        id: Option<String>;
        /// The key itself.
        data: Option<String>;
        /// A file with the key.
        file: Option<PathArg>;
        /// The ring's file in which it is kept.
        keyring: Option<PathArg>;
        /// An address to fetch it from.
        url: Option<String>;
        /// A server to ask for it.
        keyserver: Option<String>;
        /// Whether it is there.
        state: String => default("present"), choices(&["absent", "present"]);
        /// Whether certificates are checked.
        validate_certs: bool => default("yes");
    }
}

const EXAMPLES: &str = "
- name: The vendor's key
  ansible.builtin.apt_key:
    url: https://example.com/key.asc
";

pub static MODULE: Module = Module {
    check: Support::Full,
    rules: &[Rule::MutuallyExclusive(&["data", "file", "keyserver", "url"])],
    ..Module::new::<Args>("ansible.builtin.apt_key", "Manages keys of Debian packages", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

/// The ring in which keys go where none is named.
const RING: &str = "/etc/apt/trusted.gpg.d/rustle.gpg";

fn gpg(ctx: &Ctx, ring: Option<&str>, args: &[&str], input: Option<Vec<u8>>) -> Result<Output, Failure> {
    let program = ctx.need_program("gpg")?;
    let mut cmd = ctx.command([program.as_os_str()]).args(["--batch", "--no-tty", "--no-default-keyring"]).c_locale();
    if let Some(r) = ring {
        cmd = cmd.arg("--keyring").arg(format!("gnupg-ring:{r}"));
    }
    cmd = cmd.args(args);
    if let Some(data) = input {
        cmd = cmd.stdin(data);
    }
    cmd.run()
}

/// Ids of the public keys and their parts in gpg's machine-readable list.
fn ids(listing: &str) -> Vec<String> {
    let lines = listing.lines().map(|l| l.split(':').collect::<Vec<_>>());
    lines.filter(|f| f.len() > 4 && matches!(f[0], "pub" | "sub")).map(|f| f[4].to_uppercase()).collect()
}

fn wanted_id(text: &str) -> Result<String, Failure> {
    let id = text.trim().trim_start_matches("0x").trim_start_matches("0X").to_uppercase();
    if ![8, 16].contains(&id.len()) && id.len() <= 16 || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Failure::new("Invalid key_id: key must be 8, 16, or 16+ hexadecimal characters in length").with("id", text));
    }
    Ok(id)
}

/// Whether a key of that id, long or short, is in the list.
fn has(list: &[String], id: &str) -> bool {
    list.iter().any(|k| k.ends_with(id) || id.ends_with(k.as_str()))
}

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let ring = a.keyring.as_ref().map_or(RING, |k| k.0.as_str()).to_owned();
    let rings: Vec<String> = match &a.keyring {
        Some(k) => vec![k.0.clone()],
        None => [vec!["/etc/apt/trusted.gpg".to_owned()], crate::execute::glob("/etc/apt/trusted.gpg.d/*.gpg")].concat(),
    };
    let mut before: Vec<String> = Vec::new();
    for r in rings.iter().filter(|r| fs::metadata(r).is_ok()) {
        before.extend(ids(&gpg(ctx, None, &["--with-colons", "--show-keys", r], None)?.out()));
    }
    let given = a.id.as_deref().map(wanted_id).transpose()?;
    let outcome = |changed: bool, id: Option<&str>| {
        let short = id.map(|i| i[i.len().saturating_sub(8)..].to_owned());
        Outcome::changed(changed)
            .with("before", before.clone())
            .with("key_id", id.map(|i| i[i.len().saturating_sub(16)..].to_owned()))
            .with("short_id", short)
            .with("fp", id.map(str::to_owned))
            .with("id", id.map(str::to_owned))
    };
    if a.state == "absent" {
        let Some(id) = given else { return Err(Failure::new("key is required to remove a key")) };
        if !has(&before, &id) {
            return Ok(outcome(false, Some(&id)));
        }
        if !ctx.check_mode {
            for r in rings.iter().filter(|r| fs::metadata(r).is_ok()) {
                let _ = gpg(ctx, Some(r), &["--yes", "--delete-keys", &id], None)?;
            }
        }
        return Ok(outcome(true, Some(&id)));
    }
    if let Some(id) = given.as_ref().filter(|id| has(&before, id)) {
        return Ok(outcome(false, Some(id)));
    }
    if let Some(server) = &a.keyserver {
        let Some(id) = given else { return Err(Failure::new("missing parameter(s) required by 'keyserver': id")) };
        if !ctx.check_mode {
            let out = gpg(ctx, Some(&ring), &["--keyserver", server, "--recv-keys", &id], None)?;
            if out.rc != 0 {
                return Err(Failure::new(format!("Error fetching key {id} from keyserver: {server}")).with("stderr", out.err()).with("rc", i64::from(out.rc)));
            }
            readable(&ring)?;
        }
        return Ok(outcome(true, Some(&id)));
    }
    let data: Vec<u8> = match (&a.data, &a.file, &a.url) {
        (Some(d), ..) => d.clone().into_bytes(),
        (_, Some(f), _) => fs::read(&f.0).map_err(|e| Failure::os(&e, f))?,
        (.., Some(u)) => fetch(ctx, u, a.validate_certs)?,
        _ => return Err(Failure::new("one of the following is required: data, file, keyserver, url")),
    };
    let found = ids(&gpg(ctx, None, &["--with-colons", "--show-keys"], Some(data.clone()))?.out());
    let Some(first) = found.first().cloned() else { return Err(Failure::new("No valid key was found in the given data")) };
    let id = given.unwrap_or_else(|| first.clone());
    if !has(&found, &id) {
        return Err(Failure::new("key does not seem to have been added").with("id", id));
    }
    if has(&before, &id) {
        return Ok(outcome(false, Some(&id)));
    }
    if !ctx.check_mode {
        let out = gpg(ctx, Some(&ring), &["--import"], Some(data))?;
        if out.rc != 0 {
            return Err(Failure::new("Unable to add a key from binary data").with("stderr", out.err()).with("rc", i64::from(out.rc)));
        }
        readable(&ring)?;
    }
    Ok(outcome(true, Some(&id)))
}

/// apt reads rings as a user of its own.
fn readable(ring: &str) -> Result<(), Failure> {
    fs::set_permissions(ring, fs::Permissions::from_mode(0o644)).map_err(|e| Failure::os(&e, ring))
}

fn fetch(ctx: &Ctx, url: &str, check: bool) -> Result<Vec<u8>, Failure> {
    let out = if ctx.find_program("curl").is_some() {
        ctx.command(["curl", "-fsSL"]).args((!check).then_some("-k")).arg(url).run()?
    } else {
        ctx.command(["wget", "-q", "-O", "-"]).args((!check).then_some("--no-check-certificate")).arg(url).run()?
    };
    if out.rc != 0 {
        return Err(Failure::new(format!("Failed to download key at {url}: {}", out.err().trim())));
    }
    Ok(out.stdout)
}
