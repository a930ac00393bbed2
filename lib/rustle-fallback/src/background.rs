//! `async`: jobs that outlive the task that started them. Their state stands where Ansible's `async_status` looks.

use crate::remote::Remote;
use crate::shell::quote;
use crate::trouble::Trouble;
use rustle_modules::foreign::Job;
use rustle_stream::protocol::ModuleRequest;
use rustle_value::{Dict, dict, py_str};

/// Where jobs leave their results, as Ansible has it.
pub(crate) fn folder(request: &ModuleRequest) -> String {
    let named = request.hints.get("ansible_async_dir").map(py_str).or_else(|| request.environment.get("ANSIBLE_ASYNC_DIR").map(py_str));
    named.unwrap_or_else(|| "~/.ansible_async".into())
}

/// Starts the program in the background and answers at once. A shell of the host watches over it: it ends the job when
/// its time is up, and writes the result whole or not at all.
pub(crate) fn start(remote: &Remote, request: &ModuleRequest, job: &Job, limit: u64) -> Result<Dict, Trouble> {
    let stamp = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    let id = format!("j{}.{}", stamp % 1_000_000_000_000, remote.number());
    let folder = match folder(request).as_str() {
        d if d.starts_with("~/") => format!("\"$HOME\"{}", quote(&d[1..])),
        d => quote(d),
    };
    let environment = crate::python::environment(request);
    // The job has no terminal, no input but its program, and nobody who waits for its output.
    let watch = WATCH.replace("@RUN@", &format!("{environment}{}", job.command)).replace("@JOB@", &id).replace("@LIMIT@", &limit.max(1).to_string());
    let line = format!(
        "umask 077; d={folder}; mkdir -p \"$d\" && f=\"$d\"/{id} && cat > \"$f.program\" && \
         echo '{{\"started\": true, \"finished\": false, \"ansible_job_id\": \"{id}\"}}' > \"$f\" && \
         {{ f=\"$f\" /bin/sh -c {} </dev/null >/dev/null 2>&1 & }} && echo \"JOB $f\"",
        quote(&watch)
    );
    let out = remote.run(&line, &job.stdin, request.elevate.as_ref(), request.timeout)?;
    let text = out.text();
    let Some(file) = text.lines().rev().find_map(|l| l.strip_prefix("JOB ")) else {
        return Err(Trouble::failed(format!("could not start the job: {}", out.stderr.trim())));
    };
    Ok(dict! { "started" => true, "finished" => false, "changed" => true, "ansible_job_id" => id, "results_file" => file })
}

/// The job's guard. Job and alarm are groups of their own, so that all of either can be ended.
const WATCH: &str = r#"command -v setsid >/dev/null || setsid() { "$@"; }
setsid env @RUN@ <"$f.program" >"$f.out" 2>"$f.err" & p=$!
p=$p setsid sh -c 'sleep @LIMIT@; : >"$f.late"; kill -9 -$p || kill -9 $p' 2>/dev/null & k=$!
wait $p 2>/dev/null
kill -9 -$k 2>/dev/null || kill -9 $k 2>/dev/null
s=", \"started\": true, \"finished\": true, \"ansible_job_id\": \"@JOB@\"}"
j=$(grep "^{" "$f.out" | tail -n 1)
if [ -e "$f.late" ]; then
  echo "{\"failed\": true, \"msg\": \"job reached maximum time limit of @LIMIT@ seconds.\", \"child_pid\": $p$s" >"$f.tmp"
elif [ -n "$j" ]; then
  printf "%s%s\n" "${j%\}}" "$s" >"$f.tmp"
else
  echo "{\"failed\": true, \"msg\": \"the job printed no result\"$s" >"$f.tmp"
fi
mv "$f.tmp" "$f"
rm -f "$f.program" "$f.out" "$f.err" "$f.late""#;
