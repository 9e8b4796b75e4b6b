#!/usr/bin/env bash
# curl and Java's HttpURLConnection send a POST a second time without being asked.
#
# A server that answers one request on a kept-alive connection, reads the next one whole and closes without an answer
# sees that POST again on a new connection from both, with no flag, no header and no message: the caller sees one call,
# the server two. Python's requests, Node's http client and Java's newer HttpClient report the failure instead.
#
# Guessed before: nobody repeats a POST whose body was read. Seen with: curl 7.88.1 (Debian), OpenJDK 17,
# requests 2.34.2, got 14.6.6 on Node 20.
# Repoint: cannot tell a repeated request from a new one: each is counted and answered.
#
# Needs curl and a JDK 17 (Debian: curl, openjdk-17-jdk-headless).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --target lib \
    requests==2.34.2
npm init -y > npm.log
npm install --silent --no-audit --no-fund got@14.6.6 >> npm.log
cat > Post.java <<'JAVA'
import java.net.*;
import java.net.http.*;

public class Post {
    static void old(String url) throws Exception {
        var connection = (HttpURLConnection) new URL(url).openConnection();
        connection.setRequestMethod("POST");
        connection.setDoOutput(true);
        connection.getOutputStream().write("hello".getBytes());
        try (var body = connection.getInputStream()) { body.readAllBytes(); }
    }

    public static void main(String[] arguments) throws Exception {
        for (String path : new String[] {"/warm", "/HttpURLConnection"}) old(arguments[0] + path);
        var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        for (String path : new String[] {"/warm", "/HttpClient"}) try {
            client.send(HttpRequest.newBuilder(URI.create(arguments[0] + path))
                .POST(HttpRequest.BodyPublishers.ofString("hello")).build(), HttpResponse.BodyHandlers.ofString());
        } catch (java.io.IOException error) { }
    }
}
JAVA
cat > run.mjs <<'JS'
import http from "node:http";
import got from "got";
const agent = { http: new http.Agent({ keepAlive: true }) };
for (const path of ["/warm", "/got"]) await got.post(process.argv[2] + path, { body: "hello", agent }).catch(() => {});
JS
cat > run.py <<'PY'
import collections, http.server, subprocess, threading

seen = collections.Counter()

class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answered = 0
    def log_message(self, *_): pass
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        seen[self.path] += 1
        # The first on a connection is answered; so is a repeated one. Any other ends the connection.
        if self.answered and seen[self.path] == 1:
            self.close_connection = True
            return
        self.answered += 1
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"

subprocess.run(["curl", "--silent", "--data", "hello", base + "/warm", base + "/curl"], stdout=subprocess.DEVNULL)
subprocess.run(["java", "Post.java", base], check=True)
subprocess.run(["node", "run.mjs", base], check=True)
import requests
with requests.Session() as session:
    for path in ("/warm", "/requests"):
        try: session.post(base + path, data="hello")
        except requests.ConnectionError: pass
for path in ("/curl", "/HttpURLConnection", "/HttpClient", "/got", "/requests"):
    print(path[1:], seen[path])
PY
PYTHONPATH=lib python3 run.py > seen
cat > expected <<'END'
curl 2
HttpURLConnection 2
HttpClient 1
got 1
requests 1
END
diff -u expected seen && echo "as described"
