//! Runners of other machines: from a folder and from a server, and everything that must not be taken.

mod machine;

use machine::{ARM, Machine, target, unprebuilt};
use rustle_build::{Pushed, Settings, push, wanted};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

/// A server that keeps what is PUT to it in a folder. It wants a token.
fn serve(dir: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let dir = dir.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let dir = dir.clone();
            std::thread::spawn(move || while answer(&stream.as_ref().unwrap().try_clone().unwrap(), &dir).is_some() {});
        }
    });
    address
}

fn answer(mut stream: &TcpStream, dir: &Path) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let (mut length, mut allowed) = (0, false);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(": ")?;
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => allowed = value == "Bearer t0ken",
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let file: PathBuf = dir.join(path.trim_start_matches('/'));
    let (code, content) = match (method.as_str(), allowed) {
        (_, false) => ("401 Unauthorized", Vec::new()),
        ("PUT", _) => {
            std::fs::create_dir_all(file.parent()?).ok()?;
            std::fs::write(&file, body).ok()?;
            ("201 Created", Vec::new())
        }
        _ => std::fs::read(&file).map_or(("404 Not Found", Vec::new()), |c| ("200 OK", c)),
    };
    write!(stream, "HTTP/1.1 {code}\r\nContent-Length: {}\r\n\r\n", content.len()).ok()?;
    if method != "HEAD" {
        stream.write_all(&content).ok()?;
    }
    stream.flush().ok()
}

fn give(m: &Machine) -> Result<Pushed, String> {
    push(&m.env(), &m.cache()).map_err(|e| e.to_string())
}

/// A machine that has built a runner.
fn builder() -> Machine {
    let m = Machine::new(&[ARM], false);
    assert_eq!(m.obtain(unprebuilt(), &wanted(&[target("a", ARM)]))[0].source, "zigbuild");
    m
}

/// A machine that cannot build, with another compiler than the others.
fn taker() -> Machine {
    let m = Machine::new(&[], false);
    m.script("rustc", &format!("[ $1 = --print ] && echo {} || echo rustc 1.90.0", m.path("sysroot").display()));
    m
}

fn take(m: &Machine, settings: Settings) -> Result<String, String> {
    let got = m.obtain(settings, &wanted(&[target("a", ARM)])).remove(0);
    got.failed.map_or(Ok(got.source), Err)
}

#[test]
fn pinned_runners_come_from_a_folder() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().to_str().unwrap();
    let mut a = builder();
    assert!(give(&a).unwrap_err().contains("no place is named"));
    a.set("RUSTLE_CACHE_REMOTE", folder);
    let pushed = give(&a).unwrap();
    assert_eq!((pushed.new, pushed.all, pushed.key.is_none()), (1, 1, true));
    let mut b = taker();
    b.set("RUSTLE_CACHE_REMOTE", folder);
    let why = take(&b, unprebuilt()).unwrap_err();
    assert!(why.contains("cache.remote: nothing says whom to believe"), "{why}");
    b.set("RUSTLE_CACHE_REMOTE_INDEX", "0".repeat(64));
    let why = take(&b, unprebuilt()).unwrap_err();
    assert!(why.contains(&format!("the list's digest is {}", pushed.digest)), "{why}");
    b.set("RUSTLE_CACHE_REMOTE_INDEX", pushed.digest.to_uppercase());
    // What lies there under the right name with other bytes in it is not taken.
    let runner = std::fs::read_dir(place.path().join("runners")).unwrap().next().unwrap().unwrap().path();
    let good = std::fs::read(&runner).unwrap();
    let mut bad = good.clone();
    bad[40] ^= 1;
    std::fs::write(&runner, bad).unwrap();
    let why = take(&b, unprebuilt()).unwrap_err();
    assert!(why.contains("is damaged: its digest is "), "{why}");
    std::fs::write(&runner, [&good[..], b"more"].concat()).unwrap();
    assert!(take(&b, unprebuilt()).unwrap_err().contains("it is larger than 64 bytes"));
    std::fs::remove_file(&runner).unwrap();
    assert!(take(&b, unprebuilt()).unwrap_err().contains("is in the list and not there"));
    std::fs::write(&runner, &good).unwrap();
    let small = Settings { size_limit: 63, ..unprebuilt() };
    assert!(take(&b, small).unwrap_err().contains("the runner has 64 bytes, more than the limit"));
    // A folder needs no network.
    b.said();
    assert_eq!(take(&b, Settings { offline: true, ..unprebuilt() }).unwrap(), "remote");
    assert!(b.said().contains("Fetched {"));
    assert_eq!(take(&b, unprebuilt()).unwrap(), "cache");
    // Another choice of features is another runner, which the place has not.
    let other = Settings { features: vec!["module-copy".into()], ..unprebuilt() };
    let why = take(&b, other).unwrap_err();
    assert!(why.contains(&format!("cache.remote: {folder} has no such runner; ")) && why.contains("is not installed"), "{why}");
}

