#!/usr/bin/env bash
# One call of llama-index's OpenAILike posts twelve times to a gateway that answers 503.
#
# Its own three tries wrap the OpenAI client's, which are four with the max_retries that it hands down: twelve requests
# in about fifteen seconds, where openai itself makes three. A gateway in trouble gets four times the load from these
# callers.
#
# Guessed before: four. Seen with: llama-index-llms-openai-like 0.8.1 (llama-index-llms-openai 0.8.3,
# llama-index-core 0.14.25, openai 2.54.0) on Python 3.11.
# Repoint: its own 429 and 503 carry Retry-After, which the inner client obeys.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --target lib \
    llama-index-llms-openai-like==0.8.1 llama-index-llms-openai==0.8.3 llama-index-core==0.14.25 openai==2.54.0
cat > run.py <<'PY'
import http.server, threading

posts = 0

class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_POST(self):
        global posts
        posts += 1
        self.rfile.read(int(self.headers["content-length"]))
        body = b'{"error": {"message": "unavailable", "type": "server_error", "code": null}}'
        self.send_response(503)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}/v1"

import openai
from llama_index.llms.openai_like import OpenAILike

try:
    openai.OpenAI(api_key="k", base_url=base).chat.completions.create(
        model="m", messages=[{"role": "user", "content": "hi"}])
except openai.InternalServerError:
    print("openai", posts)
posts = 0
try:
    OpenAILike(model="m", api_key="k", api_base=base, is_chat_model=True).complete("hi")
except openai.InternalServerError:
    print("llama-index", posts)
PY
PYTHONPATH=lib python3 run.py > seen 2> log
cat > expected <<'END'
openai 3
llama-index 12
END
diff -u expected seen && echo "as described"
