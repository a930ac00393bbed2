//! Which tasks `--tags` and `--skip-tags` let through.
//!
//! Source: <https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_tags.html>

/// The run's selection. Empty `only` means `all`.
#[derive(Clone, Debug, Default)]
pub struct TagFilter {
    pub only: Vec<String>,
    pub skip: Vec<String>,
}

impl TagFilter {
    /// Whether a task with these (templated, inherited) tags runs.
    pub fn admits(&self, tags: &[String]) -> bool {
        let untagged = ["untagged".to_owned()];
        let tags = if tags.is_empty() { &untagged[..] } else { tags };
        let has = |set: &[String], name: &str| set.iter().any(|t| t == name);
        let meets = |set: &[String]| tags.iter().any(|t| has(set, t));
        let tagged = !has(tags, "untagged");
        let mut run = true;
        if !self.only.is_empty() {
            run = if has(tags, "always") {
                true
            } else if has(&self.only, "all") && !has(tags, "never") {
                true
            } else if meets(&self.only) {
                true
            } else {
                has(&self.only, "tagged") && tagged && !has(tags, "never")
            };
        } else if has(tags, "never") {
            run = false;
        }
        if run && !self.skip.is_empty() {
            if has(&self.skip, "all") {
                run = has(tags, "always") && !has(&self.skip, "always");
            } else if meets(&self.skip) || (has(&self.skip, "tagged") && tagged) {
                run = false;
            }
        }
        run
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_select_as_documented() {
        let cases: &[(&str, &str, &str, bool)] = &[
            ("", "", "", true),
            ("", "", "a", true),
            ("", "", "never", false),
            ("never", "", "never", true),
            ("a", "", "never,a", true),
            ("a", "", "", false),
            ("a", "", "a,b", true),
            ("a", "", "always", true),
            ("all", "", "never", false),
            ("untagged", "", "", true),
            ("untagged", "", "a", false),
            ("tagged", "", "a", true),
            ("tagged", "", "", false),
            ("", "a", "a", false),
            ("", "a", "b", true),
            ("", "always", "always", false),
            ("", "all", "always", true),
            ("", "all", "a", false),
            ("", "tagged", "a", false),
            ("", "tagged", "", true),
            ("", "untagged", "", false),
        ];
        let list = |s: &str| s.split(',').filter(|x| !x.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        for (only, skip, tags, runs) in cases {
            let filter = TagFilter { only: list(only), skip: list(skip) };
            assert_eq!(filter.admits(&list(tags)), *runs, "--tags '{only}' --skip-tags '{skip}' on '{tags}'");
        }
    }
}
