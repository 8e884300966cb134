"""The provider's records: clients, tokens, codes. Only the signing key outlives the process."""
from __future__ import annotations

import json
import os
import secrets
import threading
import time
from pathlib import Path
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin
from authlib.oauth2.rfc6749.models import AuthorizationCodeMixin
from authlib.oauth2.rfc8628.device_code import DEVICE_CODE_GRANT_TYPE
from joserfc.jwk import RSAKey

from . import settings
from .settings import CURRENT, FOLDER, KEY_ID, PASSWORD, PEOPLE, SCOPES

LOCK = threading.RLock()


class Client(ClientMixin):
    def __init__(
        self, client_id: str, secret: str | None = None, grant_types: tuple[str, ...] = (),
        redirect_uris: tuple[str, ...] = (),
    ) -> None:
        self.client_id, self.secret = client_id, secret
        self.grant_types, self.redirect_uris = grant_types, redirect_uris

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        return self.redirect_uris[0] if self.redirect_uris else None

    def get_allowed_scope(self, scope: str | None) -> str:
        asked = (scope or "").split() + (["profile", "email"] if CURRENT["default_scopes"] else [])
        return " ".join(name for name in SCOPES if name in asked)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return self.secret is not None and secrets.compare_digest(self.secret, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method == "none") == (self.secret is None)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and "authorization_code" in self.grant_types

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types


REDIRECT_URIS = ("http://127.0.0.1:18099/callback",)
CLIENTS = {client.client_id: client for client in (
    # For ccauth: public, with the device flow.
    Client("chi-cli-device-token", None, (DEVICE_CODE_GRANT_TYPE, "refresh_token")),
    Client(
        "devcloud-confidential", PASSWORD,
        (DEVICE_CODE_GRANT_TYPE, "refresh_token", "password", "authorization_code", "client_credentials"), REDIRECT_URIS),
    # Public, so that PKCE is required.
    Client("devcloud-browser", None, ("authorization_code", "refresh_token"), REDIRECT_URIS),
    # For the gateway, which asks whether tokens are still valid.
    Client("devcloud-gateway", PASSWORD),
)}


class Token(TokenMixin):
    """An access token, and the refresh token issued with it."""

    def __init__(self, answer: dict[str, Any], client: Client, user: Any, family: str) -> None:
        self.access_token, self.refresh_token = answer["access_token"], answer.get("refresh_token")
        self.scope, self.client, self.user, self.family = answer["scope"], client, user, family
        self.issued = int(time.time())
        self.access_expires = self.issued + answer["expires_in"]
        self.refresh_expires = self.issued + CURRENT["refresh_token_seconds"]
        self.is_rotated = self.revoked = False

    def check_client(self, client: Client) -> bool:
        return self.client.client_id == client.client_id

    def get_scope(self) -> str:
        return self.scope

    def get_expires_in(self) -> int:
        return self.access_expires - self.issued

    def is_expired(self) -> bool:
        return time.time() >= self.access_expires

    def is_revoked(self) -> bool:
        return self.revoked

    def get_user(self) -> Any:
        return self.user

    def get_client(self) -> Client:
        return self.client


class Code(AuthorizationCodeMixin):
    """An authorization code, valid for a minute."""

    def __init__(self, code: str, request: Any) -> None:
        payload = request.payload
        self.code, self.user, self.scope = code, request.user, payload.scope
        self.client_id, self.redirect_uri = payload.client_id, payload.redirect_uri
        self.nonce = payload.data.get("nonce")
        self.code_challenge = payload.data.get("code_challenge")
        self.code_challenge_method = payload.data.get("code_challenge_method")
        self.auth_time = int(time.time())
        self.expires = time.time() + 60

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


TOKENS: list[Token] = []
CODES: dict[str, Code] = {}
# Device codes; and by user code, who answered and whether with yes.
DEVICES: dict[str, Any] = {}
ANSWERS: dict[str, tuple[dict[str, str], bool]] = {}
# The one-time value of each browser's form.
FORMS: dict[str, str] = {}


def find(value: str | None, *fields: str) -> Token | None:
    with LOCK:
        return next((token for token in TOKENS for field in fields if value and getattr(token, field) == value), None)


def revoke_family(token: Token) -> None:
    with LOCK:
        for other in TOKENS:
            other.revoked = other.revoked or other.family == token.family


def forget() -> None:
    settings.reset()
    with LOCK:
        for records in (TOKENS, CODES, DEVICES, ANSWERS, FORMS):
            records.clear()


def sign_in(name: str | None, password: str | None) -> dict[str, str] | None:
    person = PEOPLE.get(name or "")
    return person if person and secrets.compare_digest(PASSWORD, password or "") else None


def load_key() -> RSAKey:
    """The signing key; its public half is kept beside it for the gateway."""
    path = Path(FOLDER) / "provider-key.json"
    if not path.exists():
        parameters = {"use": "sig", "alg": "RS256", "kid": KEY_ID}
        fresh = RSAKey.generate_key(2048, parameters, private=True)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            json.dump(fresh.as_dict(private=True), file)
    key = RSAKey.import_key(json.loads(path.read_text()))
    (Path(FOLDER) / "provider-key.pem").write_bytes(key.as_pem(private=False))
    return key


KEY = load_key()
