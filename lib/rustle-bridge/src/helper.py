# The part of rustle's bridge that runs in the Python where ansible-core is installed: it finds modules and has
# ansible-core build their payloads. One JSON object a line on standard input is a question, one on standard output
# the answer. Kept for the run; ends when its input does.
#
# Written for ansible-core 2.15 and newer. It relies on few of its functions, each looked up when it is needed, so that a
# version that lacks one loses what needs it and nothing else.

import sys

# The working directory belongs to the run, not to Python: nothing is imported from there.
sys.path[:] = [p for p in sys.path if p]

import ast
import json
import os
import re
import traceback

# Arguments are put into a payload on the host: this stands where they go.
MARK = "@rustle-arguments@"

# What libraries print must not be taken for answers.
ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)


class State:
    """What is set up at the first question that needs it."""

    ready = False
    loader = None
    added = set()


def set_up(settings):
    if State.ready:
        return
    from ansible.parsing.dataloader import DataLoader
    import ansible.plugins.loader as plugins

    paths = settings.get("collections_path") or None
    if hasattr(plugins, "init_plugin_loader"):
        try:
            plugins.init_plugin_loader(paths)
        except ValueError:
            pass  # Somebody did that before us.
    State.loader = DataLoader()
    State.ready = True


def add_folders(folders):
    """Makes the folders of playbooks and roles known: what they hold comes before what is installed."""
    import ansible.plugins.loader as plugins

    for folder in folders:
        if folder not in State.added:
            State.added.add(folder)
            plugins.add_all_plugin_dirs(folder)


def add_playbooks(folders):
    """Collections beside playbooks."""
    from ansible.utils.collection_loader import AnsibleCollectionConfig

    known = list(AnsibleCollectionConfig.playbook_paths)
    new = [f for f in folders if f not in known]
    if new:
        AnsibleCollectionConfig.playbook_paths = known + new


def hello(_):
    import ansible
    from ansible import release

    return {"version": release.__version__, "python": sys.executable, "package": os.path.dirname(ansible.__file__)}


def look_up(kind, name, collections, extension):
    import ansible.plugins.loader as plugins

    loader = getattr(plugins, kind + "_loader")
    found = loader.find_plugin_with_context(name, mod_type=extension, collection_list=collections or None)
    if not found.resolved:
        return None
    return {"name": found.resolved_fqcn or name, "path": found.plugin_resolved_path}


def find(question):
    """Where a module (or the action plugin of that name) is."""
    prepare(question)
    name, collections = question["name"], list(question.get("collections", []))
    # What is installed without a collection comes last, as in a play.
    if collections and not {"ansible.builtin", "ansible.legacy"} & set(collections):
        collections.append("ansible.legacy")
    out = {"module": look_up("module", name, collections, "")}
    try:
        out["action"] = look_up("action", name, collections, "")
    except Exception:  # A plugin that cannot be looked up is none.
        out["action"] = None
    return out


def build(question):
    """ansible-core's payload for the module in a file, with a mark where its arguments go."""
    prepare(question)
    from ansible.executor import module_common

    variables = {"ansible_python_interpreter": "/usr/bin/python3", "ansible_facts": {}}
    variables.update(question.get("variables", {}))
    wanted = {
        "module_name": question["name"],
        "module_path": question["path"],
        "module_args": {"_rustle": MARK},
        "templar": templar(variables),
        "task_vars": variables,
        "module_compression": "ZIP_DEFLATED",
    }
    made = module_common.modify_module(**wanted)
    if isinstance(made, tuple):
        data, style, _ = made
    else:
        data, style = made.b_module_data, made.module_style
    if style != "new":
        raise ValueError("a module of style " + style + " needs no payload")
    text = data.decode("utf-8")
    first, kind, last = place_of_arguments(text)
    return {
        "before": text[:first],
        "after": text[last:],
        "literal": kind,
    }


