// A server that speaks HTTP/2 before one that does not: node http2_wire.js HOST:PORT CERTIFICATE KEY
// Prints its port; told to end, it prints how it was asked: {"connections", "requests", "http1"}.
const fs = require("fs");
const http = require("http");
const http2 = require("http2");

const [upstream, certificate, key] = process.argv.slice(2);
const [host, port] = upstream.split(":");
const agent = new http.Agent({ keepAlive: true });
const met = { connections: 0, requests: 0, http1: 0 };
const ofConnection = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"]);

function without(headers) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(":") && !ofConnection.has(name)));
}

const server = http2.createSecureServer({ cert: fs.readFileSync(certificate), key: fs.readFileSync(key), allowHTTP1: true });
server.on("session", () => { met.connections += 1; });
server.on("request", (request, response) => {
  met.requests += 1;
  if (request.httpVersionMajor !== 2) met.http1 += 1;
  const headers = without(request.headers);
  if (request.headers[":authority"]) headers.host = request.headers[":authority"];
  const passed = http.request({ host, port, agent, method: request.method, path: request.url, headers }, (answer) => {
    response.writeHead(answer.statusCode, without(answer.headers));
    answer.pipe(response);
  });
  passed.on("error", () => response.destroy());
  request.pipe(passed);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.on("SIGTERM", () => {
  console.log(JSON.stringify(met));
  process.exit(0);
});
