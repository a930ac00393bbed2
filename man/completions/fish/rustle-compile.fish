complete -c rustle-compile -l target -d 'For this platform, or the file of one of your own (.json, .toml), instead of the hosts of a stream; no input is read' -r
complete -c rustle-compile -l profile -d 'How the runner is optimised; debug is dev, release-with-debug is symbols, min-size is small (default: release)' -r -f -a "release\t''
small\t''
fast\t''
symbols\t''
dev\t''"
complete -c rustle-compile -l features -d 'Cargo features, no-<NAME> for one that is usual; module-<NAME> limits the modules to those named' -r
complete -c rustle-compile -l cache-prune -d 'Remove runners that were not used for so many days (30), folders of builds and logs, instead' -r
complete -c rustle-compile -l backend -d 'Ways to build, in this order (default: all that fit)' -r -f -a "build-std\t''
cargo\t''
container\t''
zigbuild\t''"
complete -c rustle-compile -l timeout -d 'Time limit of one build (default: build.timeout of the settings, 1800)' -r
complete -c rustle-compile -s j -l jobs -d 'Platforms built at the same time (default: RUSTLE_MAX_COMPILATION_JOBS, else half of the processors, 2 to 6)' -r
complete -c rustle-compile -l embed -d 'Write one executable per host into DIR, with the plan inside, that needs no controller' -r -F
complete -c rustle-compile -l log-format -d 'How errors and warnings are written to stderr' -r -f -a "human\t''
json\t''"
complete -c rustle-compile -l vault-id -d 'A vault identity and the file with its password, besides those that the input names' -r
complete -c rustle-compile -l vault-password-file -l vault-pass-file -d 'A file with a vault password, or a program that prints one' -r
complete -c rustle-compile -l offline -d 'Build without network'
complete -c rustle-compile -l no-build -d 'Only runners that are installed or cached'
complete -c rustle-compile -l no-prebuilt -d 'Use no installed runner'
complete -c rustle-compile -l refresh -d 'Build even what is cached'
complete -c rustle-compile -s q -l quiet -d 'No progress on stderr'
complete -c rustle-compile -l cache-stats -d 'Show what is in the cache of runners, instead'
complete -c rustle-compile -l cache-push -d 'Give the runners of the cache to other machines (cache.remote of the settings), instead'
complete -c rustle-compile -l cache-verify -d 'Check every runner of the cache and remove the damaged ones, instead'
complete -c rustle-compile -l schema -d 'Print the JSON Schemas of the records it reads and writes, one a line, and exit'
complete -c rustle-compile -s h -l help -d 'Print help'
complete -c rustle-compile -s V -l version -d 'Print version'
