#!/usr/bin/env bash
# "Overloaded" in the middle of a stream is an exception with status_code 200 in anthropic for Python.
#
# An error event after message_start raises anthropic.APIStatusError with status_code 200, neither OverloadedError nor
# InternalServerError: code that retries on "status_code >= 500" or on those classes lets it through. The Node client
# raises an APIError whose status is undefined. The type, overloaded_error, is only in the body.
#
# Guessed before: OverloadedError with 529, as for the same error before a stream. Seen with: anthropic 2.14.0 on
# Python 3.11.
# Repoint: passes the event on as it is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --target lib \
    anthropic==2.14.0
cat > run.py <<'PY'
import http.server, json, threading

EVENTS = [
    {"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "m", "stop_reason": None,
        "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 1}}},
    {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
]

class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200 if asked.get("stream") else 529)
        self.send_header("content-type", "text/event-stream" if asked.get("stream") else "application/json")
        self.end_headers()
        if asked.get("stream"):
            for event in EVENTS:
                self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        else:
            self.wfile.write(json.dumps(EVENTS[1]).encode())

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()

import anthropic

client = anthropic.Anthropic(api_key="k", base_url=f"http://127.0.0.1:{server.server_port}", max_retries=0)
for stream in (False, True):
    try:
        answer = client.messages.create(
            model="m", max_tokens=9, messages=[{"role": "user", "content": "hi"}], stream=stream)
        for _ in answer: pass
    except anthropic.APIStatusError as error:
        print("stream" if stream else "plain", type(error).__name__, error.status_code,
              error.body["error"]["type"], isinstance(error, anthropic.InternalServerError))
PY
PYTHONPATH=lib python3 run.py > seen
cat > expected <<'END'
plain OverloadedError 529 overloaded_error True
stream APIStatusError 200 overloaded_error False
END
diff -u expected seen && echo "as described"
