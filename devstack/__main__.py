"""`python -m devstack up|down|status|run`."""

from __future__ import annotations

import argparse
import os
import sys

from devstack.clone import Clone
from devstack.errors import DevstackError
from devstack.guard import left_behind
from devstack.interruption import Interrupted, Interruption
from devstack.ports import Ports
from devstack.run import announce, run, say
from devstack.stack import Stack


def up(clone: Clone) -> None:
    """Start the services and leave them running."""
    with clone.owned():
        clone.refuse_detached()
        clone.stop_left_behind()
        Interruption().install()
        stack = Stack(clone.folder, Ports.default(), cache=clone.folder)
        stack.up(guarded=False, started=announce)
        clone.mark_detached()
    say("The services run until: .venv/bin/python -m devstack down")


def down(clone: Clone) -> None:
    """Stop everything this clone runs: a `make run`, the services, what a killed run left behind."""
    owner = clone.stop_owner()
    if owner:
        say(f"Stopped the run of process {owner}.")
    stopped = clone.stop_left_behind()
    for name, process in stopped.items():
        say(f"Stopped {name} (process {process.pid}).")
    if not owner and not stopped:
        say("Nothing of this clone was running.")


def status(clone: Clone) -> None:
    """Print what runs and where."""
    running = left_behind(clone.folder)
    if not running:
        say("Nothing of this clone is running.")
        return
    services = {service.name: service for service in Stack(clone.folder, Ports.default(), cache=clone.folder).services}
    for name, process in running.items():
        title, address = (services[name].title, services[name].address) if name in services else (name, "")
        say(f"  {title:<22} {address:<28} process {process.pid:<8} log .devstack/logs/{name}.log")


COMMANDS = {"up": up, "down": down, "status": status, "run": run}


def main() -> int:
    """Run one command and return its exit code; an error the user can fix is printed in one line."""
    parser = argparse.ArgumentParser(prog="python -m devstack", description="The development stack of this clone.")
    parser.add_argument("command", choices=COMMANDS, help="run: everything, until Ctrl-C; up and down: the services")
    command = COMMANDS[parser.parse_args().command]
    try:
        command(Clone.ours())
    except DevstackError as error:
        print(f"devstack: {error}", file=sys.stderr)
        return 1
    except Interrupted:
        print("devstack: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # An abandoned download may still run in a thread, and an ordinary exit would wait for it.
    os._exit(code)
