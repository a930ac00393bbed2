complete -c rustle-deploy -s i -l inventory -l inventory-file -d 'Inventory file, folder, script or comma-separated host list' -r
complete -c rustle-deploy -s l -l limit -d 'Only hosts that match this pattern, too' -r
complete -c rustle-deploy -s e -l extra-vars -d 'Variables: key=value, YAML, JSON, or @file with YAML or JSON' -r
complete -c rustle-deploy -s t -l tags -d 'Only plays and tasks with these tags' -r
complete -c rustle-deploy -l skip-tags -d 'Not the plays and tasks with these tags' -r
complete -c rustle-deploy -l vault-id -d 'A vault identity and the file with its password' -r
complete -c rustle-deploy -l vault-password-file -l vault-pass-file -d 'A file with a vault password, or a program that prints one' -r
complete -c rustle-deploy -s f -l forks -d 'Hosts at once' -r
complete -c rustle-deploy -l start-at-task -d 'Begin at the task of this name' -r
complete -c rustle-deploy -s M -l module-path -d 'Folders with custom modules, separated by colons' -r
complete -c rustle-deploy -s u -l user -d 'Connect as this user' -r
complete -c rustle-deploy -s c -l connection -d 'How to connect: ssh, local, …' -r
complete -c rustle-deploy -s T -l timeout -d 'Seconds until a connection attempt fails' -r
complete -c rustle-deploy -l private-key -l key-file -d 'The key to authenticate with' -r
complete -c rustle-deploy -l ssh-common-args -d 'Further arguments for ssh, scp and sftp' -r
complete -c rustle-deploy -l ssh-extra-args -d 'Further arguments for ssh' -r
complete -c rustle-deploy -l sftp-extra-args -d 'Further arguments for sftp' -r
complete -c rustle-deploy -l scp-extra-args -d 'Further arguments for scp' -r
complete -c rustle-deploy -l become-method -d 'How to become another user: sudo, su, doas, …' -r
complete -c rustle-deploy -l become-user -d 'The user to become' -r
complete -c rustle-deploy -l connection-password-file -l conn-pass-file -d 'A file with the connection password' -r
complete -c rustle-deploy -l become-password-file -l become-pass-file -d 'A file with the become password' -r
complete -c rustle-deploy -l setup -d 'Say what is missing for building runners, ask, and install it; run nothing (as rustle-caps --install)' -r -f -a "cargo-zigbuild\t''
config\t''
debian-rust\t''
fetch\t''
rust-src\t''
targets\t''
zig\t''"
complete -c rustle-deploy -l log-format -d 'How errors and warnings before the run are written to stderr' -r -f -a "human\t''
json\t''"
complete -c rustle-deploy -l strategy -d 'How hosts are served, and whether they wait for each other' -r -f -a "binary-hybrid\t''
linear\t''
free\t''
binary-only\t''
ssh-only\t''"
complete -c rustle-deploy -l barriers -d 'When hosts wait for each other' -r -f -a "auto\t''
strict\t''
none\t''"
complete -c rustle-deploy -l output -d 'How results are shown: debug, default, default_without_diff, json, minimal, ndjson, null, oneline, yaml' -r
complete -c rustle-deploy -l optimization -d 'When a runner is built for hosts that lack one: where it pays (auto), always (aggressive), where the gain is clear (conservative), never (off) [default: plan.optimization of the settings, auto]' -r -f -a "auto\t''
aggressive\t''
conservative\t''
off\t''"
complete -c rustle-deploy -l rollback -d 'Take the newest deployment back on all hosts (or those of --limit); or bring back the state of the one with this id. Runs nothing' -r
complete -c rustle-deploy -l cleanup -d 'Remove runners and deployments from the hosts, or only the deployment with this id. Runs nothing' -r
complete -c rustle-deploy -l output-dir -d 'With --compile-only: put the runners there, where RUSTLE_RUNNER=DIR finds them' -r -F
complete -c rustle-deploy -l cache-dir -d 'Folder for all that rustle can make again (default: cache.dir of the settings)' -r
complete -c rustle-deploy -l parallel -d 'Hosts that are served, and platforms that are built, at the same time' -r
complete -c rustle-deploy -l deployment-timeout -d 'For how long a host may stay silent while a runner is brought to it (default: deploy.timeout of the settings, 60)' -r
complete -c rustle-deploy -l version -d 'Print the version'
complete -c rustle-deploy -s J -l ask-vault-password -l ask-vault-pass -d 'Ask for the vault password'
complete -c rustle-deploy -s C -l check -d 'Change nothing; predict what would change'
complete -c rustle-deploy -s D -l diff -d 'Show what changes in files'
complete -c rustle-deploy -s v -l verbose -d 'Say more; up to -vvvvvv'
complete -c rustle-deploy -l force-handlers -d 'Run notified handlers even if a task fails'
complete -c rustle-deploy -s b -l become -d 'Run tasks as another user'
complete -c rustle-deploy -l list-hosts -d 'List the hosts that match, and do nothing else'
complete -c rustle-deploy -l list-tasks -d 'List the tasks that would run'
complete -c rustle-deploy -l list-tags -d 'List all tags'
complete -c rustle-deploy -l syntax-check -d 'Check the playbooks\' syntax, and run nothing'
complete -c rustle-deploy -l flush-cache -d 'Forget cached facts'
complete -c rustle-deploy -l step -d 'Confirm each task before it runs'
complete -c rustle-deploy -s k -l ask-pass -d 'Ask for the connection password'
complete -c rustle-deploy -s K -l ask-become-pass -d 'Ask for the become password'
complete -c rustle-deploy -l check-capabilities -d 'Say what this machine can build runners with, and run nothing; exit status 69 where it can deploy to no host'
complete -c rustle-deploy -l yes -d 'With --setup: install without asking'
complete -c rustle-deploy -l schema -d 'Print the JSON Schemas of the records it reads and writes, one a line, and exit'
complete -c rustle-deploy -l binary-only -d 'Short for --strategy binary-only: runners on the hosts, or nothing'
complete -c rustle-deploy -l ssh-only -d 'Short for --strategy ssh-only: no runners on the hosts, modules go over SSH'
complete -c rustle-deploy -l explain-optimization -l analysis -d 'Show what the run is expected to cost, how each platform\'s hosts are served and why; afterwards what it did cost'
complete -c rustle-deploy -l report -d 'Show how good such predictions were so far, and what things cost; runs nothing'
complete -c rustle-deploy -l deploy-only -d 'Bring the runners to the hosts, as a deployment that can be taken back, and run nothing'
complete -c rustle-deploy -l compile-only -d 'Make the runners that the hosts need, and ship nothing'
complete -c rustle-deploy -l dry-run -d 'Say what would be compiled, shipped and run, and what that is expected to cost (more with -v); hosts are asked what they are and have, and nothing is changed'
complete -c rustle-deploy -l list-deployments -d 'Show the deployments that were made from this machine'
complete -c rustle-deploy -l rollback-on-failure -d 'With --deploy-only: where a host fails, take the deployment back on the others'
complete -c rustle-deploy -l localhost-test -d 'Prove the runner of this machine here first: it must start and run a task'
complete -c rustle-deploy -l rebuild -d 'Build even what is cached'
complete -c rustle-deploy -l incremental -d 'Build only what is not cached, whatever build.cache of the settings says'
complete -c rustle-deploy -l verify -d 'Let hosts compute the digest of a cached runner before it runs (default: deploy.verify of the settings)'
complete -c rustle-deploy -s h -l help -d 'Print help'
