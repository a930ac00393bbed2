//! Sources of Debian packages in the format of fields: `/etc/apt/sources.list.d/NAME.sources`.
//!
//! Speaks HTTPS.

use crate::http::Request;
use crate::{Ctx, Failure, FileArgs, Module, Outcome, Params, Rule, Support, Value, params};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

params! {
    /// Options of `deb822_repository`.
    pub struct Args {
        /// Whether packages that were authenticated may be replaced by ones that are not.
        allow_downgrade_to_insecure: Option<bool>;
        /// Whether the source may be without a signature.
        allow_insecure: Option<bool>;
        /// Whether weak signatures count.
        allow_weak: Option<bool>;
        /// Architectures.
        architectures: Option<Vec<String>>;
        /// Whether indexes are fetched by their hash.
        by_hash: Option<bool>;
        /// Whether dates are checked against this machine's clock.
        check_date: Option<bool>;
        /// Whether lists that are too old are refused.
        check_valid_until: Option<bool>;
        /// Components of the distribution.
        components: Option<Vec<String>>;
        /// How many seconds in the future a list's date may lie.
        date_max_future: Option<i64>;
        /// Whether apt uses the source.
        enabled: Option<bool>;
        /// Packages that are not taken from it.
        exclude: Option<Vec<String>>;
        /// The only packages that are.
        include: Option<Vec<String>>;
        /// Where its signed list lies.
        inrelease_path: Option<String>;
        /// Whether Python's library would be installed: not needed here.
        install_python_debian: bool => default("no");
        /// Languages of translations that are fetched.
        languages: Option<Vec<String>>;
        /// The source's name; the file has it, too.
        name: String => required();
        /// Whether indexes are fetched as differences.
        pdiffs: Option<bool>;
        /// The key: an address, a file, fingerprints, or the key itself.
        signed_by: Option<String>;
        /// Versions of the distribution, or paths.
        suites: Option<Vec<String>>;
        /// What is fetched.
        targets: Option<Vec<String>>;
        /// Whether the source is trusted without a signature.
        trusted: Option<bool>;
        /// Kinds of packages.
        types: Vec<String> => default("deb"), choices(&["deb", "deb-src"]);
        /// Addresses.
        uris: Option<Vec<String>>;
        /// The mode of the files.
        mode: Value => default("0644");
        /// Whether it is there.
        state: String => default("present"), choices(&["absent", "present"]);
    }
}

const EXAMPLES: &str = "
- name: Docker's packages
  ansible.builtin.deb822_repository:
    name: docker
    uris: https://download.docker.com/linux/debian
    suites: bookworm
    components: stable
    signed_by: https://download.docker.com/linux/debian/gpg
";

pub static MODULE: Module = Module {
    check: Support::Full,
    rules: &[Rule::MutuallyExclusive(&["exclude", "include"])],
    ..Module::new::<Args>("ansible.builtin.deb822_repository", "Manages sources of Debian packages in fields", EXAMPLES, |ctx, v| {
        run(ctx, Args::read(v)?)
    })
};

const SOURCES: &str = "/etc/apt/sources.list.d";
const KEYS: &str = "/etc/apt/keyrings";

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let slug = a.name.replace(' ', "-");
    let dest = format!("{SOURCES}/{slug}.sources");
    if a.state == "absent" {
        let mut changed = false;
        let key = format!("{KEYS}/{slug}.gpg");
        for path in [&dest, &key, &format!("{KEYS}/{slug}.asc")] {
            if Path::new(path).exists() {
                changed = true;
                if !ctx.check_mode {
                    fs::remove_file(path).map_err(|e| Failure::os(&e, path))?;
                }
            }
        }
        return Ok(Outcome::changed(changed).with("repo", Value::Null).with("dest", dest).with("key_filename", key));
    }
    let key = match &a.signed_by {
        Some(k) => key_file(ctx, k, &slug, &a.mode)?,
        None => Key { signed_by: None, file: None, changed: false },
    };
    let text = render(&a, key.signed_by.as_deref());
    let changed = key.changed | put(ctx, &dest, text.as_bytes(), &a.mode)?;
    Ok(Outcome::changed(changed).with("repo", text).with("dest", dest).with("key_filename", key.file))
}

