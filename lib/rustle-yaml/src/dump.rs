//! Values to YAML text, formatted as PyYAML's `yaml.dump` does.
