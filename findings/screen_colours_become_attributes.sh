#!/usr/bin/env bash
# GNU screen reads the parts of a true colour as attributes of their own.
#
# SGR 38;2;R;G;B is a colour in 24 bits. screen 4.9 (which has no such colours unless built and told so) doesn't skip
# what it does not know: R, G and B are carried out as SGR numbers. Colour 1,2,3 becomes bold, dim and standout; a value
# of 5 blinks. What a program meant as a dark grey depends on its parts.
#
# Guessed before: the whole sequence is ignored. Seen with: screen 4.9.0 (Debian 12: 4.9.0-4).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

apt-get download -qq screen=4.9.0-4 2> apt.log
dpkg -x screen_*.deb root
mkdir -m 700 sockets
cat > run.py <<'PY'
import os, pty, re, select, sys, time

def inside_screen(text):
    """What screen writes to its terminal, an xterm, from text on."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", SCREENDIR=os.path.abspath("sockets"))
        command = "printf '<" + text + "X\\033[0m>'; read line"
        os.execv("root/usr/bin/screen", ["screen", "-c", "/dev/null", "sh", "-c", command])
    out, end = b"", time.monotonic() + 20
    while b">" not in out.partition(b"<")[2] and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]: out += os.read(terminal, 65536)
    os.write(terminal, b"\n")
    try:
        while os.read(terminal, 65536): pass
    except OSError: pass
    os.waitpid(pid, 0)
    drawn = out.partition(b"<")[2].partition(b"X")[0].decode()
    return sorted(re.findall(r"\x1b\[(\d+)m", drawn), key=int)

print("38;2;1;2;3", inside_screen("\\033[38;2;1;2;3m"))
print("38;2;5;5;5", inside_screen("\\033[38;2;5;5;5m"))
print("38;5;196", inside_screen("\\033[38;5;196m"))
PY
python3 run.py > seen
cat > expected <<'END'
38;2;1;2;3 ['1', '2', '7']
38;2;5;5;5 ['2', '5']
38;5;196 []
END
diff -u expected seen && echo "as described"
