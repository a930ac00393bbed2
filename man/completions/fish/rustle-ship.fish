complete -c rustle-ship -l rollback -d 'Take the newest deployment back, so that each host has in force what it had before; or bring back the state of the one with this id. Ships nothing else' -r
complete -c rustle-ship -l cleanup -d 'Remove runners and deployments from the hosts instead; or only the deployment with this id' -r
complete -c rustle-ship -s l -l limit -d 'Only these hosts of the plan' -r
complete -c rustle-ship -l name -d 'What the deployment is called: hosts have it as ~/.rustle/current/NAME (default: rustle-runner, or the playbook\'s name where the plan is inside)' -r
complete -c rustle-ship -l keep -d 'Runners, and deployments of a name, that a host keeps, newest first (default: deploy.keep of the settings, 5)' -r
complete -c rustle-ship -s f -l parallel -l forks -d 'Hosts at the same time (default: deploy.parallel of the settings, else the stream\'s options, else 20)' -r
complete -c rustle-ship -l timeout -d 'Seconds for which a host may stay silent (default: deploy.timeout of the settings, 60)' -r
complete -c rustle-ship -l log-format -d 'How errors and warnings are written to stderr' -r -f -a "human\t''
json\t''"
complete -c rustle-ship -l vault-id -d 'A vault identity and the file with its password, besides those that the input names' -r
complete -c rustle-ship -l vault-password-file -l vault-pass-file -d 'A file with a vault password, or a program that prints one' -r
complete -c rustle-ship -l verify -d 'Let each host compute the digest of its cached runner (default: deploy.verify of the settings)'
complete -c rustle-ship -l rollback-on-failure -d 'Where a host fails, take the deployment back on the others'
complete -c rustle-ship -l list-deployments -d 'Show the deployments that were made from this machine, instead; no input is read'
complete -c rustle-ship -l schema -d 'Print the JSON Schemas of the records it reads and writes, one a line, and exit'
complete -c rustle-ship -s h -l help -d 'Print help'
complete -c rustle-ship -s V -l version -d 'Print version'
