#!/bin/sh
# Records a case: record.sh CASE [ansible-playbook options and environment as NAME=VALUE first]…
# Runs tests/cases/CASE/site.yml with ansible-playbook and writes events.ndjson, stdout and stderr beside it, with the
# case's folder as @CASE@. `options` in that folder holds the environment and flags, one line.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for case in "$@"; do
    dir=$here/../cases/$case
    dir=$(cd "$dir" && pwd)
    work=$(mktemp -d)
    (
        cd "$dir"
        line=$(cat options 2>/dev/null || true)
        env=''; flags=''
        for word in $line; do case $word in [A-Z]*=*) env="$env $word" ;; *) flags="$flags $word" ;; esac; done
        printf 'h1 ansible_connection=local\nh2 ansible_connection=local\n' >"$work/inv"
        env ANSIBLE_CALLBACK_PLUGINS="$here" ANSIBLE_FORKS=1 ANSIBLE_PYTHON_INTERPRETER="$(command -v python3)" RUSTLE_EVENTS="$work/events" OUT="$work" $env \
            ansible-playbook -i "$work/inv" -e ansible_python_interpreter="$(command -v python3)" $flags "$dir/site.yml" >"$work/stdout" 2>"$work/stderr" || true
        for f in events stdout stderr; do
            sed -e "s|$dir|@CASE@|g" "$work/$f" >"$work/$f.n"
        done
        cp "$work/events.n" events.ndjson; cp "$work/stdout.n" stdout; cp "$work/stderr.n" stderr
    )
    rm -rf "$work"
done
