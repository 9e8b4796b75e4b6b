"""Uses an installed program as a person would, and fails where it does not work.

usage: use.py HOME COMMAND...
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import urllib.request

home, *command = sys.argv[1:]
LIMIT_S = float(os.environ.get("TRY_LIMIT_S", "120"))
environment = {"HOME": home, "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8",
               "XDG_DATA_HOME": f"{home}/data", "XDG_CONFIG_HOME": f"{home}/config",
               "XDG_STATE_HOME": f"{home}/state", "XDG_CACHE_HOME": f"{home}/cache"}


def version():
    output = subprocess.run([*command, "--version"], env=environment, capture_output=True, text=True, check=True)
    print("  ", output.stdout.strip())


def gateway():
    flags = ["gateway", "run", "--data", ":memory:", "--listen", "127.0.0.1:0", "--inference-listen", "127.0.0.1:0"]
    key = {"REPOINT_GATEWAY_KEY": "only-for-this-try-0000"}
    process = subprocess.Popen([*command, *flags], env=environment | key, stdout=subprocess.PIPE, text=True)
    url = json.loads(process.stdout.readline())["management_url"]
    with urllib.request.urlopen(url + "/healthz", timeout=LIMIT_S) as answer:
        assert answer.status == 200, answer.status
    subprocess.run([*command, "gateway", "health", "--address", url.removeprefix("http://")], env=environment, check=True)
    process.send_signal(signal.SIGTERM)
    assert process.wait(LIMIT_S) == 0, f"gateway run ended with {process.returncode}"
    print("   gateway run: /healthz is 200, SIGTERM ends it with 0")


def dashboard():
    """Opens the dashboard, waits for a slug of the demo, and quits."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe(command[0], [*command, "--local"], environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    screen, quit_at, end = b"", None, time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            if not data:
                break
            screen += data
        text = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", screen)
        if quit_at is None and b"glm-5" in text:
            quit_at = len(screen)
            os.write(terminal, b"q")
    _, status = os.waitpid(child, 0)
    assert quit_at is not None, f"no demo on the screen: {screen[-500:]!r}"
    assert os.waitstatus_to_exitcode(status) == 0, f"the dashboard ended with {status}"
    print("   repoint --local: the demo is on the screen, q ends it with 0")


version()
gateway()
dashboard()
