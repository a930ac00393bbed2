#!/bin/sh
cat <<'J'
{"web": {"hosts": ["h1", "h2"], "vars": {"x": "{{ y }}", "n": 5}, "children": ["sub"]},
 "sub": {"hosts": ["h3"]}, "_meta": {"hostvars": {"h1": {"ansible_host": "10.0.0.1", "l": [1, "{{ t }}"]}, "ghost": {"a": 1}}}}
J
