"""A person with a browser, for an identity provider's pages."""

import html
import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request


class Person:
    """Signs in at the provider of 'tools/devcloud up --with-oidc', and says yes or no."""

    def __init__(self, name="alice", password="devcloud-password"):
        self.name, self.password = name, password

    def answer(self, address, says="yes"):
        """Opens an address, fills in its form, and gives the page that follows, or where it sends the browser."""
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

    def _send(self, method, body):
        request = urllib.request.Request(
            f"{self.url}/devcloud/settings", json.dumps(body).encode() if body is not None else None,
            {"Content-Type": "application/json"}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return json.loads(opener.open(request, timeout=20).read())
