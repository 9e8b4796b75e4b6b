#!/usr/bin/env bash
# requests cuts lines of an event stream at characters that end no line, and only in text mode.
#
# iter_lines(decode_unicode=True) on text/event-stream without a charset takes it for Latin-1 and then splits with
# Python's str.splitlines, which also knows U+0085 and U+001C. "à" in UTF-8 is C3 A0; "…" is E2 80 A6; but the
# Cyrillic "Е" is D0 95 and "х" is D1 85: its second byte becomes U+0085, a line end. So a Russian answer falls into
# pieces in the middle of its JSON, a French one only looks wrong. iter_lines() in bytes is right for both.
#
# Guessed before: wrong letters, but whole lines. Seen with: requests 2.34.2 on Python 3.11.
# Repoint: passes the content type of an upstream on as it is; read bytes in such callers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --target lib \
    requests==2.34.2
cat > run.py <<'PY'
import http.server, json, threading

class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_GET(self):
        word = {"/fr": "déjà", "/ru": "хорошо"}[self.path]
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(f'data: {json.dumps({"text": word}, ensure_ascii=False)}\n\n'.encode())

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()

import requests

for path in ("/fr", "/ru"):
    url = f"http://127.0.0.1:{server.server_port}{path}"
    for text in (False, True):
        lines = [line for line in requests.get(url, stream=True).iter_lines(decode_unicode=text) if line]
        print(path, "text" if text else "bytes", len(lines), "lines")
PY
PYTHONPATH=lib python3 run.py > seen
cat > expected <<'END'
/fr bytes 1 lines
/fr text 1 lines
/ru bytes 1 lines
/ru text 2 lines
END
diff -u expected seen && echo "as described"
