complete -c rustle-run -l output -d 'records (the input, then event records; where stdout is no terminal), default (for a person; on a terminal), ndjson (events only), or another of debug, default, default_without_diff, json, minimal, ndjson, null, oneline, yaml' -r
complete -c rustle-run -s f -l forks -d 'Hosts at once' -r
complete -c rustle-run -l strategy -d 'Who executes: runners on the hosts where possible (binary-hybrid), only they, or the controller over SSH; linear and free override the plays\' strategy' -r -f -a "binary-hybrid\t''
linear\t''
free\t''
binary-only\t''
ssh-only\t''"
complete -c rustle-run -l barriers -d 'When hosts wait for each other: before every task (strict), before tasks that others can notice (auto), never (none) [default: as each play needs it]' -r -f -a "auto\t''
strict\t''
none\t''"
complete -c rustle-run -l optimization -d 'When a runner is built for hosts that lack one: where it pays (auto), always (aggressive), where the gain is clear (conservative), never (off) [default: plan.optimization of the settings, auto]' -r -f -a "auto\t''
aggressive\t''
conservative\t''
off\t''"
complete -c rustle-run -l connection-password-file -l conn-pass-file -d 'A file with the connection password' -r
complete -c rustle-run -l become-password-file -l become-pass-file -d 'A file with the become password' -r
complete -c rustle-run -l log-format -d 'How errors and warnings are written to stderr' -r -f -a "human\t''
json\t''"
complete -c rustle-run -l vault-id -d 'A vault identity and the file with its password, besides those that the input names' -r
complete -c rustle-run -l vault-password-file -l vault-pass-file -d 'A file with a vault password, or a program that prints one' -r
complete -c rustle-run -s C -l check -d 'Change nothing; predict what would change'
complete -c rustle-run -s D -l diff -d 'Show what changes in files'
complete -c rustle-run -s v -l verbose -d 'Say more; up to -vvvvvv'
complete -c rustle-run -l binary-only -d 'Short for --strategy binary-only: runners on the hosts, or nothing'
complete -c rustle-run -l ssh-only -d 'Short for --strategy ssh-only: no runners on the hosts, modules go over SSH'
complete -c rustle-run -s k -l ask-pass -d 'Ask for the connection password'
complete -c rustle-run -s K -l ask-become-pass -d 'Ask for the become password'
complete -c rustle-run -l schema -d 'Print the JSON Schemas of the records it reads and writes, one a line, and exit'
complete -c rustle-run -s h -l help -d 'Print help'
complete -c rustle-run -s V -l version -d 'Print version'
