#!/usr/bin/env bash
# Two message_delta events double the tokens that langchain-anthropic reports.
#
# The usage of a message_delta is cumulative, and the Messages API says that there may be several. For a message of 10
# tokens in and 3 out whose usage comes in two message_delta events, anthropic's own helper says 10 and 3;
# langchain-anthropic says 20 and 5, input tokens included, though each event says 10.
#
# Guessed before: both say 10 and 3. Seen with: anthropic 2.14.0, langchain-anthropic 1.7.10 on Python 3.11.
# Repoint: its simulator sends one message_delta.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --target lib \
    anthropic==2.14.0 langchain-anthropic==1.7.10
cat > run.py <<'PY'
import http.server, json, threading

EVENTS = [
    {"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "m", "stop_reason": None,
        "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": None, "stop_sequence": None},
     "usage": {"input_tokens": 10, "output_tokens": 2}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
     "usage": {"input_tokens": 10, "output_tokens": 3}},
    {"type": "message_stop"},
]

class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for event in EVENTS:
            self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"

from anthropic import Anthropic
from langchain_anthropic import ChatAnthropic

with Anthropic(api_key="k", base_url=base).messages.stream(
        model="m", max_tokens=9, messages=[{"role": "user", "content": "hi"}]) as stream:
    usage = stream.get_final_message().usage
print("anthropic", usage.input_tokens, usage.output_tokens)
whole = None
for chunk in ChatAnthropic(model="m", api_key="k", base_url=base).stream("hi"):
    whole = chunk if whole is None else whole + chunk
print("langchain-anthropic", whole.usage_metadata["input_tokens"], whole.usage_metadata["output_tokens"])
PY
PYTHONPATH=lib python3 run.py > seen
cat > expected <<'END'
anthropic 10 3
langchain-anthropic 20 5
END
diff -u expected seen && echo "as described"
