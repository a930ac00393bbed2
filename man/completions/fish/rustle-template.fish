complete -c rustle-template -l target -d 'For this platform instead of the hosts of a stream; no input is read' -r
complete -c rustle-template -l profile -d 'How the runner is optimised (default: release)' -r -f -a "release\t''
small\t''
fast\t''
symbols\t''
dev\t''"
complete -c rustle-template -l features -d 'Cargo features; module-<NAME> limits the modules to those named' -r
complete -c rustle-template -l out -d 'Write the project there (with several platforms: into a folder each)' -r -F
complete -c rustle-template -l log-format -d 'How errors and warnings are written to stderr' -r -f -a "human\t''
json\t''"
complete -c rustle-template -l vault-id -d 'A vault identity and the file with its password, besides those that the input names' -r
complete -c rustle-template -l vault-password-file -l vault-pass-file -d 'A file with a vault password, or a program that prints one' -r
complete -c rustle-template -l schema -d 'Print the JSON Schemas of the records it reads and writes, one a line, and exit'
complete -c rustle-template -s h -l help -d 'Print help'
complete -c rustle-template -s V -l version -d 'Print version'
