complete -c rustle-deploy -l private-key -l key-file -d 'Log in with this key file' -r
complete -c rustle-deploy -s u -l user -d 'Log in as this user' -r
complete -c rustle-deploy -s c -l connection -d 'Connection plugin' -r
complete -c rustle-deploy -s T -l timeout -d 'Seconds to wait for a connection' -r
complete -c rustle-deploy -l ssh-common-args -d 'Arguments for ssh, scp and sftp' -r
complete -c rustle-deploy -l sftp-extra-args -d 'Arguments for sftp alone' -r
complete -c rustle-deploy -l scp-extra-args -d 'Arguments for scp alone' -r
complete -c rustle-deploy -l ssh-extra-args -d 'Arguments for ssh alone' -r
complete -c rustle-deploy -l connection-password-file -l conn-pass-file -d 'File or program with the connection\'s password' -r
complete -c rustle-deploy -l become-method -d 'How to become that user' -r
complete -c rustle-deploy -l become-user -d 'Which user to become' -r
complete -c rustle-deploy -l become-password-file -l become-pass-file -d 'File or program with that password' -r
complete -c rustle-deploy -s t -l tags -d 'Run only what has one of these tags' -r
complete -c rustle-deploy -l skip-tags -d 'Leave out what has one of these tags' -r
complete -c rustle-deploy -s i -l inventory -l inventory-file -d 'Inventory file or folder, or hosts with a comma' -r
complete -c rustle-deploy -s l -l limit -d 'Of the hosts, take only those that this pattern matches' -r
complete -c rustle-deploy -s e -l extra-vars -d 'Variables as key=value, YAML, JSON, or @file' -r
complete -c rustle-deploy -l vault-id -d 'Vault identity, as label@source' -r
complete -c rustle-deploy -l vault-password-file -l vault-pass-file -d 'File or program with the vault\'s password' -r
complete -c rustle-deploy -s f -l forks -d 'How many hosts at once' -r
complete -c rustle-deploy -s M -l module-path -d 'Folders with modules, before all others' -r
complete -c rustle-deploy -l start-at-task -d 'Begin at the task of this name' -r
complete -c rustle-deploy -l barriers -d 'When hosts wait for each other' -r -f -a "auto\t''
strict\t''
none\t''"
complete -c rustle-deploy -l strategy -d 'Who executes, or the plays\' strategy' -r -f -a "binary-hybrid\t''
binary-only\t''
ssh-only\t''
linear\t''
free\t''"
complete -c rustle-deploy -l report -d 'Output format: default, minimal, oneline, json, ndjson' -r
complete -c rustle-deploy -s v -l verbose -d 'Say more; up to -vvvvvv'
complete -c rustle-deploy -s k -l ask-pass -d 'Ask for the connection\'s password'
complete -c rustle-deploy -l force-handlers -d 'Run notified handlers on hosts that failed, too'
complete -c rustle-deploy -s b -l become -d 'Run tasks as another user'
complete -c rustle-deploy -s K -l ask-become-pass -d 'Ask for the password that becoming needs'
complete -c rustle-deploy -s C -l check -d 'Change nothing; say what would change'
complete -c rustle-deploy -s D -l diff -d 'Show how files change'
complete -c rustle-deploy -l list-hosts -d 'List the hosts of each play, run nothing'
complete -c rustle-deploy -l flush-cache -d 'Forget all cached facts first'
complete -c rustle-deploy -s J -l ask-vault-password -l ask-vault-pass -d 'Ask for the vault\'s password'
complete -c rustle-deploy -l syntax-check -d 'Read the playbook, run nothing'
complete -c rustle-deploy -l list-tasks -d 'List the tasks that would run, run nothing'
complete -c rustle-deploy -l list-tags -d 'List all tags, run nothing'
complete -c rustle-deploy -l step -d 'Ask before each task'
complete -c rustle-deploy -l check-capabilities -d 'Say what this machine can build with, run nothing'
complete -c rustle-deploy -s h -l help -d 'Print help'
complete -c rustle-deploy -s V -l version -d 'Print version'
