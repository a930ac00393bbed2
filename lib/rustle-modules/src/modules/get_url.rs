//! Downloads a file, unless it is there already.
//!
//! Not supported natively, and refused: `use_gssapi`, `ciphers`. Digest authentication fails like a wrong password.
//!
//! Speaks HTTPS.

use crate::http::{Request, file_name, http_date, refuse, shown};
use crate::paths::{basename, dirname, join, readable, writable};
use crate::{Ctx, Dict, Failure, FileArgs, Module, Outcome, Params, PathArg, Scope, Support, hash, params};
use rustle_value::py_str;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

params! {
    /// Options of `get_url`.
    pub struct Args with { file: FileArgs } {
        /// Where to get it: HTTP or HTTPS.
        url: String => required();
        /// Where it goes. In a folder, the server or the URL names it.
        dest: PathArg => required();
        /// Ciphers for TLS; refused.
        ciphers: Option<Vec<String>>;
        /// Whether to undo a gzip encoding of the answer.
        decompress: bool => default("yes");
        /// The folder for the temporary file.
        tmp_dest: Option<PathArg>;
        /// Download even if the file is there; else only if the server has a newer one.
        force: bool => default("no");
        /// Whether to keep a copy of what was there.
        backup: bool => default("no");
        /// What the file must have: `algorithm:value`, or `algorithm:url` of a list of checksums.
        checksum: String => default("");
        /// Whether to heed the environment's proxies.
        use_proxy: bool => default("yes");
        /// Whether the server's certificate must be valid.
        validate_certs: bool => default("yes");
        /// Seconds to wait for the server.
        timeout: i64 => default("10");
        /// Headers of the request.
        headers: Option<Dict>;
        /// The user's name for Basic authentication.
        url_username: Option<String> => aliases(&["username"]);
        /// The password for Basic authentication.
        url_password: Option<String> => aliases(&["password"]), no_log();
        /// Whether to send the credentials without being asked.
        force_basic_auth: bool => default("no");
        /// A client certificate (PEM).
        client_cert: Option<PathArg>;
        /// Its key, if it is not in the same file.
        client_key: Option<PathArg>;
        /// What to call ourselves.
        http_agent: String => default("ansible-httpget");
        /// Headers that redirects don't carry along.
        unredirected_headers: Vec<String> => default("");
        /// Kerberos; refused.
        use_gssapi: bool => default("no");
        /// Accepted and not used: credentials come from the options.
        use_netrc: bool => default("yes");
    }
}

const EXAMPLES: &str = "
- name: A file with a known checksum
  ansible.builtin.get_url:
    url: https://example.com/path/file.conf
    dest: /etc/foo.conf
    mode: '0440'
    checksum: sha256:b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c
";

