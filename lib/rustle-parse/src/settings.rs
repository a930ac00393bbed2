//! What `ansible.cfg` and the environment say about reading a run.

use crate::read::Settings;
use rustle_cli::config::Config;
use rustle_stream::record::Options;

/// The paths of the configuration, and what it says where the command line is silent. `module_path`: `-M`, each a
/// list separated by colons.
pub fn configured<'a>(config: &Config, module_path: impl IntoIterator<Item = &'a String>, options: &mut Options) -> Settings {
    if options.verbosity == 0 {
        options.verbosity = config.get("DEFAULT_VERBOSITY").as_i64().and_then(|v| u8::try_from(v).ok()).unwrap_or(0);
    }
    if options.vault_ids.is_empty() {
        options.vault_ids = config.list("DEFAULT_VAULT_IDENTITY_LIST");
        if let Some(file) = config.text("DEFAULT_VAULT_PASSWORD_FILE").filter(|f| !f.is_empty()) {
            options.vault_ids.push(format!("default@{file}"));
        }
    }
    let mut settings = Settings::from_env();
    settings.roles_path = config.list("DEFAULT_ROLES_PATH");
    settings.collections_path = config.list("COLLECTIONS_PATHS");
    settings.module_path = config.list("DEFAULT_MODULE_PATH");
    settings.inventory = config.list("DEFAULT_HOST_LIST");
    settings.duplicate_keys = crate::duplicate_keys(&config.text("DUPLICATE_YAML_DICT_KEY").unwrap_or_default());
    settings.private_role_vars = config.flag("DEFAULT_PRIVATE_ROLE_VARS");
    settings.inventory_options = inventory_options(config);
    for paths in module_path {
        settings.module_path.splice(0..0, paths.split(':').map(Into::into));
    }
    settings
}

/// The settings that say how inventories are read.
fn inventory_options(config: &Config) -> rustle_inventory::LoadOptions {
    use rustle_inventory::{GroupChars, LoadOptions, Mismatch};
    let text = |name: &str| config.text(name).unwrap_or_default().to_lowercase();
    let usual = LoadOptions::default();
    let list = |name: &str, usual: Vec<String>| Some(config.list(name)).filter(|l| !l.is_empty()).unwrap_or(usual);
    LoadOptions {
        enabled: list("INVENTORY_ENABLED", usual.enabled),
        ignored_endings: list("INVENTORY_IGNORE_EXTS", usual.ignored_endings),
        ignored_patterns: config.list("INVENTORY_IGNORE_PATTERNS"),
        unparsed_warning: config.flag("INVENTORY_UNPARSED_WARNING"),
        merge_dicts: text("DEFAULT_HASH_BEHAVIOUR") == "merge",
        any_unparsed_is_failed: config.flag("INVENTORY_ANY_UNPARSED_IS_FAILED"),
        unparsed_is_failed: config.flag("INVENTORY_UNPARSED_IS_FAILED"),
        group_chars: match text("TRANSFORM_INVALID_GROUP_CHARS").as_str() {
            "always" => GroupChars::Always,
            "ignore" => GroupChars::Ignore,
            "silently" => GroupChars::Silently,
            _ => GroupChars::Never,
        },
        mismatch: match text("HOST_PATTERN_MISMATCH").as_str() {
            "error" => Mismatch::Error,
            "ignore" => Mismatch::Ignore,
            _ => Mismatch::Warn,
        },
        ..LoadOptions::default()
    }
}
