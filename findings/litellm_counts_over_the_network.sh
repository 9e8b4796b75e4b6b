#!/usr/bin/env bash
# litellm.token_counter asks a model hub over the network when the slug happens to contain "llama-3".
#
# Counting is local for other names (tiktoken, with a vocabulary inside the package). For a name with "llama-3" in it
# the tokenizer of another publisher is fetched from the hub at the first count, where the hub's client is installed; if
# that host can't be reached, the count waits for several tries (23 s seen) and then falls back.
# Renaming a slug behind a gateway so turns a pure function into network calls.
#
# Guessed before: counting never uses the network. Seen with: litellm 1.110.2, huggingface-hub 2.4.0,
# tokenizers 0.23.3 on Python 3.11, with HF_ENDPOINT pointing at a server on this machine that answers 404.
# Repoint: counts what upstreams report and never looks at names.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --target lib \
    litellm==1.110.2 huggingface-hub==2.4.0 tokenizers==0.23.3
cat > run.py <<'PY'
import http.server, os, threading

paths = []

class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_GET(self):
        paths.append(self.path)
        self.send_response(404)
        self.send_header("content-length", "0")
        self.end_headers()
    do_HEAD = do_GET

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ.update(HF_ENDPOINT=f"http://127.0.0.1:{server.server_port}", LITELLM_LOCAL_MODEL_COST_MAP="True")

import litellm

for slug in ("my-org/glm-5.2", "my-org/gpt-4o", "my-org/llama-3-8b"):
    paths.clear()
    count = litellm.token_counter(model=slug, text="hello")
    print(slug, count, "asks the hub" if any(path.endswith("/tokenizer.json") for path in paths) else "is local")
PY
PYTHONPATH=lib python3 run.py > seen 2> log
cat > expected <<'END'
my-org/glm-5.2 1 is local
my-org/gpt-4o 1 is local
my-org/llama-3-8b 1 asks the hub
END
diff -u expected seen && echo "as described"