pub static MODULE: Module = Module {
    check: Support::Full,
    scope: Scope::World,
    ..Module::new::<Args>("ansible.builtin.get_url", "Downloads files", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn request(args: &Args, url: &str) -> Request {
    Request {
        headers: args.headers.iter().flat_map(|h| h.iter()).map(|(k, v)| (py_str(k), py_str(v))).collect(),
        unredirected: args.unredirected_headers.clone(),
        timeout: args.timeout.max(1) as u64,
        agent: args.http_agent.clone(),
        user: args.url_username.clone(),
        password: args.url_password.clone(),
        force_basic_auth: args.force_basic_auth,
        validate_certs: args.validate_certs,
        client_cert: args.client_cert.as_ref().map(|p| p.0.clone()),
        client_key: args.client_key.as_ref().map(|p| p.0.clone()),
        use_proxy: args.use_proxy,
        decompress: args.decompress,
        ..Request::get(url)
    }
}

fn run(ctx: &mut Ctx, args: Args) -> Result<Outcome, Failure> {
    if args.use_gssapi {
        return Err(refuse("use_gssapi"));
    }
    if args.ciphers.as_ref().is_some_and(|c| !c.is_empty()) {
        return Err(refuse("ciphers"));
    }
    let start = std::time::Instant::now();
    let mut dest = args.dest.0.clone();
    let url = shown(&args.url);
    let common = |dest: &str, o: Outcome| o.with("dest", dest).with("url", url.as_str()).with("elapsed", start.elapsed().as_secs() as i64);
    let wanted = wanted_checksum(ctx, &args)?;
    let folder = Path::new(&dest).is_dir();
    let mut force = args.force;
    let mut since = None;
    if !folder && Path::new(&dest).exists() {
        if let (Some((algorithm, value)), false) = (&wanted, args.force) {
            if hash::hash_file(&dest, algorithm).is_ok_and(|h| h == *value) {
                let changed = ctx.set_file_attributes(&dest, &args.file, false, None)?;
                let null = || rustle_value::Value::Null;
                return Ok(common(&dest, Outcome::changed(changed)).with("msg", if changed { "file already exists but file attributes changed" } else { "file already exists" }).with("checksum_dest", null()).with("checksum_src", null()));
            }
            force = true;
        }
        since = fs::metadata(&dest).ok().map(|m| m.mtime());
    }
    let mut req = request(&args, &args.url);
    match since {
        _ if force => req.headers.push(("cache-control".into(), "no-cache".into())),
        Some(t) => req.headers.push(("If-Modified-Since".into(), http_date(t))),
        None => {}
    }
    if ctx.check_mode {
        req.method = "HEAD".into();
    }
    let fail = |f: Failure, dest: &str| f.with("dest", dest).with("url", url.as_str()).with("elapsed", start.elapsed().as_secs() as i64);
    let answer = req.send(ctx).map_err(|e| fail(Failure::new(e), &dest))?;
    if answer.status == 304 {
        return Ok(common(&dest, Outcome::changed(false)).with("msg", answer.message()).with("status_code", 304));
    }
    if answer.status != 200 {
        let status = answer.status as i64;
        return Err(fail(Failure::new("Request failed").with("status_code", status).with("response", answer.message()), &dest));
    }
    if folder {
        dest = join(&dest, &file_name(&answer));
    }
    let tmp_folder = args.tmp_dest.as_ref().map_or_else(|| ctx.tmpdir().to_string_lossy().into_owned(), |t| t.0.clone());
    if args.tmp_dest.is_some() && !Path::new(&tmp_folder).is_dir() {
        let what = if Path::new(&tmp_folder).exists() { "is a file but should be a directory." } else { "directory does not exist." };
        return Err(fail(Failure::new(format!("{tmp_folder} {what}")), &dest));
    }
    let src = format!("{tmp_folder}/ansible-moduletmp-{:.7}-{}/tmp", crate::times::now(), std::process::id());
    let sum = hash::sha1(&answer.body);
    let old = hash::hash_file(&dest, "sha1").ok();
    let known = |f: Failure| fail(f.with("changed", false).with("checksum_src", sum.as_str()).with("checksum_dest", old.clone()).with("src", src.as_str()), &dest);
    if let Some((algorithm, value)) = wanted.as_ref().filter(|_| !ctx.check_mode) {
        let have = hash::hasher(algorithm).map(|mut h| {
            h.update(&answer.body);
            hash::hex(&h.finalize())
        });
        if have.as_ref() != Some(value) {
            let have = have.unwrap_or_default();
            return Err(known(Failure::new(format!("The checksum for {src} did not match {value}; it was {have}."))));
        }
    }
    if Path::new(&dest).exists() {
        if !writable(&dest) {
            return Err(known(Failure::new(format!("Destination {dest} is not writable"))));
        }
        if !readable(&dest) {
            return Err(known(Failure::new(format!("Destination {dest} is not readable"))));
        }
    } else {
        let parent = dirname(&dest);
        let parent = if parent.is_empty() { "." } else { parent };
        if !Path::new(parent).exists() {
            return Err(known(Failure::new(format!("Destination {parent} does not exist"))));
        }
        if !writable(parent) {
            return Err(known(Failure::new(format!("Destination {parent} is not writable"))));
        }
    }
    let mut changed = old.as_deref() != Some(&sum);
    let mut o = common(&dest, Outcome::default()).with("msg", answer.message()).with("src", src.as_str()).with("checksum_src", sum.as_str()).with("checksum_dest", old);
    if ctx.check_mode {
        return Ok(o.with("changed", changed));
    }
    if changed {
        if args.backup {
            if let Some(b) = ctx.backup(&dest)? {
                o.set("backup_file", b);
            }
        }
        ctx.write_atomic(&dest, &answer.body, args.file.unsafe_writes)?;
    }
    changed = ctx.set_file_attributes(&dest, &args.file, changed, None)?;
    Ok(o.with("changed", changed).with("md5sum", hash::md5(&answer.body)).with("status_code", answer.status as i64))
}

/// `(algorithm, value)` that the file must have.
fn wanted_checksum(ctx: &Ctx, args: &Args) -> Result<Option<(String, String)>, Failure> {
    if args.checksum.is_empty() {
        return Ok(None);
    }
    let told = |f: Failure, url: String| f.with("dest", args.dest.0.as_str()).with("url", url).with("elapsed", 0);
    let wrong = |msg: &str| {
        let null = || rustle_value::Value::Null;
        told(Failure::new(msg).with("checksum_dest", null()).with("checksum_src", null()), shown(&args.url))
    };
    let form = || wrong("The checksum parameter has to be in format <algorithm>:<checksum>");
    let (algorithm, value) = args.checksum.split_once(':').ok_or_else(form)?;
    let algorithm = algorithm.trim().to_string();
    if hash::hasher(&algorithm).is_none() {
        return Err(Failure::new(format!("Could not hash file with algorithm '{algorithm}'. Available algorithms: {}", hash::ALGORITHMS.join(", "))));
    }
    let value = value.trim();
    if !(value.starts_with("http://") || value.starts_with("https://")) {
        let clean: String = value.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_lowercase();
        if clean.is_empty() || !clean.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong("The checksum format is invalid"));
        }
        return Ok(Some((algorithm, clean)));
    }
    let list = request(args, value).send(ctx).map_err(Failure::new)?;
    if list.status != 200 {
        let failed = Failure::new("Request failed").with("status_code", list.status as i64).with("response", list.message());
        return Err(told(failed, shown(value)));
    }
    let path = args.url.split(['?', '#']).next().unwrap_or_default();
    let name = basename(path);
    let text = String::from_utf8_lossy(&list.body).into_owned();
    let lines: Vec<Vec<&str>> = text.lines().map(|l| l.split_whitespace().collect::<Vec<_>>()).filter(|w| !w.is_empty()).collect();
    let single = match &lines[..] {
        [one] if one.len() == 1 => Some(one[0].to_string()),
        _ => None,
    };
    let found = lines.iter().find(|w| w.len() >= 2 && basename(w[1].trim_start_matches(['*', '.', '/'])) == name).map(|w| w[0].to_string());
    single.or(found).map(|v| Some((algorithm, v.to_lowercase()))).ok_or_else(|| Failure::new(format!("Unable to find a checksum for file '{name}' in '{value}'")))
}