#[test]
fn signed_runners_come_from_a_server() {
    let place = tempfile::tempdir().unwrap();
    let address = serve(place.path());
    let mut a = builder();
    let token = a.path("token");
    std::fs::write(&token, "t0ken\n").unwrap();
    a.set("RUSTLE_CACHE_REMOTE", address.as_str());
    a.set("RUSTLE_CACHE_SIGNING_KEY", a.path("key").display().to_string());
    assert!(give(&a).unwrap_err().contains("the server answers 401"));
    a.set("RUSTLE_CACHE_REMOTE_TOKEN", token.display().to_string());
    let first = give(&a).unwrap();
    let (key, made) = first.key.unwrap();
    assert!(!made, "the refused push had made it");
    assert_eq!(key.len(), 64);
    let again = give(&a).unwrap();
    assert_eq!((again.new, again.all, &again.key.unwrap().0), (0, 1, &key));
    let mut b = taker();
    b.set("RUSTLE_CACHE_REMOTE", address.as_str());
    b.set("RUSTLE_CACHE_REMOTE_TOKEN", token.display().to_string());
    b.set("RUSTLE_CACHE_REMOTE_KEY", "0".repeat(64));
    assert!(take(&b, unprebuilt()).unwrap_err().contains("the list was not signed with cache.remote_key"));
    b.set("RUSTLE_CACHE_REMOTE_KEY", key.as_str());
    let why = take(&b, Settings { offline: true, ..unprebuilt() }).unwrap_err();
    assert!(!why.contains("cache.remote"), "without network nobody is asked: {why}");
    assert_eq!(take(&b, unprebuilt()).unwrap(), "remote");
    // A stranger's list is neither overwritten nor vouched for.
    let mut c = builder();
    c.set("RUSTLE_CACHE_REMOTE", address.as_str());
    c.set("RUSTLE_CACHE_REMOTE_TOKEN", token.display().to_string());
    c.set("RUSTLE_CACHE_SIGNING_KEY", c.path("key").display().to_string());
    let why = give(&c).unwrap_err();
    assert!(why.contains("there is a list already that this machine does not believe"), "{why}");
    // With the same key both add to it.
    std::fs::copy(a.path("key"), c.path("key")).unwrap();
    c.obtain(Settings { profile: Some("small".into()), ..unprebuilt() }, &wanted(&[target("a", ARM)]));
    assert_eq!(give(&c).unwrap().all, 2);
    c.set("RUSTLE_CACHE_REMOTE", "https://user:secret@host/");
    let why = give(&c).unwrap_err();
    assert!(why.contains("no password goes into the address") && !why.contains("secret"), "{why}");
    // A place that cannot be reached is a reason among others.
    b.set("RUSTLE_CACHE_REMOTE", "http://127.0.0.1:1");
    let why = take(&b, Settings { profile: Some("small".into()), ..unprebuilt() }).unwrap_err();
    assert!(why.contains("cache.remote: http://127.0.0.1:1/index.ndjson: ") && why.contains("zigbuild: "), "{why}");
}
