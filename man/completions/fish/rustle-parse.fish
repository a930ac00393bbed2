complete -c rustle-parse -s i -l inventory -l inventory-file -d 'Inventory file, folder, script or comma-separated host list' -r
complete -c rustle-parse -s l -l limit -d 'Only hosts that match this pattern, too' -r
complete -c rustle-parse -s e -l extra-vars -d 'Variables: key=value, YAML, JSON, or @file with YAML or JSON' -r
complete -c rustle-parse -s t -l tags -d 'Only plays and tasks with these tags' -r
complete -c rustle-parse -l skip-tags -d 'Not the plays and tasks with these tags' -r
complete -c rustle-parse -l vault-id -d 'A vault identity and the file with its password' -r
complete -c rustle-parse -l vault-password-file -l vault-pass-file -d 'A file with a vault password, or a program that prints one' -r
complete -c rustle-parse -s f -l forks -d 'Hosts at once' -r
complete -c rustle-parse -l start-at-task -d 'Begin at the task of this name' -r
complete -c rustle-parse -s M -l module-path -d 'Folders with custom modules, separated by colons' -r
complete -c rustle-parse -s u -l user -d 'Connect as this user' -r
complete -c rustle-parse -s c -l connection -d 'How to connect: ssh, local, …' -r
complete -c rustle-parse -s T -l timeout -d 'Seconds until a connection attempt fails' -r
complete -c rustle-parse -l private-key -l key-file -d 'The key to authenticate with' -r
complete -c rustle-parse -l ssh-common-args -d 'Further arguments for ssh, scp and sftp' -r
complete -c rustle-parse -l ssh-extra-args -d 'Further arguments for ssh' -r
complete -c rustle-parse -l sftp-extra-args -d 'Further arguments for sftp' -r
complete -c rustle-parse -l scp-extra-args -d 'Further arguments for scp' -r
complete -c rustle-parse -l become-method -d 'How to become another user: sudo, su, doas, …' -r
complete -c rustle-parse -l become-user -d 'The user to become' -r
complete -c rustle-parse -l log-format -d 'How errors and warnings are written to stderr' -r -f -a "human\t''
json\t''"
complete -c rustle-parse -s J -l ask-vault-password -l ask-vault-pass -d 'Ask for the vault password'
complete -c rustle-parse -s C -l check -d 'Change nothing; predict what would change'
complete -c rustle-parse -s D -l diff -d 'Show what changes in files'
complete -c rustle-parse -s v -l verbose -d 'Say more; up to -vvvvvv'
complete -c rustle-parse -l force-handlers -d 'Run notified handlers even if a task fails'
complete -c rustle-parse -s b -l become -d 'Run tasks as another user'
complete -c rustle-parse -l schema -d 'Print the JSON Schemas of the records it reads and writes, one a line, and exit'
complete -c rustle-parse -s h -l help -d 'Print help'
complete -c rustle-parse -s V -l version -d 'Print version'
