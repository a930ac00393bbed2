complete -c rustle-plan -l strategy -d 'Who executes: runners on the hosts where possible (binary-hybrid), only they, or the controller over SSH; linear and free override the plays\' strategy' -r -f -a "binary-hybrid\t''
linear\t''
free\t''
binary-only\t''
ssh-only\t''"
complete -c rustle-plan -l barriers -d 'When hosts wait for each other: before every task (strict), before tasks that others can notice (auto), never (none) [default: as each play needs it]' -r -f -a "auto\t''
strict\t''
none\t''"
complete -c rustle-plan -l optimization -d 'When a runner is built for hosts that lack one: where it pays (auto), always (aggressive), where the gain is clear (conservative), never (off) [default: plan.optimization of the settings, auto]' -r -f -a "auto\t''
aggressive\t''
conservative\t''
off\t''"
complete -c rustle-plan -l log-format -d 'How errors and warnings are written to stderr' -r -f -a "human\t''
json\t''"
complete -c rustle-plan -l vault-id -d 'A vault identity and the file with its password, besides those that the input names' -r
complete -c rustle-plan -l vault-password-file -l vault-pass-file -d 'A file with a vault password, or a program that prints one' -r
complete -c rustle-plan -l binary-only -d 'Short for --strategy binary-only: runners on the hosts, or nothing'
complete -c rustle-plan -l ssh-only -d 'Short for --strategy ssh-only: no runners on the hosts, modules go over SSH'
complete -c rustle-plan -l explain -d 'Print the plan, and what it is expected to cost, for a person instead of records'
complete -c rustle-plan -l schema -d 'Print the JSON Schemas of the records it reads and writes, one a line, and exit'
complete -c rustle-plan -s h -l help -d 'Print help'
complete -c rustle-plan -s V -l version -d 'Print version'
