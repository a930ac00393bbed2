//! Talks to a web service.
//!
//! Not supported natively, and refused: `unix_socket`, `use_gssapi`, `ciphers`, `body_format=form-multipart`.
//!
//! Speaks HTTPS.

use crate::http::{Request, Response, file_name, http_date, refuse, resolve, shown};
use crate::paths::join;
use crate::{Ctx, Dict, Failure, FileArgs, Module, Outcome, Params, PathArg, Rule, Scope, Support, Value, hash, params};
use rustle_value::{JsonStyle, from_json, py_str, to_json_string};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

params! {
    /// Options of `uri`.
    pub struct Args with { file: FileArgs } {
        /// Where to send the request.
        url: String => required();
        /// A file or folder for the answer.
        dest: Option<PathArg>;
        /// Ciphers for TLS; refused.
        ciphers: Option<Vec<String>>;
        /// Whether to undo a gzip encoding of the answer.
        decompress: bool => default("yes");
        /// The user's name for Basic authentication.
        url_username: Option<String> => aliases(&["user"]);
        /// The password for Basic authentication.
        url_password: Option<String> => aliases(&["password"]), no_log();
        /// What to send.
        body: Option<Value>;
        /// How to send it.
        body_format: String => default("raw"), choices(&["form-urlencoded", "json", "raw", "form-multipart"]);
        /// The method.
        method: String => default("GET");
        /// Whether the result has the answer's content.
        return_content: bool => default("no");
        /// Whether to send the credentials without being asked.
        force_basic_auth: bool => default("no");
        /// Which redirects to follow.
        follow_redirects: String => default("safe"), choices(&["all", "no", "none", "safe", "urllib2", "yes"]);
        /// Do nothing if this path is there.
        creates: Option<PathArg>;
        /// Do nothing unless this path is there.
        removes: Option<PathArg>;
        /// Statuses that are a success.
        status_code: Vec<i64> => default("200");
        /// Seconds to wait for the server.
        timeout: i64 => default("30");
        /// Headers of the request.
        headers: Dict => default("");
        /// Whether the server's certificate must be valid.
        validate_certs: bool => default("yes");
        /// A client certificate (PEM).
        client_cert: Option<PathArg>;
        /// Its key, if it is not in the same file.
        client_key: Option<PathArg>;
        /// A file with the certificates to trust.
        ca_path: Option<PathArg>;
        /// A file whose content is sent.
        src: Option<PathArg>;
        /// The content of the controller's file.
        _source: Option<Value> => internal();
        /// Whether `src` is on the host.
        remote_src: bool => default("no");
        /// Ask for the content even if `dest` is not older.
        force: bool => default("no");
        /// Whether to heed the environment's proxies.
        use_proxy: bool => default("yes");
        /// A Unix socket; refused.
        unix_socket: Option<PathArg>;
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
- name: The service answers
  ansible.builtin.uri:
    url: https://www.example.com/health
    return_content: true
  register: health

- name: A new issue
  ansible.builtin.uri:
    url: https://issues.example.com/rest/issue
    method: POST
    body:
      title: Broken
    body_format: json
    status_code: 201
";

pub static MODULE: Module = Module {
    check: Support::None,
    scope: Scope::World,
    rules: &[Rule::MutuallyExclusive(&["body", "src"])],
    ..Module::new::<Args>("ansible.builtin.uri", "Talks to web services", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, args: Args) -> Result<Outcome, Failure> {
    for (given, name) in [
        (args.unix_socket.is_some(), "unix_socket"),
        (args.use_gssapi, "use_gssapi"),
        (args.ciphers.as_ref().is_some_and(|c| !c.is_empty()), "ciphers"),
        (args.body_format == "form-multipart", "body_format=form-multipart"),
    ] {
        if given {
            return Err(refuse(name));
        }
    }
    let there = |p: &Option<PathArg>| p.as_ref().map(|p| (p.0.clone(), Path::new(&p.0).exists()));
    match (there(&args.creates), there(&args.removes)) {
        (Some((p, true)), _) => return Ok(Outcome::changed(false).with("stdout", format!("skipped, since '{p}' exists"))),
        (_, Some((p, false))) => return Ok(Outcome::changed(false).with("stdout", format!("skipped, since '{p}' does not exist"))),
        _ => {}
    }
    let start = std::time::Instant::now();
    let (body, content_type) = body(ctx, &args)?;
    let mut headers: Vec<(String, String)> = args.headers.iter().map(|(k, v)| (py_str(k), py_str(v))).collect();
    if let Some(t) = content_type.filter(|_| !headers.iter().any(|(k, _)| k.eq_ignore_ascii_case("content-type"))) {
        headers.push(("Content-Type".into(), t.into()));
    }
    if let Some(d) = args.dest.as_ref().filter(|_| !args.force) {
        if let Some(m) = fs::metadata(&d.0).ok().filter(|m| m.is_file()) {
            headers.push(("If-Modified-Since".into(), http_date(m.mtime())));
        }
    }
    if args.force {
        headers.push(("cache-control".into(), "no-cache".into()));
    }
    let request = Request {
        method: args.method.to_uppercase(),
        headers,
        unredirected: args.unredirected_headers.clone(),
        body,
        timeout: args.timeout.max(1) as u64,
        agent: args.http_agent.clone(),
        user: args.url_username.clone(),
        password: args.url_password.clone(),
        force_basic_auth: args.force_basic_auth,
        validate_certs: args.validate_certs,
        ca_path: args.ca_path.as_ref().map(|p| p.0.clone()),
        client_cert: args.client_cert.as_ref().map(|p| p.0.clone()),
        client_key: args.client_key.as_ref().map(|p| p.0.clone()),
        use_proxy: args.use_proxy,
        follow: args.follow_redirects.clone(),
        decompress: args.decompress,
        ..Request::get(&args.url)
    };
    let accepted = args.status_code.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    let elapsed = |s: std::time::Instant| s.elapsed().as_secs() as i64;
    let answer = request.send(ctx).map_err(|e| {
        Failure::new(format!("Status code was -1 and not [{accepted}]: {e}"))
            .with("changed", false)
            .with("elapsed", elapsed(start))
            .with("redirected", false)
            .with("status", -1)
            .with("url", shown(&args.url))
    })?;
    let mut result = describe(&answer);
    result.insert("elapsed", elapsed(start));
    let mut changed = false;
    if let Some(d) = &args.dest {
        let path = if Path::new(&d.0).is_dir() { join(&d.0, &file_name(&answer)) } else { d.0.clone() };
        if answer.status != 304 && hash::hash_file(&path, "sha1").ok() != Some(hash::sha1(&answer.body)) {
            ctx.write_atomic(&path, &answer.body, args.file.unsafe_writes)?;
            changed = true;
        }
        // Where nothing came, nothing is set.
        let file = if answer.status == 304 { crate::FileArgs::none() } else { args.file.clone() };
        changed = ctx.set_file_attributes(&path, &file, changed, None)?;
        result.insert("path", path);
    }
    result.insert("changed", changed);
    let text = || answer.text();
    if is_json(&answer) {
        if let Ok(j) = serde_json::from_slice::<serde_json::Value>(&answer.body) {
            result.insert("json", from_json(j));
        }
    }
    if args.return_content {
        result.insert("content", text());
    }
    let message = answer.message();
    if !args.status_code.contains(&i64::from(answer.status)) {
        let msg = format!("Status code was {} and not [{accepted}]: {message}", answer.status);
        return Err(Failure { msg, result });
    }
    result.insert("msg", message);
    Ok(result.into())
}

/// Headers, cookies and the rest.
fn describe(r: &Response) -> Dict {
    let mut d = Dict::new();
    d.insert("redirected", r.redirected);
    d.insert("url", r.url.as_str());
    d.insert("status", i64::from(r.status));
    let mut cookies = Dict::new();
    let mut words = Vec::new();
    for (k, v) in &r.headers {
        // Where a redirect leads is told in full.
        let v = &if k == "location" { resolve(&r.url, v) } else { v.clone() };
        let key = k.replace('-', "_");
        let joined = match d.get(&key).filter(|_| !["url", "status", "redirected"].contains(&key.as_str())) {
            Some(old) => format!("{old}, {v}"),
            None => v.clone(),
        };
        d.insert(key, joined);
        if k == "set-cookie" {
            if let Some((name, value)) = v.split(';').next().and_then(|c| c.split_once('=')) {
                cookies.insert(name.trim(), value.trim());
                words.push(format!("{}={}", name.trim(), value.trim()));
            }
        }
    }
    if r.status < 300 {
        d.insert("cookies_string", words.join("; "));
        d.insert("cookies", Value::dict(cookies));
    }
    d
}

fn is_json(r: &Response) -> bool {
    let kind = r.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim().to_lowercase();
    let sub = kind.rsplit('/').next().unwrap_or_default();
    matches!(sub, "json" | "javascript") || sub.ends_with("+json")
}

/// The request's content and its type.
fn body(ctx: &Ctx, args: &Args) -> Result<(Option<Vec<u8>>, Option<&'static str>), Failure> {
    if let Some(blob) = &args._source {
        return Ok((ctx.blob(blob)?.map(|b| b.to_vec()), None));
    }
    if let Some(src) = &args.src {
        let data = fs::read(&src.0).map_err(|_| Failure::new(format!("Unable to open source file {src}")))?;
        return Ok((Some(data), None));
    }
    let json = args.body_format == "json";
    let Some(body) = args.body.as_ref().filter(|b| !b.is_null()).or(json.then_some(&Value::Null)) else { return Ok((None, None)) };
    Ok(match args.body_format.as_str() {
        "json" => {
            let text = if body.is_string() { py_str(body) } else { to_json_string(body, &JsonStyle::default()) };
            (Some(text.into_bytes()), Some("application/json"))
        }
        "form-urlencoded" => (Some(form(body)?.into_bytes()), Some("application/x-www-form-urlencoded")),
        // Python's client names this type where the user names none.
        _ => (Some(crate::text::content_bytes(body)), Some("application/x-www-form-urlencoded")),
    })
}

fn form(body: &Value) -> Result<String, Failure> {
    let pair = |k: &Value, v: &Value| -> Vec<(String, String)> {
        match v {
            Value::List(l) | Value::Tuple(l) => l.iter().map(|x| (py_str(k), py_str(x))).collect(),
            _ => vec![(py_str(k), py_str(v))],
        }
    };
    let pairs: Vec<(String, String)> = match body {
        Value::Str(s) => return Ok(s.to_string()),
        Value::Dict(d) => d.iter().flat_map(|(k, v)| pair(k, v)).collect(),
        Value::List(l) => l
            .iter()
            .map(|item| match item.as_list() {
                Some([k, v]) => Ok(pair(k, v)),
                _ => Err(Failure::new("failed to parse body as form_urlencoded: not a list of pairs")),
            })
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect(),
        _ => return Err(Failure::new("failed to parse body as form_urlencoded: not a dictionary")),
    };
    Ok(pairs.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect::<Vec<_>>().join("&"))
}

fn encode(s: &str) -> String {
    s.bytes()
        .map(|b| match b {
            b' ' => "+".to_string(),
            b if b.is_ascii_alphanumeric() || b"_.-~".contains(&b) => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}
