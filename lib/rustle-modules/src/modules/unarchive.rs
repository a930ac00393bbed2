//! Unpacks an archive: tar (plain or compressed) or ZIP; from the controller, the host or the web.
//!
//! As in Ansible, check mode can't tell for tar archives and skips them. Needs GNU tar, or unzip.
//!
//! Speaks HTTPS.

use crate::archive::{Archive, Wish, absolute, shown};
use crate::http::Request;
use crate::moving::TempFile;
use crate::paths::{basename, join, readable};
use crate::{Ctx, Failure, FileArgs, Module, Outcome, Params, PathArg, Rule, Support, Value, params};
use std::fs;
use std::path::Path;

params! {
    /// Options of `unarchive`.
    pub struct Args with { file: FileArgs } {
        /// The archive: on the controller; on the host or at a URL with `remote_src`.
        src: PathArg => required();
        /// The content of the controller's archive.
        _source: Option<Value> => internal();
        /// The name of the controller's archive.
        _original_basename: Option<String> => internal();
        /// The folder to unpack into. It must be there.
        dest: PathArg => required();
        /// Whether the archive is on the host.
        remote_src: bool => default("no");
        /// Whether the archive is copied from the controller; the older opposite of `remote_src`.
        copy: Option<bool>;
        /// A path: where it is there, nothing is done.
        creates: Option<PathArg>;
        /// Whether the result has the names of what is inside.
        list_files: bool => default("no");
        /// Whether files on the host that are newer than those in the archive stay.
        keep_newer: bool => default("no");
        /// Patterns of what is left out.
        exclude: Vec<String> => default("");
        /// Patterns of what is unpacked; everything by default.
        include: Vec<String> => default("");
        /// More options for tar or unzip.
        extra_opts: Vec<String> => default("");
        /// Whether contents are decrypted by the controller; it does that before they come here.
        decrypt: bool => default("yes");
        /// Whether the server's certificate must be valid.
        validate_certs: bool => default("yes");
    }
}

const EXAMPLES: &str = "
- name: An archive of the controller
  ansible.builtin.unarchive:
    src: foo.tgz
    dest: /var/lib/foo

- name: One that is on the host already, without its documentation
  ansible.builtin.unarchive:
    src: /tmp/foo.zip
    dest: /usr/local/bin
    remote_src: true
    exclude: ['doc/*']
";

