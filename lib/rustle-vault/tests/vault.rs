//! Vaulted text both ways: fixtures that ansible-vault made, its error messages, and ansible-vault reading ours where
//! it is installed.

use rustle_vault::{Secret, Vault, VaultError, VaultId, load_secrets};
use std::path::{Path, PathBuf};

fn vault(secrets: &[(&str, &str)]) -> Vault {
    let mut v = Vault::new();
    for (id, s) in secrets {
        v.add(*id, Secret::new(*s));
    }
    v
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

#[test]
fn reads_what_ansible_vault_wrote() {
    for (file, id) in [("plain-1.1.yml", "dev"), ("named-1.2.yml", "dev")] {
        let v = vault(&[("other", "nope"), ("dev", "pw1")]);
        let (plain, used) = v.decrypt_with_id(&fixture(file)).unwrap();
        assert_eq!((plain.as_slice(), used), (b"hello: world\n".as_slice(), id));
    }
    let mut v = vault(&[("other", "pw1")]);
    assert!(v.decrypt(&fixture("named-1.2.yml")).is_ok());
    v.set_match_ids(true);
    assert!(matches!(v.decrypt(&fixture("named-1.2.yml")), Err(VaultError::NoneFits)));
}

#[test]
fn says_what_is_wrong_as_ansible_does() {
    let v = vault(&[("default", "pw1")]);
    let cases = [
        ("$ANSIBLE_VAULT;1.1\n6162\n", "Vault envelope format error: list index out of range"),
        ("$ANSIBLE_VAULT;1.1;AES\n6162\n", "Cipher 'AES' could not be found."),
        ("$ANSIBLE_VAULT;1.1;AES256\n616\n", "Vault format unhexlify error: Odd-length string"),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", "Vault vaulttext format error: not enough values to unpack (expected 3, got 1)"),
        ("$ANSIBLE_VAULT;1.1;AES256\nzz\n", "Vault format unhexlify error: Non-hexadecimal digit found"),
        ("hello", "Input is not vault encrypted data."),
    ];
    for (text, message) in cases {
        assert_eq!(v.decrypt(text).unwrap_err().to_string(), message);
    }
    let text = fixture("plain-1.1.yml");
    assert_eq!(vault(&[("a", "x")]).decrypt(&text).unwrap_err().to_string(), "Decryption failed (no vault secrets were found that could decrypt).");
    assert_eq!(Vault::new().decrypt(&text).unwrap_err().to_string(), "Attempting to decrypt but no vault secrets found.");
    assert!(!format!("{:?} {v:?}", Secret::new("pw1")).contains("pw1"));
}

#[test]
fn what_is_written_can_be_read() {
    let v = vault(&[("default", "pw1"), ("dev", "pw2")]);
    for (id, header) in [(None, "$ANSIBLE_VAULT;1.1;AES256\n"), (Some("dev"), "$ANSIBLE_VAULT;1.2;AES256;dev\n")] {
        for plain in ["", "x", "sixteen bytes ab", "längerer Text\n"] {
            let text = v.encrypt(plain.as_bytes(), id).unwrap();
            assert!(text.starts_with(header) && text.lines().all(|l| l.len() <= 80), "{text}");
            assert_eq!(*v.decrypt_text(&text).unwrap(), plain);
        }
    }
    assert!(v.encrypt(b"x", Some("nope")).unwrap_err().to_string().ends_with("in the known vault-ids ['default', 'dev']"));
}

#[cfg(unix)]
fn script(dir: &Path, name: &str, body: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = dir.join(name);
    std::fs::write(&path, body).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[cfg(unix)]
#[test]
fn secrets_come_from_files_scripts_and_people() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    std::fs::write(at("plain"), "  pw1\r\n").unwrap();
    std::fs::write(at("vaulted"), vault(&[("default", "pw1")]).encrypt(b"inner\n", None).unwrap()).unwrap();
    std::fs::write(at("empty"), "\n").unwrap();
    script(dir.path(), "print", "#!/bin/sh\necho from-script\n");
    script(dir.path(), "keys-client.sh", "#!/bin/sh\n[ \"$2\" = no ] && { echo oops >&2; exit 2; }\necho \"$1=$2\"\n");
    script(dir.path(), "fails", "#!/bin/sh\nexit 3\n");
    let mut asked = Vec::new();
    let mut prompt = |text: &str| {
        asked.push(text.to_string());
        Ok("typed".to_string())
    };
    let ids: Vec<VaultId> = ["plain", "second@vaulted", "third@print", "dev@keys-client.sh", "no@keys-client.sh", "fails", "empty", "gone"]
        .map(|s| {
            let id = VaultId::parse(s);
            VaultId { source: at(&id.source), ..id }
        })
        .into_iter()
        .chain([VaultId::parse("me@prompt"), VaultId::ask()])
        .collect();
    let loaded = load_secrets(&ids, false, &mut prompt).unwrap();
    assert_eq!(loaded.vault.ids().collect::<Vec<_>>(), ["default", "second", "third", "dev", "me", "default"]);
    for (id, password) in [("default", "pw1"), ("second", "inner"), ("third", "from-script"), ("dev", "--vault-id=dev"), ("me", "typed")] {
        let text = vault(&[(id, password)]).encrypt(b"x", Some(id)).unwrap();
        assert_eq!(loaded.vault.decrypt_with_id(&text).unwrap().1, id);
    }
    assert_eq!(asked, ["Vault password (me): ", "Vault password: "]);
    let d = dir.path().display();
    assert_eq!(
        loaded.warnings,
        [
            format!("Error in vault password file loading (no): Vault password client script {d}/keys-client.sh did not find a secret for vault-id=no: b'oops\\n'"),
            format!("Error in vault password file loading (None): Vault password script {d}/fails returned non-zero (3): None"),
            format!("Error in vault password file loading (None): Invalid vault password was provided from file ({d}/empty)"),
            format!("Error getting vault password file (None): The vault password file {d}/gone was not found"),
        ]
    );
}

/// Needs `ansible-vault` on the path; passes where there is none.
#[test]
fn ansible_vault_reads_what_we_write() {
    let dir = tempfile::tempdir().unwrap();
    let (secret, file) = (dir.path().join("secret"), dir.path().join("file"));
    std::fs::write(&secret, "pw2").unwrap();
    std::fs::write(&file, vault(&[("dev", "pw2")]).encrypt(b"some: text\n", Some("dev")).unwrap()).unwrap();
    let output = std::process::Command::new("ansible-vault").arg("view").arg("--vault-password-file").arg(&secret).arg(&file).output();
    if let Ok(output) = output {
        assert_eq!(String::from_utf8_lossy(&output.stdout), "some: text\n", "{}", String::from_utf8_lossy(&output.stderr));
    }
}