def place_of_arguments(text):
    """Where the text of the arguments stands: its first and last character, and how it is written there."""
    at = text.find(MARK)
    if at < 0 or text.find(MARK, at + 1) >= 0:
        raise ValueError("this ansible-core builds payloads in a way that the bridge does not know")
    line = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    # The wrapper is a Python program: the arguments are the literal around the mark.
    for found in re.finditer(r"""b?(['"])(?:\\.|(?!\1).)*\1""", text[line:end]):
        first, last = line + found.start(), line + found.end()
        if first < at < last:
            value = ast.literal_eval(text[first:last])
            shown = value.decode() if isinstance(value, bytes) else value
            if json.loads(shown) == {"ANSIBLE_MODULE_ARGS": {"_rustle": MARK}}:
                return first, "bytes" if isinstance(value, bytes) else "text", last
    raise ValueError("this ansible-core writes arguments in a way that the bridge does not know")


def prepare(question):
    set_up(question["settings"])
    add_playbooks(question.get("playbooks", []))
    add_folders(question.get("folders", []))
    if question.get("playbooks"):
        State.loader.set_basedir(question["playbooks"][0])


def templar(variables):
    from ansible.template import Templar

    return Templar(loader=State.loader, variables=variables)


def json_value(value):
    """A plugin's answer as what JSON has."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if hasattr(value, "items"):
        return {(k if isinstance(k, (str, int, float, bool)) or k is None else str(k)): json_value(v) for k, v in value.items()}
    if hasattr(value, "__iter__"):
        return [json_value(v) for v in value]
    return str(value)


def call_plugin(question):
    """A filter or a test: what it says of the input."""
    prepare(question)
    import ansible.plugins.loader as plugins

    loader = getattr(plugins, question["ask"] + "_loader")
    try:
        found = loader.get(question["name"])
    except KeyError:
        found = None
    except Exception as problem:
        return {"broken": str(problem)}
    if found is None:
        return {"missing": True}
    function = getattr(found, "j2_function", found)
    positional = [question["input"]] + question["args"]
    passed = str(getattr(function, "jinja_pass_arg", "")).lower()
    if passed:
        environment = templar({}).environment
        if "environment" in passed:
            positional.insert(0, environment)
        elif "eval" in passed:
            from jinja2.nodes import EvalContext

            positional.insert(0, EvalContext(environment))
        else:
            positional.insert(0, environment.from_string("").new_context({}))
    answer = function(*positional, **question["named"])
    return {"value": bool(answer) if question["ask"] == "test" else json_value(answer)}


def call_lookup(question):
    """A lookup: the list of its answers."""
    prepare(question)
    import ansible.plugins.loader as plugins

    variables = question["variables"]
    try:
        found = plugins.lookup_loader.get(question["name"], loader=State.loader, templar=templar(variables))
    except Exception as problem:
        return {"broken": str(problem)}
    if found is None:
        return {"missing": True}
    return {"value": json_value(found.run(question["args"], variables=variables, **question["named"]))}


def trust():
    """How this ansible-core marks text that may be rendered: a function that marks, and one that tells."""
    try:
        from ansible.template import is_trusted_as_template, trust_as_template

        return trust_as_template, is_trusted_as_template
    except ImportError:  # Before 2.19 what is not to be rendered was marked.
        return (lambda text: text), (lambda text: not hasattr(text, "__UNSAFE__"))


def looks_rendered(text):
    return "{{" in text or "{%" in text or "{#" in text


def variable_in(value, mark):
    """A variable of rustle's as Ansible's. Vaulted ones stay vaulted, as what they are there: text."""
    if isinstance(value, str):
        return mark(value)
    if isinstance(value, list):
        return [variable_in(v, mark) for v in value]
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(value.get("__ansible_unsafe"), str):
            return value["__ansible_unsafe"]
        return {k: variable_in(v, mark) for k, v in value.items()}
    return value


def variable_out(value, trusted):
    """A variable of Ansible's as rustle's: what must not be rendered, and what is vaulted, is marked."""
    vaulted = getattr(value, "_ciphertext", None)
    if vaulted is not None:
        return {"__ansible_vault": vaulted.decode() if isinstance(vaulted, bytes) else str(vaulted)}
    if isinstance(value, str):
        text = str(value)
        return {"__ansible_unsafe": text} if looks_rendered(text) and not trusted(value) else text
    if hasattr(value, "items"):
        return {str(k): variable_out(v, trusted) for k, v in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [variable_out(v, trusted) for v in value]
    return json_value(value)


def read_inventory(question):
    """What a source adds to an inventory: groups and hosts with the variables that are new, by one of Ansible's plugins."""
    prepare(question)
    import contextlib
    import io

    import ansible.constants as C
    from ansible.inventory.manager import InventoryManager

    mark, trusted = trust()
    manager = InventoryManager(State.loader, sources=None, parse=False)
    inventory = manager._inventory
    known = question["known"]
    for group in known["groups"]:
        inventory.add_group(group["name"])
    for host in known["hosts"]:
        inventory.add_host(host["name"])
    for group in known["groups"]:
        for member in group["children"] + group["hosts"]:
            inventory.add_child(group["name"], member)
    for entity in known["groups"] + known["hosts"]:
        for key, value in entity["vars"].items():
            inventory.set_variable(entity["name"], key, variable_in(value, mark))
    # Its kind of source alone: the others are tried by who asks.
    C.INVENTORY_ENABLED = [question["plugin"]]
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        parsed = manager.parse_source(question["source"], cache=True)

    def new(entity, before):
        then = {v["name"]: v["vars"] for v in before}.get(entity.name, {})
        now = {str(k): variable_out(v, trusted) for k, v in entity.vars.items()}
        own = ("inventory_file", "inventory_dir", "ansible_group_priority")
        return {k: v for k, v in now.items() if k not in own and (k not in then or then[k] != v)}

    groups = [
        {
            "name": group.name,
            "vars": new(group, known["groups"]),
            "hosts": [h.name for h in group.hosts],
            "children": [c.name for c in group.child_groups],
        }
        for group in inventory.groups.values()
    ]
    hosts = [{"name": host.name, "vars": new(host, known["hosts"])} for host in inventory.hosts.values()]
    warnings, failed = heard(said.getvalue())
    return {"groups": groups, "hosts": hosts, "warnings": warnings, "parsed": bool(parsed), "failed": None if parsed else failed}


