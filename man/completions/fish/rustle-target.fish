complete -c rustle-target -s f -l forks -d 'Hosts asked at the same time (default: the stream\'s options, else 20)' -r
complete -c rustle-target -l output -d 'records, or a table of the platforms with their hosts, for people' -r -f -a "records\t''
table\t''"
complete -c rustle-target -l log-format -d 'How errors and warnings are written to stderr' -r -f -a "human\t''
json\t''"
complete -c rustle-target -l vault-id -d 'A vault identity and the file with its password, besides those that the input names' -r
complete -c rustle-target -l vault-password-file -l vault-pass-file -d 'A file with a vault password, or a program that prints one' -r
complete -c rustle-target -l refresh -d 'Ask hosts again instead of trusting caches'
complete -c rustle-target -l no-probe -d 'Contact no host'
complete -c rustle-target -l schema -d 'Print the JSON Schemas of the records it reads and writes, one a line, and exit'
complete -c rustle-target -s h -l help -d 'Print help'
complete -c rustle-target -s V -l version -d 'Print version'
