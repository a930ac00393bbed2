#!/usr/bin/env python3
"""Rewrites dump.jsonl: what PyYAML's C dumper makes of the values below, in several styles."""
import json
import pathlib
import random
import yaml

STYLES = [
    {'default_flow_style': None}, {'default_flow_style': False}, {'default_flow_style': True},
    {'default_flow_style': False, 'indent': 4}, {'default_flow_style': None, 'width': 40, 'sort_keys': False},
    {'default_flow_style': False, 'indent': 8, 'width': 1000, 'allow_unicode': False},
    {'default_flow_style': False, 'explicit_start': True, 'explicit_end': True}, {'default_style': '"'}, {'default_style': '|'},
    {'default_style': "'", 'default_flow_style': False}, {'default_flow_style': False, 'width': -1},
]
words = 'the quick brown fox jumps over the lazy dog and a: b #c \'quoted\' "double" back\\slash -dash'.split()
long = ' '.join(words * 6)
strings = ['', ' ', 'a', ' a', 'a ', 'a b', 'yes', 'No', 'null', '~', '1', '1.5', '0x1f', '1e3', '012', '08', '1:30', '2001-01-01', '2001-13-45',
    '=', '<<', '- a', '-a', '-', '---', '...', '--- a', '? a', '?a', ':a', 'a:', 'a: b', 'a:b', 'a #b', 'a#b', '#a', '&a', '*a', '!a', '|', '>', '%a', '@a', '`a',
    '{a}', 'a{', '[a]', 'a]', 'a,b', ',a', "it's", '"x"', "'x'", 'a\nb', 'a\n', '\na', 'a\n\nb', 'a \nb', 'a\n b', '\n', 'a\tb', '\t', 'tab\tand\nline', 'é', '☺', '😀', '\x07', '\x1b[0m',
    '\xa0', '\u2028', '\ufeff', 'a\\b', 'a\r\nb', '{{ x }}', '{{ x }} y', 'C:\\x', 'http://a/b?c=d&e=f#g', long, long.replace(': ', ' '), 'x' * 200, 'x' * 200 + ' y',
    'aaaa ' * 30, '  '.join(words * 4), long + '\n' + long, long + ' ☺ ' + long, 'word ' * 15 + ' two  spaces ' + 'word ' * 20, 'a' * 128, 'a' * 129, 'é' * 70, '.', '.5', '+.5', '5.', '_1', '1_0', 'on', 'Off', 'y', 'n', 'a ? b', 'a?', 'a: ', 'line one\nline two\n', 'trailing  \n', '\n\n', 'a\n\n', '  lead\nb\n', 'x\n  y\nz']
values = list(strings) + [[s] for s in strings] + [{'k': s} for s in strings] + [{s: 'v'} for s in strings] + [[{'k': [s, {'l': s}]}] for s in strings] + [
    None, True, 5, -7, 10**30, 1.0, 1e20, 1.5e-7, float('inf'), [], {}, [[]], [{}], {'a': []}, {'a': {}}, {'a': [[]]}, [[1, 2], [3]], [[[1]]], {'a': {'b': {'c': 1}}},
    {'b': 1, 'a': [1, {'x': 2, 'w': [3]}]}, {1: 'a', 2: 'b'}, {1: 'a', 'b': 2}, {None: 1, True: 2}, [{'a': 1, 'b': 2}, {'a': 3}], {'a': [{'b': 1}, {'c': [1, 2]}]},
    list(range(60)), {f'key{i}': i for i in range(40)}, [f'item number {i}' for i in range(20)], {'a': list(range(40))}, {'d': [long, long]}, {'m': {'n': {'o': long}}},
    [['a', 'b'], {'c': 'd'}], {'x': 'a\nb\n', 'y': ['p\nq', 'r']}, {'z': None, 'y': False, 'x': 1.5},
]
rng = random.Random(7)
def make(depth):
    r = rng.random()
    if depth == 0 or r < .4:
        return rng.choice(strings + [1, 2.5, None, True])
    if r < .7:
        return [make(depth - 1) for _ in range(rng.randrange(4))]
    return {rng.choice(strings): make(depth - 1) for _ in range(rng.randrange(4))}
values += [make(5) for _ in range(60)]

def case(v, style):
    kw = {'allow_unicode': True, **style}
    return json.dumps({'value': enc(v), 'style': kw, 'text': yaml.dump(v, Dumper=Plain, **kw)})

class Plain(yaml.CSafeDumper):
    def ignore_aliases(self, data):
        return True

def enc(v):
    """JSON that keeps keys that are not strings and numbers that JSON lacks."""
    if isinstance(v, dict):
        return {'d': [[enc(k), enc(x)] for k, x in v.items()]}
    if isinstance(v, list):
        return [enc(x) for x in v]
    if isinstance(v, float):
        return {'f': repr(v)}
    if isinstance(v, int) and not isinstance(v, bool):
        return {'i': str(v)}
    return v

lines = [case(v, s) for i, v in enumerate(values) for s in (STYLES if i >= 5 * len(strings) else STYLES[i % len(STYLES):][:1])]
pathlib.Path(__file__).with_suffix('.jsonl').write_text('\n'.join(lines) + '\n')
