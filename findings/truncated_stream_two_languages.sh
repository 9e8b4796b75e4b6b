#!/usr/bin/env bash
# A stream that stops in the middle is a whole answer in Python and an error in Node, with the same vendor's helper.
#
# The upstream sends half of an answer and ends the body in order: no finish reason, no [DONE], no message_stop. The
# streaming helpers of openai and anthropic for Node reject it. Their helpers for Python give back a completion with
# the half text and a finish (stop) reason of None, and say nothing.
#
# Guessed before: all four reject it. Seen with: openai 2.54.0 and anthropic 2.14.0 on Python 3.11;
# openai 6.49.0 and @anthropic-ai/sdk 1.14.0 on Node 20.
# Repoint: passes an orderly end on as it is; what the end of a connection cut stays visibly cut.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --target lib \
    openai==2.54.0 anthropic==2.14.0
npm init -y > npm.log
npm install --silent --no-audit --no-fund openai@6.49.0 @anthropic-ai/sdk@1.14.0 >> npm.log
cat > run.py <<'PY'
import http.server, json, subprocess, sys, threading

def chunk(text):
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}]}

OPENAI = [("", chunk("half an ")), ("", chunk("answer"))]
ANTHROPIC = [(event["type"], event) for event in [
    {"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "m", "stop_reason": None,
        "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "half an answer"}},
]]

class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for name, event in ANTHROPIC if self.path.endswith("/messages") else OPENAI:
            line = f"event: {name}\n" if name else ""
            self.wfile.write(f"{line}data: {json.dumps(event)}\n\n".encode())

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"

from anthropic import Anthropic
from openai import OpenAI

MESSAGES = [{"role": "user", "content": "hi"}]
with OpenAI(api_key="k", base_url=base + "/v1").chat.completions.stream(model="m", messages=MESSAGES) as stream:
    for _ in stream: pass
    choice = stream.get_final_completion().choices[0]
print("python openai:", choice.message.content, choice.finish_reason)
with Anthropic(api_key="k", base_url=base).messages.stream(model="m", max_tokens=9, messages=MESSAGES) as stream:
    message = stream.get_final_message()
print("python anthropic:", message.content[0].text, message.stop_reason, flush=True)
sys.exit(subprocess.run(["node", "run.mjs", base]).returncode)
PY
cat > run.mjs <<'JS'
import OpenAI from "openai";
import Anthropic from "@anthropic-ai/sdk";

const base = process.argv[2];
const messages = [{ role: "user", content: "hi" }];
const tell = (name, promise) => promise.then(
  () => console.log(name, "an answer"),
  (error) => console.log(name, "rejected:", error.message),
);
await tell("node openai:", new OpenAI({ apiKey: "k", baseURL: base + "/v1" }).chat.completions
  .stream({ model: "m", messages }).finalChatCompletion());
await tell("node anthropic:", new Anthropic({ apiKey: "k", baseURL: base }).messages
  .stream({ model: "m", max_tokens: 9, messages }).finalMessage());
JS
PYTHONPATH=lib python3 run.py > seen
cat > expected <<'END'
python openai: half an answer None
python anthropic: half an answer None
node openai: rejected: missing finish_reason for choice 0
node anthropic: rejected: stream ended without producing a Message with role=assistant
END
diff -u expected seen && echo "as described"
