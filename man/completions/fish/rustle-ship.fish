complete -c rustle-ship -l keep -d 'Runners that a host keeps, newest first' -r
complete -c rustle-ship -s f -l forks -d 'Hosts at the same time (default: the stream\'s options, else 20)' -r
complete -c rustle-ship -l log-format -d 'How errors and warnings are written to stderr' -r -f -a "human\t''
json\t''"
complete -c rustle-ship -l vault-id -d 'A vault identity and the file with its password, besides those that the input names' -r
complete -c rustle-ship -l vault-password-file -l vault-pass-file -d 'A file with a vault password, or a program that prints one' -r
complete -c rustle-ship -l verify -d 'Let each host compute the digest of its cached runner'
complete -c rustle-ship -l cleanup -d 'Remove the runners from the hosts instead'
complete -c rustle-ship -l schema -d 'Print the JSON Schemas of the records it reads and writes, one a line, and exit'
complete -c rustle-ship -s h -l help -d 'Print help'
complete -c rustle-ship -s V -l version -d 'Print version'
