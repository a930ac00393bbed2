#!/bin/sh
# Arguments come in a file of words that a shell can read.
. "$1"
[ "$fail" = "" ] || { echo "about to give up"; exit 4; }
echo "something that is no JSON"
printf '{"changed": true, "greeting": "%s", "times": %s, "checking": "%s"}\n' "$greeting" "$times" "$_ansible_check_mode"
