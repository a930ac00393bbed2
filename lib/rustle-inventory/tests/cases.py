#!/usr/bin/env python3
"""Rewrites what the cases expect: asks the ansible-inventory and ansible commands on PATH."""
import os
import pathlib
import subprocess
import sys

env = dict(os.environ, ANSIBLE_NOCOLOR='1', ANSIBLE_DEPRECATION_WARNINGS='1', COLUMNS='4000')


def run(cmd, cwd):
    p = subprocess.run(cmd, cwd=cwd, env=env, capture_output=True, text=True)
    return p.stdout, p.stderr.replace(str(cwd), '$DIR')


cases = os.environ.get('INVENTORY_CASES') or pathlib.Path(__file__).parent / 'cases'
for case in sorted(pathlib.Path(cases).iterdir()):
    if sys.argv[1:] and case.name not in sys.argv[1:]:
        continue
    case = case.resolve()
    sources = [a for s in case.joinpath('sources').read_text().splitlines() for a in ('-i', s)]
    cmd = ['ansible-inventory', '--list', *sources]
    if case.joinpath('playbook_dir').exists():
        cmd += ['--playbook-dir', case.joinpath('playbook_dir').read_text().strip()]
    out, err = run(cmd, case)
    case.joinpath('list.json').write_text(out.replace(str(case), '$DIR'))
    case.joinpath('stderr').write_text(err)
    if case.joinpath('patterns').exists():
        text = ''
        for p in case.joinpath('patterns').read_text().splitlines():
            out, err = run(['ansible', *sources, '--list-hosts', '--', p], case)
            hosts = [l.strip() for l in out.splitlines()[1:]]
            words = [l for l in err.splitlines() if l.startswith(('[WARNING]: Could', '[ERROR]'))]
            text += f"{p} -> {' '.join(hosts)}{''.join(' | ' + w for w in words)}\n"
        case.joinpath('patterns.out').write_text(text)