pub static MODULE: Module = Module {
    check: Support::Partial,
    diff: Support::Partial,
    rules: &[Rule::MutuallyExclusive(&["include", "exclude"])],
    ..Module::new::<Args>("ansible.builtin.unarchive", "Unpacks archives", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, args: Args) -> Result<Outcome, Failure> {
    if let Some(c) = args.creates.as_ref().filter(|c| Path::new(c.as_ref() as &Path).exists()) {
        return Ok(Outcome::ok().with("skipped", true).with("msg", format!("skipped, since {c} exists")).bare());
    }
    // Kept until the end: dropping it removes the file.
    let (src, _temporary) = source(ctx, &args)?;
    if fs::metadata(&src).is_ok_and(|m| m.len() == 0) {
        return Err(Failure::new(format!("Invalid archive '{src}', the file is 0 bytes")));
    }
    if !Path::new(&*args.dest).is_dir() {
        return Err(Failure::new(format!("dest '{}' must be an existing dir", args.dest)));
    }
    let dest = absolute(&args.dest);
    if !args.dest.starts_with('/') {
        ctx.warn(format!("Relative destination path '{}' was resolved to absolute path '{dest}'.", args.dest));
    }
    let wish = Wish {
        src: &src,
        dest: &dest,
        include: &args.include,
        exclude: &args.exclude,
        extra_opts: &args.extra_opts,
        keep_newer: args.keep_newer,
        file: &args.file,
    };
    let mut archive = Archive::open(ctx, &wish)?;
    let mut outcome = Outcome::default().with("handler", archive.handler()).with("dest", &args.dest).with("src", src.as_str());
    if ctx.check_mode && matches!(archive, Archive::Tar { .. }) {
        return Ok(outcome.with("skipped", true).with("msg", "remote module (unarchive) does not support check mode when using gtar").bare());
    }
    let differences = archive.differences(ctx, &wish)?;
    let mut changed = !differences.is_empty();
    if changed && !ctx.check_mode {
        let (words, output) = archive.extract(ctx, &wish)?;
        outcome.set("extract_results", shown(&words, &output));
        if output.rc != 0 {
            return Err(Failure { msg: format!("failed to unpack {src} to {}", args.dest), result: outcome.result });
        }
    }
    // What is not there yet is no difference to show.
    let prepared: String = differences.split_inclusive('\n').filter(|l| !l.trim_end().ends_with(": No such file or directory")).collect();
    if ctx.diff && !prepared.trim().is_empty() {
        outcome.set("diff", Value::dict([("prepared", Value::from(prepared.as_str()))].into_iter().collect()));
    }
    let files = archive.files(&wish);
    if !(ctx.check_mode && changed) {
        changed = attributes(ctx, &args, &dest, &files, changed)?;
    }
    if args.list_files {
        outcome.set("files", files);
    }
    Ok(outcome.with("changed", changed))
}

/// The archive as a file of the host; with it, what removes the file again where it was only brought here for this.
fn source(ctx: &mut Ctx, args: &Args) -> Result<(String, Option<TempFile>), Failure> {
    let content = match &args._source {
        Some(blob) => ctx.blob(blob)?,
        None => None,
    };
    if let Some(content) = content {
        return temporary(ctx, args._original_basename.as_deref().unwrap_or_default(), &content);
    }
    let src = &args.src.0;
    if src.contains("://") {
        return download(ctx, args, src);
    }
    if !Path::new(src).exists() {
        let whose = if args.remote_src || args.copy == Some(false) { "" } else { " failed to transfer" };
        return Err(Failure::new(if whose.is_empty() { format!("Source '{src}' does not exist") } else { format!("Source '{src}'{whose}") }));
    }
    if !readable(src) {
        return Err(Failure::new(format!("Source '{src}' not readable")));
    }
    Ok((absolute(&args.src), None))
}

fn temporary(ctx: &Ctx, name: &str, content: &[u8]) -> Result<(String, Option<TempFile>), Failure> {
    let folder = std::path::absolute(ctx.tmpdir()).unwrap_or_else(|_| ctx.tmpdir());
    let file = TempFile::create(&folder, name, content).map_err(|e| Failure::os(&e, &folder.to_string_lossy()))?;
    Ok((file.path().to_string_lossy().into_owned(), Some(file)))
}

fn download(ctx: &mut Ctx, args: &Args, url: &str) -> Result<(String, Option<TempFile>), Failure> {
    let hidden = match url.split_once("://").and_then(|(scheme, rest)| {
        let end = rest.find('/').unwrap_or(rest.len());
        rest[..end].rfind('@').map(|at| (scheme, &rest[..at], &rest[at + 1..]))
    }) {
        Some((scheme, credentials, rest)) => {
            ctx.secret(credentials);
            format!("{scheme}://****:****@{rest}")
        }
        None => url.to_owned(),
    };
    let request = Request { validate_certs: args.validate_certs, decompress: false, ..Request::get(url) };
    let failed = |why: String| Failure::new(format!("Failure downloading {hidden}, {why}"));
    let answer = request.send(ctx).map_err(failed)?;
    if answer.status != 200 {
        return Err(failed(answer.message()));
    }
    temporary(ctx, basename(url.split(['?', '#']).next().unwrap_or_default()), &answer.body)
}

/// Gives what was unpacked its owner, group and mode; folders at the top, too, that the archive does not name.
fn attributes(ctx: &mut Ctx, args: &Args, dest: &str, files: &[String], mut changed: bool) -> Result<bool, Failure> {
    let mut tops: Vec<&str> = Vec::new();
    for name in files {
        if let Some((top, _)) = name.split_once('/')
            && !tops.contains(&top)
        {
            tops.push(top);
        }
        changed = ctx.set_file_attributes(&join(dest, name), &args.file, changed, None)?;
    }
    for top in tops {
        changed = ctx.set_file_attributes(&join(dest, top), &args.file, changed, None)?;
    }
    Ok(changed)
}
