#!/bin/sh
# Rewrites errors/*.txt: what ansible-playbook (on PATH) says of each broken playbook.
cd "$(dirname "$0")/errors" || exit
for f in *.yml; do
  ANSIBLE_LOCALHOST_WARNING=0 ANSIBLE_INVENTORY_UNPARSED_WARNING=0 ansible-playbook --syntax-check "$f" 2>&1 >/dev/null |
    sed "s,$PWD/,," > "${f%.yml}.txt"
done
