"""Reads what a window shows, through the accessibility bus, as a screen reader does.

Commands come as JSON lines on stdin, answers go as JSON lines to stdout:
  {"op": "read"}                                -> {"items": [{"role", "name", "text"}]}
  {"op": "press", "role": ROLE, "name": NAME}   -> {"pressed": bool}
"""
import json
import sys

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib

APP = "heimdall"
DEEP = 40


def walk(node, depth, out):
    if node is None or depth > DEEP:
        return
    try:
        role, name = node.get_role_name(), node.get_name() or ""
        text = ""
        iface = node.get_text_iface()
        if iface is not None:
            text = Atspi.Text.get_text(iface, 0, -1) or ""
        out.append((role, name, text, node))
        for i in range(node.get_child_count()):
            walk(node.get_child_at_index(i), depth + 1, out)
    except GLib.Error:
        return  # it went away while we looked


def read():
    out = []
    desktop = Atspi.get_desktop(0)
    for i in range(desktop.get_child_count()):
        app = desktop.get_child_at_index(i)
        try:
            if app is not None and APP in (app.get_name() or "").lower():
                walk(app, 0, out)
        except GLib.Error:
            continue
    return out


def press(role, name):
    for r, n, _, node in read():
        if n == name and r in (role, "push " + role):
            try:
                return bool(node.do_action(0))
            except GLib.Error:
                return False
    return False


Atspi.init()
for line in sys.stdin:
    Atspi.get_desktop(0).clear_cache()
    order = json.loads(line)
    if order["op"] == "read":
        answer = {"items": [{"role": r, "name": n, "text": t} for r, n, t, _ in read()]}
    else:
        answer = {"pressed": press(order["role"], order["name"])}
    print(json.dumps(answer), flush=True)
