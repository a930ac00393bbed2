#!/usr/bin/env python3
"""Rewrites pyyaml.jsonl: asks PyYAML's C loader about the snippets in pyyaml.txt (parted by lines of '=====').

With arguments, asks about those files instead and prints the cases.
"""
import json
import pathlib
import re
import sys

import yaml


def answer(text):
    try:
        return repr(list(yaml.load_all(text, Loader=yaml.CSafeLoader)))
    except yaml.MarkedYAMLError as e:
        words = ' '.join(' '.join(filter(None, (e.context, e.problem, e.note))).split())
        words = words[:1].upper() + words[1:]
        mark = e.problem_mark
        return f"{mark.line + 1}:{mark.column + 1}: {words}{'' if words.endswith('.') else '.'}"
    except Exception as e:
        return '0:0: ' + ' '.join(str(e).split())


def case(name, text):
    return json.dumps({'name': name, 'yaml': text, 'answer': answer(text)})


here = pathlib.Path(__file__).parent
if sys.argv[1:]:
    for name in sys.argv[1:]:
        try:
            print(case(name, open(name, newline='').read()))
        except UnicodeDecodeError:
            pass
else:
    snippets = re.split(r'^=====\n', (here / 'pyyaml.txt').read_text(), flags=re.M)
    decode = lambda s: s.replace('→', '\t').replace('␍', '\r').replace('␣', ' ').replace('⏎\n', '')
    (here / 'pyyaml.jsonl').write_text(''.join(case(i + 1, decode(s)) + '\n' for i, s in enumerate(snippets)))
