"""Requests to a Blob endpoint as they stand on the wire, signed by a shared key."""
import base64
import email.utils
import hashlib
import hmac
import http.client
import re
import urllib.parse

VERSION = "2021-12-02"


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = body

    @property
    def code(self):
        code = self.headers.get("x-ms-error-code", "")
        if not code and self.status >= 400:
            found = re.search(rb"<Code>(.*?)</Code>", self.body)
            code = found[1].decode() if found else ""
        return code

    @property
    def ok(self):
        return self.status < 300


class Server:
    """One that listens at http://HOST:PORT with the account in its paths."""
    def __init__(self, url, account, key):
        self.host = url.split("://")[1]
        self.account, self.key = account, base64.b64decode(key)
        self.connection = http.client.HTTPConnection(self.host, timeout=30)

    def send(self, method, path, query=None, headers=None, body=b""):
        """path: container and blob, unescaped."""
        query, headers = dict(query or {}), dict(headers or {})
        target = f"/{self.account}/" + urllib.parse.quote(path)
        headers.update({"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": VERSION})
        if method == "PUT" or body:
            headers["Content-Length"] = str(len(body))
        headers["Authorization"] = f"SharedKey {self.account}:{self._signature(method, target, query, headers)}"
        if query:
            target += "?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote)
        self.connection.request(method, target, body or None, headers)
        response = self.connection.getresponse()
        return Answer(response, response.read())

    def _signature(self, method, target, query, headers):
        folded = {name.lower(): value for name, value in headers.items()}
        plain = [folded.get(name, "") for name in (
            "content-encoding", "content-language", "content-length", "content-md5", "content-type", "date",
            "if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range")]
        if plain[2] == "0":
            plain[2] = ""
        own = [f"{name}:{folded[name].strip()}" for name in sorted(folded) if name.startswith("x-ms-")]
        resource = [f"/{self.account}{target}"] + [f"{name}:{query[name]}" for name in sorted(query)]
        text = "\n".join([method, *plain, *own, *resource])
        return base64.b64encode(hmac.new(self.key, text.encode(), hashlib.sha256).digest()).decode()
