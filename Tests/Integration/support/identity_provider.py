"""A person with a browser, for an identity provider's pages."""

import html
import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request


class Person:
    """Signs in at the provider of 'tools/devcloud up --with-oidc', and accepts or denies."""

    def __init__(self, name="alice", password="devcloud-password"):
        self.name, self.password = name, password

    def answer(self, address, says="yes"):
        """Opens an address, fills in its form, and returns the next page, or the address of a redirect."""
        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_):
                return None

        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), Stay,
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(
                rfc2965=True))))
        page = opener.open(address, timeout=20).read().decode()
        fields = {html.unescape(name): html.unescape(value) for name, value in
                  re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page)}
        fields |= {"username": self.name, "password": self.password, "answer": says}
        try:
            return opener.open(address, urllib.parse.urlencode(fields).encode(), timeout=20).read().decode()
        except urllib.error.HTTPError as error:
            if error.code in (302, 303):
                return error.headers["Location"]
            raise


class Provider:
    """The provider's settings for tests."""

    def __init__(self, url):
        self.url = url
        self.discovery = f"{url}/auth/realms/chameleon/.well-known/openid-configuration"

    def set(self, **settings):
        return self._send("POST", settings)

    def reset(self):
        return self._send("DELETE", None)

    def revoke(self, token, client_id, client_secret):
        """Ends a token, and the login that it belongs to."""
        form = {"token": token, "client_id": client_id, "client_secret": client_secret}
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(f"{self.url}/auth/realms/chameleon/protocol/openid-connect/revoke",
                    urllib.parse.urlencode(form).encode(), timeout=20).close()

    def _send(self, method, body):
        request = urllib.request.Request(
            f"{self.url}/devcloud/settings", json.dumps(body).encode() if body is not None else None,
            {"Content-Type": "application/json"}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return json.loads(opener.open(request, timeout=20).read())


class Federation:
    """Keystone's settings for the provider, changed as an administrator."""

    def __init__(self, auth_url, password):
        self.auth_url, self.password, self.token = auth_url, password, None
        self.token = self.log_in("admin", "admin")[0]

    def log_in(self, user, project):
        """A token of one of Keystone's own users, and its contents."""
        answer = self._open("POST", "/auth/tokens", {"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": user, "domain": {"id": "default"}, "password": self.password}}},
            "scope": {"project": {"name": project, "domain": {"id": "default"}}}}})
        return answer.headers["X-Subject-Token"], json.loads(answer.read())["token"]

    def application_credential(self, end):
        """Makes one for user1 that ends at this time, and returns its id."""
        token, facts = self.log_in("user1", "project1")
        body = {"name": f"ending-{end:%H%M%S%f}", "secret": self.password, "unrestricted": True,
                "expires_at": f"{end:%Y-%m-%dT%H:%M:%S}"}
        answer = self._open("POST", f"/users/{facts['user']['id']}/application_credentials",
                            {"application_credential": body}, token)
        return json.loads(answer.read())["application_credential"]["id"]

    def send(self, method, path, **body):
        """Sends a request to Keystone's federation API, and returns the answer's JSON."""
        text = self._open(method, f"/OS-FEDERATION{path}", body or None).read()
        return json.loads(text) if text else None

    def provider(self, **changes):
        self.send("PATCH", "/identity_providers/chameleon", identity_provider=changes)

    def mapping(self, name):
        """Selects one of the mappings: chameleon, groups or nogroup."""
        self.send("PATCH", "/identity_providers/chameleon/protocols/openid", protocol={"mapping_id": name})

    def _open(self, method, path, body, token=None):
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token or self.token:
            headers["X-Auth-Token"] = token or self.token
        request = urllib.request.Request(
            self.auth_url + path, json.dumps(body).encode() if body is not None else None, headers, method=method)
        return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20)