/// Brings a file to this content and mode; whether something changed, or would.
fn put(ctx: &mut Ctx, path: &str, data: &[u8], mode: &Value) -> Result<bool, Failure> {
    let changed = fs::read(path).ok().as_deref() != Some(data);
    if changed && !ctx.check_mode {
        write(ctx, path, data)?;
    }
    if !Path::new(path).exists() {
        return Ok(changed);
    }
    ctx.set_file_attributes(path, &FileArgs::none().with_mode(Some(mode.clone())), changed, None)
}

/// Writes a file, and makes its folder where that is missing.
fn write(ctx: &Ctx, path: &str, data: &[u8]) -> Result<(), Failure> {
    let folder = crate::paths::dirname(path);
    if !Path::new(folder).exists() {
        let fail = |e: std::io::Error| Failure::os(&e, folder);
        fs::create_dir_all(folder).map_err(fail)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).map_err(fail)?;
    }
    ctx.write_atomic(path, data, false)
}

/// What stands in `Signed-By`, and the file that was fetched for it.
struct Key {
    signed_by: Option<String>,
    file: Option<String>,
    changed: bool,
}

/// Fetches a key that has an address; other words for one stay.
fn key_file(ctx: &mut Ctx, key: &str, slug: &str, mode: &Value) -> Result<Key, Failure> {
    let address = key.split_once("://").is_some_and(|(scheme, _)| !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric()));
    if !address {
        return Ok(Key { signed_by: Some(key.to_owned()), file: None, changed: false });
    }
    let data = match Request::get(key).send(ctx) {
        Ok(answer) if answer.status < 300 => answer.body,
        _ => return Err(Failure::broke_off("Could not fetch signed_by key.")),
    };
    let ending = if data.starts_with(b"-----BEGIN PGP") { "asc" } else { "gpg" };
    let path = format!("{KEYS}/{slug}.{ending}");
    let changed = put(ctx, &path, &data, mode)?;
    Ok(Key { signed_by: Some(path.clone()), file: Some(path), changed })
}

/// The file's text: the options' names in their order, as fields.
fn render(a: &Args, signed_by: Option<&str>) -> String {
    let flag = |v: Option<bool>| v.map(|b| if b { "yes" } else { "no" }.to_owned());
    let list = |v: &Option<Vec<String>>| v.as_ref().map(|l| l.join(" "));
    let fields = [
        ("Allow-Downgrade-To-Insecure", flag(a.allow_downgrade_to_insecure)),
        ("Allow-Insecure", flag(a.allow_insecure)),
        ("Allow-Weak", flag(a.allow_weak)),
        ("Architectures", list(&a.architectures)),
        ("By-Hash", flag(a.by_hash)),
        ("Check-Date", flag(a.check_date)),
        ("Check-Valid-Until", flag(a.check_valid_until)),
        ("Components", list(&a.components)),
        ("Date-Max-Future", a.date_max_future.map(|n| n.to_string())),
        ("Enabled", flag(a.enabled)),
        ("Exclude", list(&a.exclude)),
        ("Include", list(&a.include)),
        ("Inrelease-Path", a.inrelease_path.clone()),
        ("Languages", list(&a.languages)),
        ("X-Repolib-Name", Some(a.name.clone())),
        ("Pdiffs", flag(a.pdiffs)),
        ("Signed-By", signed_by.map(str::to_owned)),
        ("Suites", list(&a.suites)),
        ("Targets", list(&a.targets)),
        ("Trusted", flag(a.trusted)),
        ("Types", Some(a.types.join(" "))),
        ("URIs", list(&a.uris)),
    ];
    fields.iter().filter_map(|(name, v)| v.as_ref().map(|v| field(name, v))).collect()
}

/// One field; a value of several lines stands below its name, empty lines as a dot.
fn field(name: &str, value: &str) -> String {
    if !value.contains('\n') {
        return format!("{}\n", format!("{name}: {value}").trim_end());
    }
    let lines = value.trim().lines().map(str::trim).map(|l| format!("    {}\n", if l.is_empty() { "." } else { l }));
    format!("{name}:\n{}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn fields_of_one_line_and_of_several() {
        assert_eq!(field("Suites", "a b"), "Suites: a b\n");
        assert_eq!(field("Components", ""), "Components:\n");
        assert_eq!(field("Signed-By", "-----BEGIN\n\nab \n-----END\n"), "Signed-By:\n    -----BEGIN\n    .\n    ab\n    -----END\n");
    }
}