def heard(text):
    """The warnings in what Ansible printed, and why a plugin could not read a source."""
    failed, warnings = None, []
    for part in re.split(r"^(?=\[[A-Z ]+\]: )", text, flags=re.M):
        kind, _, rest = part.partition("]: ")
        why = re.match(r"Failed to parse inventory with '[^']*' plugin: (.*?)\n\nFailed to parse", rest, re.S)
        older = re.match(r" \* +Failed to parse .*? with \S+ plugin: (.*)", rest, re.S)
        if why or older:
            failed = (why or older).group(1).strip()
        elif kind == "[WARNING" and not rest.startswith("Unable to parse "):
            warnings.append(rest.strip())
    return warnings, failed


QUESTIONS = {
    "hello": hello,
    "inventory": read_inventory,
    "find": find,
    "build": build,
    "filter": call_plugin,
    "test": call_plugin,
    "lookup": call_lookup,
}


def main():
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = {"answer": QUESTIONS[question["ask"]](question)}
        except BaseException as problem:  # Whatever happens is an answer; even an attempt to exit.
            text = getattr(problem, "message", None) or str(problem) or type(problem).__name__
            answer = {"error": str(text), "trace": traceback.format_exc()}
        ANSWERS.write(json.dumps(answer) + "\n")
        ANSWERS.flush()


main()
