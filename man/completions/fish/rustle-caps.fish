complete -c rustle-caps -l target -d 'The way to this platform, instead of to all of the usual ones' -r
complete -c rustle-caps -l routes -d 'How to check the ways: not at all; by compiling something for each platform; by linking it, too (slow the first time)' -r -f -a "none\t''
quick\t''
full\t''"
complete -c rustle-caps -l output -d 'records, or a table for people (the default when both ends are a terminal)' -r -f -a "records\t''
table\t''"
complete -c rustle-caps -l install -d 'Say what is there and what would be installed, ask, and do it, instead; without names, what is usual and missing' -r -f -a "cargo-zigbuild\t''
config\t''
debian-rust\t''
fetch\t''
rust-src\t''
targets\t''
zig\t''"
complete -c rustle-caps -l set -d 'With --install: put this setting into ~/.rustle/config.toml' -r
complete -c rustle-caps -l zig-archive -d 'With --install: zig comes from this archive instead of PyPI' -r
complete -c rustle-caps -l zig-sha256 -d 'The archive\'s SHA-256; another one is refused' -r
complete -c rustle-caps -l log-format -d 'How errors and warnings are written to stderr' -r -f -a "human\t''
json\t''"
complete -c rustle-caps -l refresh -d 'Look anew instead of trusting the cache'
complete -c rustle-caps -l show-config -d 'Show rustle\'s settings, and where each comes from, instead'
complete -c rustle-caps -l check -d 'Exit status 69 where this machine can deploy to no host at all'
complete -c rustle-caps -s y -l yes -d 'Install without asking'
complete -c rustle-caps -l schema -d 'Print the JSON Schemas of the records it reads and writes, one a line, and exit'
complete -c rustle-caps -s h -l help -d 'Print help'
complete -c rustle-caps -s V -l version -d 'Print version'
