"""Writes what happens in a run of ansible-playbook as rustle's `event` records, to the file $RUSTLE_EVENTS.

For recording the cases of `tests/cases` only (see `record.sh`). It knows what those playbooks need, no more.
"""

import json
import os
import re
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: rustle_events
type: aggregate
short_description: records events for rustle's tests
description: [records events]
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "rustle_events"
    CALLBACK_NEEDS_ENABLED = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.out = open(os.environ["RUSTLE_EVENTS"], "w")
        self.play = -1
        self.position = -1
        self.seen = {}

    def emit(self, what, **fields):
        record = {"type": "event", "v": 1, "what": what, "at": time.time(), **fields}
        self.out.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")
        self.out.flush()

    def host(self, result, event):
        self.emit("host", play=self.play, host=result.host.get_name(), event=event)

    def v2_playbook_on_play_start(self, play):
        self.play += 1
        self.emit("play_start", play=self.play, name=play.get_name(), hosts=[])

    def v2_playbook_on_no_hosts_matched(self):
        self.emit("no_hosts", play=self.play)

    def start(self, task, handler):
        if task._uuid not in self.seen:
            self.seen[task._uuid] = self.position + 1
        self.position += 1
        self.seen[task._uuid] = self.position
        path, _, line = task.get_path().rpartition(":")
        header = {
            "task": self.position, "position": [self.position], "name": task.get_name().strip(), "action": task.resolved_action or task.action,
            "handler": handler, "no_log": bool(task.no_log), "check": bool(task.check_mode),
            **({"written": task.action} if task.action != task.resolved_action else {}),
            **({"role": task._role.get_name()} if task._role else {}),
            "origin": {"file": path, "line": int(line), "column": 1},
        }
        self.emit("task_start", play=self.play, header=header)

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.start(task, False)

    def v2_playbook_on_handler_task_start(self, task):
        self.start(task, True)

    def fields(self, result, status):
        data = dict(result.result)
        delegated = (data.get("_ansible_delegated_vars") or {}).get("ansible_delegated_host")
        errors = self.errors(result.exception)
        warnings = [self.message(w) for w in result.warnings or []]
        if warnings:
            data["warnings"] = warnings
        deprecations = [self.deprecation(d) for d in result.deprecations or []]
        if deprecations:
            data["deprecations"] = deprecations
        f = {"position": [self.seen[result.task._uuid]], "status": status, "result": data, "errors": errors}
        if delegated:
            f["delegated"] = delegated
        return f

    def message(self, w):
        return w if isinstance(w, str) else w.event.msg

    def deprecation(self, d):
        return {"msg": d.event.msg, "version": d.version, "collection_name": d.deprecator.resolved_name}

    def errors(self, summary):
        parts = []
        event = getattr(summary, "event", None)
        while event is not None:
            part = {"message": event.msg}
            m = re.match(r"Origin: (.*):(\d+):(\d+)", event.formatted_source_context or "")
            if m:
                part["origin"] = {"file": m[1], "line": int(m[2]), "column": int(m[3])}
            if event.help_text:
                part["help"] = event.help_text
            parts.append(part)
            event = event.chain.event if event.chain else None
        return parts

    def end(self, result, status):
        data = result.result
        looped = "results" in data
        self.host(result, {"event": "result", "looped": looped, **self.fields(result, status)})

    def item(self, result, status):
        if "include" in result.task.action:
            return
        label = result.result.get("_ansible_item_label", result.result.get("item"))
        self.host(result, {"event": "item", "label": label, **self.fields(result, status)})

    def v2_runner_on_ok(self, result):
        if "include" not in result.task.action:
            self.end(result, "changed" if result.result.get("changed") else "ok")

    def v2_runner_on_skipped(self, result):
        self.end(result, "skipped")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.end(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result):
        self.end(result, "unreachable")

    def v2_runner_item_on_ok(self, result):
        self.item(result, "changed" if result.result.get("changed") else "ok")

    def v2_runner_item_on_failed(self, result):
        self.item(result, "failed")

    def v2_runner_item_on_skipped(self, result):
        self.item(result, "skipped")

    def v2_runner_retry(self, result):
        data = result.result
        left = data["retries"] - data["attempts"]
        self.host(result, {"event": "retry", "position": [self.seen[result.task._uuid]], "attempts": data["attempts"], "left": left, "result": dict(data)})

    def v2_playbook_on_include(self, included_file):
        label = included_file._vars.get("_ansible_item_label", included_file._vars.get("item")) if included_file._vars else None
        for host in included_file._hosts:
            event = {"event": "included", "position": [self.position], "file": included_file._filename, "label": label}
            self.emit("host", play=self.play, host=host.get_name(), event=event)

    def v2_playbook_on_stats(self, stats):
        hosts = []
        for h in sorted(stats.processed):
            s = stats.summarize(h)
            hosts.append([h, {"ok": s["ok"], "changed": s["changed"], "unreachable": s["unreachable"], "failed": s["failures"], "skipped": s["skipped"], "rescued": s["rescued"], "ignored": s["ignored"]}])
        self.emit("stats", hosts=hosts, exit=0)
