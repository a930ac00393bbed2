complete -c rustle-template -l target -d 'For this platform, or the file of one of your own (.json, .toml), instead of the hosts of a stream; no input is read' -r
complete -c rustle-template -l profile -d 'How the runner is optimised; debug is dev, release-with-debug is symbols, min-size is small (default: release)' -r -f -a "release\t''
small\t''
fast\t''
symbols\t''
dev\t''"
complete -c rustle-template -l features -d 'Cargo features, no-<NAME> for one that is usual; module-<NAME> limits the modules to those named' -r
complete -c rustle-template -l modules -d 'Only these modules; used: those that the stream\'s plan needs, or all where it may need any [default: all]' -r
complete -c rustle-template -l cpu -d 'For this processor and better ones, by rustc\'s name; native: for what the hosts\' processors have in common, as rustle-target saw them' -r
complete -c rustle-template -l cpu-features -d 'Features of the processor, by rustc\'s names: avx2, +avx2 or -avx2' -r
complete -c rustle-template -l out -d 'Write the project there (with several platforms: into a folder each); cargo build builds it' -r -F
complete -c rustle-template -l log-format -d 'How errors and warnings are written to stderr' -r -f -a "human\t''
json\t''"
complete -c rustle-template -l vault-id -d 'A vault identity and the file with its password, besides those that the input names' -r
complete -c rustle-template -l vault-password-file -l vault-pass-file -d 'A file with a vault password, or a program that prints one' -r
complete -c rustle-template -l minimal -d 'As small as it gets: --modules used --profile small, unless these are given'
complete -c rustle-template -l schema -d 'Print the JSON Schemas of the records it reads and writes, one a line, and exit'
complete -c rustle-template -s h -l help -d 'Print help'
complete -c rustle-template -s V -l version -d 'Print version'
