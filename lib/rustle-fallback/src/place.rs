//! Folders for temporary files on the host: one per identity, which alone may enter it.
//!
//! A shell on the host holds the folder: it makes it, waits for the end of its input and removes it. So nothing is
//! left even where the controller dies or the network goes away.

use crate::remote::Remote;
use crate::shell::{Running, quote, token};
use crate::trouble::Trouble;
use rustle_stream::protocol::{Become, ModuleRequest};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A folder, as long as this lives.
pub(crate) struct Place {
    pub path: String,
    holder: Mutex<Option<Running>>,
}

/// The host's part. `$@`: folders to try.
const HOLD: &str = r#"umask 077
for b in "$@"; do
  mkdir -p "$b" 2>/dev/null
  d="$b/ansible-tmp-$t"
  mkdir "$d" 2>/dev/null && break
  d=
done
[ -n "$d" ] || { echo "PLACE $t"; exit 1; }
trap 'rm -rf "$d"; exit' 1 2 13 15
echo "PLACE $t $d"
cat >/dev/null
rm -rf "$d""#;

impl Place {
    fn open(remote: &Remote, elevate: Option<&Become>, wished: Option<&str>) -> Result<Place, Trouble> {
        let token = token();
        let first = match wished.unwrap_or("~/.ansible/tmp") {
            tmp if tmp == "~" || tmp.starts_with("~/") => format!("\"$HOME\"{}", quote(&tmp[1..])),
            tmp => quote(tmp),
        };
        let line = format!("t={token}; set -- {first} /var/tmp /tmp /dev/shm; {HOLD}");
        let mut holder = remote.start(&line, elevate)?;
        let answer = format!("PLACE {token}");
        while let Some(said) = holder.line(Duration::from_secs(60)) {
            match said.trim_end().strip_prefix(&answer) {
                Some(path) if !path.trim().is_empty() => return Ok(Place { path: path.trim().to_owned(), holder: Mutex::new(Some(holder)) }),
                Some(_) => break,
                None => {}
            }
        }
        holder.control.wait_for(Some(Duration::from_secs(5)))?;
        let words = holder.words();
        Err(Trouble::failed(format!("Failed to create temporary directory. No folder on the host can be written to. {}", words.trim()).trim_end()))
    }
}

impl Drop for Place {
    /// The host removes the folder when its shell's input ends.
    fn drop(&mut self) {
        if let Some(Running { stdin, mut control, .. }) = self.holder.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            drop(stdin);
            _ = control.wait_for(Some(Duration::from_secs(3)));
        }
    }
}

impl Remote {
    /// The folder of the identity that the request runs under.
    pub(crate) fn place(&self, request: &ModuleRequest) -> Result<Arc<Place>, Trouble> {
        let mut places = self.places();
        if let Some(place) = places.get(&request.elevate) {
            return Ok(place.clone());
        }
        let wished = request.hints.get("ansible_remote_tmp").map(rustle_value::py_str);
        let place = Arc::new(Place::open(self, request.elevate.as_ref(), wished.as_deref())?);
        places.insert(request.elevate.clone(), place.clone());
        Ok(place)
    }
    /// Puts `content` into a file of that folder; its path.
    pub(crate) fn put(&self, request: &ModuleRequest, name: &str, content: &[u8]) -> Result<String, Trouble> {
        let place = self.place(request)?;
        let path = format!("{}/{}{name}", place.path, self.number());
        self.write(request, &path, 0o600, content)?;
        Ok(path)
    }
    /// Writes a file at `path`, which is below the folder.
    pub(crate) fn write(&self, request: &ModuleRequest, path: &str, mode: u32, content: &[u8]) -> Result<(), Trouble> {
        let p = quote(path);
        let line = format!("umask 077; cat > {p} && chmod {mode:o} {p}");
        let out = self.run(&line, content, request.elevate.as_ref(), request.timeout)?;
        if out.code != 0 {
            return Err(Trouble::failed(format!("failed to transfer file to {path}: {}", out.stderr.trim())));
        }
        Ok(())
    }
    /// A folder of its own below that folder.
    pub(crate) fn folder(&self, request: &ModuleRequest) -> Result<String, Trouble> {
        let path = format!("{}/{}", self.place(request)?.path, self.number());
        let out = self.run(&format!("umask 077; mkdir {}", quote(&path)), b"", request.elevate.as_ref(), request.timeout)?;
        if out.code != 0 {
            return Err(Trouble::failed(format!("Failed to create temporary directory: {}", out.stderr.trim())));
        }
        Ok(path)
    }
    /// Removes such a file. One that is gone already is fine.
    pub(crate) fn remove(&self, request: &ModuleRequest, path: &str) -> Result<(), Trouble> {
        self.run(&format!("rm -rf {}", quote(path)), b"", request.elevate.as_ref(), None).map(drop)
    }
}
