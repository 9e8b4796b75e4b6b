#!/usr/bin/env bash
# A stream that is cut raises no exception of the OpenAI client, so its except clause lets it through.
#
# Everything else that goes wrong with a connection is openai.APIConnectionError. A body that breaks off after the
# first chunk is httpx.RemoteProtocolError as it is, and no openai.OpenAIError: a program that catches the client's own
# errors ends with a traceback on the one failure that streaming makes common. Nothing is retried either.
#
# Guessed before: APIConnectionError. Seen with: openai 2.54.0, httpx 0.28.1 on Python 3.11.
# Repoint: cuts a stream only where the upstream cut it or its time is over.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --target lib \
    openai==2.54.0 httpx==0.28.1
cat > run.py <<'PY'
import http.server, json, threading

class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        if self.path.startswith("/refuse"):
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                 "choices": [{"index": 0, "delta": {"role": "assistant", "content": "half"}, "finish_reason": None}]}
        data = b"data: " + json.dumps(chunk).encode() + b"\n\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.close_connection = True

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()

import openai

for path in ("/refuse", "/cut"):
    client = openai.OpenAI(api_key="k", base_url=f"http://127.0.0.1:{server.server_port}{path}", max_retries=0)
    try:
        for _ in client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "hi"}], stream=True): pass
    except Exception as error:
        print(path, type(error).__module__.split(".")[0], type(error).__name__, isinstance(error, openai.OpenAIError))
PY
PYTHONPATH=lib python3 run.py > seen
cat > expected <<'END'
/refuse openai APIConnectionError True
/cut httpx RemoteProtocolError False
END
diff -u expected seen && echo "as described"
